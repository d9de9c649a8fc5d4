"""What people may do, and what is shown to them, while a machine's clock is in doubt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from harness.factories import World
from market import timekeeping as keeping
from market.contracts.actions import changing, drafting
from market.extensions import db
from market.jobs import tick
from market.oversight.actions import overriding as oversight
from market.payments import jobs as money
from market.ratings.actions import rating as ratings
from market.sourcing.actions import closing
from market.transaction import transaction
from models.errors import Conflict, NotAllowed, RuleViolation
from models.ledger import books, days
from models.ledger.books import Transfer
from models.sourcing.tenders import Tender
from tests.machine import MONTH, Machine, problems, state
from tests.web import Visitor, sign_in


def test_the_site_goes_on_meanwhile(app: Flask, world: World, machine: Machine) -> None:
    tick()
    machine.is_set(timedelta(hours=3))
    tick()
    assert Visitor(app).get("/").status == 200
    assert state(world.tender()) == "published"


def test_only_an_administrator_confirms_what_was_shown(app: Flask, world: World, machine: Machine) -> None:
    tick()
    machine.is_set(MONTH)
    tick()
    ((name, found),) = keeping.doubted()
    wall = found.wall.isoformat()
    for who in ("buyer", "regulator", "agency"):
        with pytest.raises(NotAllowed):
            keeping.confirm(world.actor(who), name, wall=wall, reason="x")
        assert sign_in(app, world, who).get("/admin/clock/machine").status == 403
    with pytest.raises(RuleViolation):
        keeping.confirm(world.actor("admin"), name, wall=wall, reason=" ")
    machine.is_set(MONTH)
    tick()
    with pytest.raises(Conflict):
        keeping.confirm(world.actor("admin"), name, wall=wall, reason="the month it was")
    assert len(problems(app)) == 1
    world.appoint_admin()
    assert sign_in(app, world, "admin").get("/admin/clock/nowhere").status == 404


def test_the_books_stay_open_while_the_clock_is_in_doubt(app: Flask, world: World, machine: Machine) -> None:
    tick()
    with transaction() as session:
        books.post(session, "a", "received", "C-1", [Transfer(books.BANK, books.escrow("C-1"), 5)])
    machine.is_set(MONTH)
    app.extensions["jobs"].passes["long"]()
    assert db.session.scalars(select(days.Closing)).all() == []
    assert money.close_books() > 0, "the same work without a guard closes a month"


def _prices() -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(text("SELECT price FROM quotes ORDER BY id")).scalars())


def test_in_doubt_a_person_shows_nothing_and_ends_nothing_for_good_either(
    app: Flask, world: World, machine: Machine
) -> None:
    from tests.sourcing.test_hidden_quotes import quoted

    world.appoint_admin()
    tender, _quotes = quoted(world)
    before = state(tender)
    machine.is_set(MONTH)  # after which sessions begin anew
    answer = sign_in(app, world, "buyer").submit(f"/requests/{tender}/close")
    assert (answer.status, state(tender), _prices()) == (503, before, [None] * 3)
    assert "时钟" in answer.text
    for act in (
        lambda: closing.close(world.actor("buyer"), tender),
        lambda: drafting.terminate(world.actor("agency"), "C-2026-000001", reason="逾期未付定金,终止合同。"),
        lambda: oversight.override(
            world.actor("admin"),
            case_type="tender",
            identifier=tender,
            target="evaluating",
            reason="时钟走到了截止之后。",
        ),
    ):
        with pytest.raises(keeping.ClockInDoubt):
            act()
    assert (state(tender), _prices()) == (before, [None] * 3)
    machine.is_set(-MONTH)
    machine.passes(Tender.load(db.session, tender).closes_at - machine.reading.wall)
    assert keeping.look() is None, "a week nobody saw pass"
    ((name, found),) = keeping.doubted()
    keeping.confirm(world.actor("admin"), name, wall=found.wall.isoformat(), reason="so it is")
    assert sign_in(app, world, "buyer").submit(f"/requests/{tender}/close").status == 303
    assert None not in _prices()


def test_whoever_has_no_part_in_it_does_not_set_the_clock_going(world: World, time: Any) -> None:
    """An act of the clock's that another may begin is still only for whom its row names.

    Once its time has come.
    """
    from tests.sourcing.test_hidden_quotes import quoted

    tender, _quotes = quoted(world)
    time.instant = Tender.load(db.session, tender).closes_at + timedelta(minutes=1)
    for name in ("third", "helper", "regulator", "department", "custodian"):
        if name == "helper":
            world.enterprise("helper")
        with pytest.raises(NotAllowed):
            closing.close(world.actor(name), tender)
        for act in (ratings.publish, changing.end_unopposed):
            with pytest.raises(NotAllowed):
                act(world.actor(name), "X-2026-000001")
    assert _prices() == [None] * 3
    closing.close(world.actor("buyer"), tender)
    assert None not in _prices()


def test_the_page_of_clocks_is_always_there(app: Flask, world: World, machine: Machine) -> None:
    world.appoint_admin()
    admin = sign_in(app, world, "admin")
    assert "/admin/clock" in admin.get("/admin/failures").text
    assert admin.get("/admin/clock").status == 200
    assert keeping.look() is not None
    assert "正常" in admin.get("/admin/clock").text
