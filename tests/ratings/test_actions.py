"""Ratings and their window."""

from __future__ import annotations

from typing import Any

from market.contracts import actions as contracts
from market.extensions import db
from market.jobs import run_deadlines
from models import workdays
from models.ratings import Rating
from tests.factories import World


def test_one_rating_stays_sealed_until_the_window_ends(world: World, time: Any) -> None:
    from market.ratings import actions as ratings
    from models.ratings import DIMENSIONS

    contract = world.signed()
    world.paid(contract, "deposit")
    deliverable = world.delivered(contract)
    world.accepted(deliverable)
    contracts.pass_review(world.actor("department"), deliverable)
    world.paid(contract, "settlement")
    mine = world.one(Rating, contract, by="buyer").identifier
    ratings.rate(world.actor("buyer"), mine, scores=dict.fromkeys(DIMENSIONS["buyer"], 2), comment="慢")
    sealed = Rating.load(db.session, mine)
    assert (sealed.state, sealed.scores, sealed.comment) == ("sealed", None, None)
    time.instant = workdays.add(time.instant, 15)
    run_deadlines()
    states = {r.by: (r.state, r.comment) for r in db.session.query(Rating)}
    assert states == {"buyer": ("published", "慢"), "agency": ("lapsed", None)}
