"""Ratings and their window."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from harness.factories import World
from market.contracts.actions import delivering
from market.extensions import db
from market.jobs import run_deadlines
from market.ratings.actions import rating as ratings
from models import workdays
from models.errors import NotAllowed, RuleViolation, WrongState
from models.ratings.rating import DIMENSIONS, Rating


def test_one_rating_stays_sealed_until_the_window_ends(world: World, time: Any) -> None:
    contract = world.signed()
    world.paid(contract, "deposit")
    deliverable = world.delivered(contract)
    world.accepted(deliverable)
    delivering.pass_review(world.actor("department"), deliverable)
    world.paid(contract, "settlement")
    mine = world.one(Rating, contract, by="buyer").identifier
    ratings.rate(world.actor("buyer"), mine, scores=dict.fromkeys(DIMENSIONS["buyer"], 2), comment="慢")
    sealed = Rating.load(db.session, mine)
    assert (sealed.state, sealed.scores, sealed.comment) == ("sealed", None, None)
    time.instant = workdays.add(time.instant, 15)
    run_deadlines()
    states = {r.by: (r.state, r.comment) for r in db.session.query(Rating)}
    assert states == {
        "buyer": ("published", "慢"),
        "agency": ("lapsed", None),
        "department": ("lapsed", None),
    }


def test_both_are_published_when_the_second_comes_in_and_none_is_changed_after(world: World) -> None:
    contract = world.settled_unrated()
    by = {name: world.one(Rating, contract, by=name).identifier for name in ("buyer", "agency")}
    fives = {name: dict.fromkeys(DIMENSIONS[name], 5) for name in by}
    with pytest.raises(NotAllowed):
        ratings.rate(world.actor("second"), by["agency"], scores=fives["agency"])
    with pytest.raises(NotAllowed):
        ratings.rate(world.actor("agency"), by["buyer"], scores=fives["buyer"])
    ratings.rate(world.actor("buyer"), by["buyer"], scores=fives["buyer"], comment="好")
    with pytest.raises(WrongState):
        ratings.rate(world.actor("buyer"), by["buyer"], scores=dict.fromkeys(DIMENSIONS["buyer"], 1))
    assert world.one(Rating, contract, by="buyer").scores is None
    ratings.rate(world.actor("agency"), by["agency"], scores=fives["agency"], comment="也好")
    found = {name: world.one(Rating, contract, by=name) for name in by}
    assert {name: (each.state, each.scores) for name, each in found.items()} == {
        name: ("published", fives[name]) for name in by
    }
    with pytest.raises(WrongState):
        ratings.rate(world.actor("buyer"), by["buyer"], scores=dict.fromkeys(DIMENSIONS["buyer"], 1))


def test_after_the_window_nobody_rates_whether_the_clock_has_been_there_or_not(
    world: World, time: Any
) -> None:
    contract = world.settled_unrated()
    mine = world.one(Rating, contract, by="buyer").identifier
    scores = dict.fromkeys(DIMENSIONS["buyer"], 5)
    time.instant = workdays.add(time.instant, 15) + timedelta(seconds=1)
    with pytest.raises(RuleViolation, match="评价期已经结束"):
        ratings.rate(world.actor("buyer"), mine, scores=scores)
    run_deadlines()
    with pytest.raises(WrongState, match="逾期未评"):
        ratings.rate(world.actor("buyer"), mine, scores=scores)
