"""A rating is nobody's to know before both parties' are in or the window ends, words and all."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import drain, run_deadlines
from market.ratings.actions import rating as ratings
from models import workdays
from models.credit import score
from models.ratings import coverage
from models.ratings.rating import DIMENSIONS, Rating
from tests.walking import addresses, searches, told
from tests.web import Visitor, sign_in

GOES = ("accounts.sign_out", "accounts.sign_in", "accounts.sign_up", "accounts.language")
SAID = {"buyer": "业主密封的评语", "department": "部门密封的评语"}


def give(world: World, contract: str, by: str, level: int, comment: str = "") -> None:
    rating = world.one(Rating, contract, by=by).identifier
    ratings.rate(world.actor(by), rating, scores=dict.fromkeys(DIMENSIONS[by], level), comment=comment)


@pytest.mark.walks
@pytest.mark.parametrize("order", [("buyer", "department"), ("department", "buyer")])
def test_nothing_of_a_sealed_rating_is_told_to_anybody(
    app: Flask, world: World, time: Any, order: tuple[str, str], caplog: Any
) -> None:
    caplog.set_level("DEBUG")
    contract = world.settled_unrated()
    for by in order:
        give(world, contract, by, 1, SAID[by])
    drain()
    rebuild_index()
    agency = world.organisation("agency").id
    assert score.of_agency(db.session, agency).lines[1].observed is None
    assert coverage.of_organisations(db.session, [agency])[agency] == coverage.Coverage(0, 1)
    numbers = {rating.identifier: "rating" for rating in world.every(Rating, contract)}
    numbers |= {contract: "contract", world.identifiers["agency"]: "organisation"}
    walked = [address for address, _number in addresses(app, "GET", numbers, without=GOES)]
    walked += searches(app, ["密封的评语"])
    for role in ("visitor", "second", "agency", "buyer", "department", "regulator"):
        visitor = sign_in(app, world, role)
        for address in walked:
            everything = told(visitor.get(address))
            own = f"/ratings/{world.one(Rating, contract, by=role).identifier}" if role in SAID else ""
            for by, words in SAID.items():
                if words in everything and words not in address:
                    assert (by, address) == (role, own), "whoever gave it reads it again, nobody else"
    for by, words in SAID.items():
        page = sign_in(app, world, by).get(f"/ratings/{world.one(Rating, contract, by=by).identifier}")
        assert words in page.text
        assert "现在只有您单位能看到" in page.text
    assert not any(words in caplog.text for words in SAID.values())
    assert db.session.scalars(select(Rating).where(Rating.scores.is_not(None))).all() == []
    time.instant = workdays.add(time.instant, 15)
    run_deadlines()
    page = Visitor(app).get(f"/agencies/{world.identifiers['agency']}").text
    assert all(words in page for words in SAID.values()), "the window ended, and the walk looked where it is"


def test_a_department_keeps_nobody_waiting_and_its_rating_comes_with_theirs_or_after(world: World) -> None:
    contract, later = world.settled_unrated(), world.settled_unrated()
    for by in ("department", "buyer"):
        give(world, contract, by, 4)
        assert {r.state for r in world.every(Rating, contract)} <= {"due", "sealed"}
    give(world, contract, "agency", 4)
    assert {r.state for r in world.every(Rating, contract)} == {"published"}
    for by in ("buyer", "agency"):
        give(world, later, by, 4)
    assert {r.by: r.state for r in world.every(Rating, later)} == {
        "buyer": "published",
        "agency": "published",
        "department": "due",
    }
    give(world, later, "department", 4)
    assert world.one(Rating, later, by="department").state == "published"


def test_who_had_the_work_done_is_named_to_its_parties_alone(app: Flask, world: World) -> None:
    contract = world.settled()
    for by, rated in (("buyer", "agency单位"), ("agency", "buyer单位")):
        rating = world.one(Rating, contract, by=by).identifier
        for stranger in ("visitor", "second"):
            page = sign_in(app, world, stranger).get(f"/ratings/{rating}").text
            assert rated in page
            assert f"{by}单位" not in page
        assert f"{by}单位" in sign_in(app, world, "regulator").get(f"/ratings/{rating}").text


def test_whoever_reviewed_is_asked_once_and_whoever_did_not_is_not(world: World) -> None:
    reviewed = world.settled_unrated()
    asked = [(r.by, r.rater.name, r.ratee.name) for r in world.every(Rating, reviewed)]
    assert asked == [
        ("buyer", "buyer单位", "agency单位"),
        ("agency", "agency单位", "buyer单位"),
        ("department", "department单位", "agency单位"),
    ]
