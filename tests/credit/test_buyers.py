"""What agencies may know of a buyer: the figures by hand, of what is settled, and to whom they show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from harness.factories import World
from market.contracts.actions import drafting, signing
from market.credit.actions import records
from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing.actions import quotes
from models import clock, workdays
from models.contracts.agreement import Contract
from models.contracts.materials import Materials
from models.credit import buyers
from models.credit.buyers import BuyerSheet, Figure
from models.credit.records import CreditRecord
from models.payments.payment import Payment
from tests.web import Visitor, sign_in


def _sheet(world: World, name: str = "buyer") -> BuyerSheet:
    db.session.rollback()
    key = world.organisation(name).id
    return buyers.sheets(db.session, [key])[key]


def _late(world: World, time: Any, days: int) -> str:
    """A contract whose deposit was paid so many working days late."""
    contract = world.signed()
    pay_by = world.one(Payment, contract, kind="deposit").pay_by
    time.instant = workdays.add(pay_by, days)
    run_deadlines()
    world.paid(contract, "deposit")
    return contract


def test_without_a_fact_there_is_no_record(world: World) -> None:
    sheet = _sheet(world)
    assert sheet == BuyerSheet()
    assert not sheet.known
    world.awarded()  # nothing of it is settled
    assert not _sheet(world).known


def test_the_figures_by_hand(world: World, time: Any) -> None:
    world.started()
    for days in (1, 4, 9):
        _late(world, time, days)
    sheet = _sheet(world)
    assert (sheet.paid.value, sheet.paid.count, sheet.paid.of) == (0.25, 1, 4)
    assert (sheet.days_late.value, sheet.days_late.count, sheet.days_late.of) == (4.0, 3, 4)
    assert sheet.paid.since is not None
    assert sheet.paid.until is not None
    assert sheet.paid.since < sheet.paid.until
    assert sheet.not_contracted == Figure(0, 4, 4, sheet.not_contracted.since, sheet.not_contracted.until)


def test_what_was_done_before_its_limit_is_of_the_day_on_which_it_was_done(world: World, time: Any) -> None:
    contract = world.signed()
    world.paid(contract, "deposit")
    assert world.one(Payment, contract, kind="deposit").pay_by > clock.now()
    world.supplied(contract)
    sheet = _sheet(world)
    for figure in (sheet.paid, sheet.materials, sheet.not_contracted):
        assert figure.count or figure.of
        assert figure.since is not None
        assert figure.since <= figure.until <= clock.now()


def test_what_is_due_and_not_paid_counts_as_late_and_what_waits_for_an_answer_does_not(
    world: World, time: Any
) -> None:
    contract = world.signed()
    assert not _sheet(world).paid.of, "it is not due yet"
    time.instant = workdays.add(world.one(Payment, contract, kind="deposit").pay_by, 3)
    assert (_sheet(world).paid.value, _sheet(world).days_late.value) == (0.0, 3.0)
    run_deadlines()
    world.paid(contract, "deposit")
    assert _sheet(world).days_late.value == 3.0, "paid, it stays as late as it was"


def test_materials_late_and_in_time(world: World, time: Any) -> None:
    first, second = world.started(), world.started()
    world.supplied(first)
    time.instant = world.one(Materials, second).supply_by + timedelta(hours=1)
    run_deadlines()
    sheet = _sheet(world)
    assert (sheet.materials.value, sheet.materials.count, sheet.materials.of) == (0.5, 1, 2)
    world.supplied(second)
    assert _sheet(world).materials.value == 0.5


def test_an_award_not_contracted_counts_once_it_is_over_and_not_where_the_regulator_dropped_it(
    world: World, time: Any
) -> None:
    world.signed()
    contract = world.contract_of(world.awarded()).identifier
    signing.agree(world.actor("agency"), contract)
    time.instant = Contract.load(db.session, contract).due_at
    run_deadlines()
    sheet = _sheet(world)
    assert (sheet.not_contracted.value, sheet.not_contracted.of) == (0, 1), "it may still sign"
    drafting.terminate(world.actor("buyer"), contract, reason="另有安排,不签这份合同")
    db.session.rollback()
    found = Contract.load(db.session, contract)
    assert (found.state, found.unsigned_by) == ("terminated", "buyer")
    assert (_sheet(world).not_contracted.value, _sheet(world).not_contracted.of) == (1, 2)
    record = db.session.query(CreditRecord.identifier).filter_by(source_identifier=contract).scalar()
    if record is not None:
        db.session.rollback()
        records.drop_record(world.actor("regulator"), record, reason="业主说明了理由,不予认定")
        assert _sheet(world).not_contracted.value == 0


def test_ratings_show_with_their_coverage_and_old_facts_not_at_all(world: World, time: Any) -> None:
    world.settled(stars=4)
    unrated = world.settled_unrated()
    time.instant += timedelta(days=40)
    run_deadlines()
    sheet = _sheet(world)
    assert (sheet.ratings.value, sheet.ratings.count, sheet.ratings.of) == (4.0, 1, 2), unrated
    time.instant += timedelta(days=400)
    assert not _sheet(world).known


def test_an_undecided_record_is_not_read(app: Flask, world: World, time: Any) -> None:
    from tests.credit import record_cases as cases

    before = _sheet(world)
    record = cases.notified(world, subject="buyer", kind="late_payment", source="M-2026-000001")
    assert _sheet(world) == before
    page = sign_in(app, world, "agency").get(f"/credit/buyers/{world.identifiers['buyer']}").text
    assert record not in page


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_a_later_payment_never_makes_the_figures_better(late: list[int]) -> None:
    now = clock.now()
    rows = [(now - timedelta(days=50), now - timedelta(days=50 - days)) for days in late]
    worse = [*rows, (now - timedelta(days=50), None)]
    good, still = (sum(not buyers._late(by, at) for by, at in each) for each in (rows, worse))
    shares = [
        buyers._share(count, [by for by, _at in each]).value for count, each in ((good, rows), (still, worse))
    ]
    assert shares[1] is not None
    assert shares[0] is not None
    assert 0 <= shares[1] <= shares[0] <= 1


def test_agencies_read_it_before_they_answer_and_nobody_else(app: Flask, world: World, time: Any) -> None:
    _late(world, time, 4)
    tender = world.tender(project="另一个项目")
    agency, path = sign_in(app, world, "agency"), f"/credit/buyers/{world.identifiers['buyer']}"
    for page in (f"/requests/{tender}", f"/requests/{tender}/answer", path):
        text = agency.get(page).soup.select_one("#buyer-sheet").get_text(" ", strip=True)  # type: ignore[union-attr]
        assert all(words in text for words in ("0%", "4 个工作日", "没有记录")), page
    quote = quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    assert agency.get(f"/quotes/{quote}").soup.select_one("#buyer-sheet") is not None
    own = sign_in(app, world, "buyer")
    assert own.get(f"/agencies/{world.identifiers['buyer']}").soup.select_one("#buyer-sheet") is not None
    assert own.get(path).status == 200
    world.enterprise("other")
    for name in ("", "other"):
        visitor = sign_in(app, world, name) if name else Visitor(app)
        assert visitor.get(f"/requests/{tender}").soup.select_one("#buyer-sheet") is None
        assert visitor.get(path).status == (404 if name else 302)
    assert agency.get(f"/credit/buyers/{world.identifiers['agency']}").status == 404
    assert agency.get("/credit/buyers/E-2026-999999").status == 404


def test_each_figure_leads_to_the_cases_behind_it_that_the_reader_may_see(
    app: Flask, world: World, time: Any
) -> None:
    contract = _late(world, time, 2)
    payment = world.one(Payment, contract, kind="deposit").identifier
    path = f"/credit/buyers/{world.identifiers['buyer']}"
    for name, seen in (("agency", True), ("second", False), ("buyer", True), ("regulator", True)):
        visitor = sign_in(app, world, name)
        page = visitor.get(f"{path}?of=paid")
        assert (payment in page.text) is seen, name
        for of in ("materials", "not_contracted", "ratings"):
            assert visitor.get(f"{path}?of={of}").status == 200, of
    assert sign_in(app, world, "agency").get(f"{path}?of=nothing").status == 422


def test_many_buyers_take_as_many_statements_as_one(world: World, time: Any) -> None:
    for name in ("b2", "b3"):
        world.enterprise(name)
    world.started()
    counts = []
    keys = [world.organisation(name).id for name in ("buyer", "b2", "b3")]
    for asked in (keys[:1], keys):
        db.session.rollback()
        statements: list[str] = []

        def note(*given: Any, kept: list[str] = statements) -> None:
            kept.append(given[2])

        event.listen(db.engine, "before_cursor_execute", note)
        found = buyers.sheets(db.session, asked)
        event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 5
    assert [found[key].known for key in keys] == [True, False, False]
