"""Following up a bad rating: by itself, in time or referred, and ended by who was dissatisfied."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from harness.factories import PDF, World
from market.extensions import db
from market.files import File
from market.jobs import drain, run_deadlines
from market.ratings.actions import following
from market.ratings.actions import rating as ratings
from market.referrals import urges
from models import workdays
from models.errors import NotAllowed, RuleViolation, WrongState
from models.events import Event
from models.notifications import Notification
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import DIMENSIONS, Rating


def bad(world: World, stars: int = 1) -> FollowUp:
    """The following up of what a buyer said of an agency."""
    contract = world.settled_unrated()
    for by, given in (("buyer", stars), ("agency", 5)):
        rating = world.one(Rating, contract, by=by).identifier
        ratings.rate(world.actor(by), rating, scores=dict.fromkeys(DIMENSIONS[by], given), comment="不好")
    drain()
    return db.session.scalars(select(FollowUp)).one()


def load(found: FollowUp) -> FollowUp:
    db.session.rollback()
    return FollowUp.load(db.session, found.identifier)


def told(world: World, name: str, kind: str) -> int:
    drain()
    rows = select(Notification).join(Event, Event.id == Notification.event_id)
    mine = rows.where(Notification.organisation_id == world.organisation(name).id, Event.kind == kind)
    return len(db.session.scalars(mine).all())


@pytest.mark.parametrize("stars", [1, 2])
def test_a_bad_rating_is_followed_up_by_itself_until_who_gave_it_says_it_is_mended(
    world: World, time: Any, stars: int
) -> None:
    found = bad(world, stars)
    assert (found.state, found.due_at) == ("due", workdays.add(time.instant, 1))
    assert told(world, "agency", "follow_up.begin") == told(world, "buyer", "follow_up.begin") == 1
    for stranger in ("second", "buyer", "regulator"):
        with pytest.raises(NotAllowed):
            following.contact(world.actor(stranger), found.identifier, contact="电话联系了业主负责人")
    with pytest.raises(WrongState):
        following.report(world.actor("agency"), found.identifier, result="已经按要求补充了监测资料")
    with pytest.raises(RuleViolation, match="怎样联系"):
        following.contact(world.actor("agency"), found.identifier, contact="电话")
    following.contact(
        world.actor("agency"), found.identifier, contact="电话联系了业主负责人,说明了延误的原因"
    )
    assert load(found).due_at == found.result_by == workdays.add(time.instant, 15)
    following.report(
        world.actor("agency"),
        found.identifier,
        result="已经按要求补充了监测资料,并免费修改了图件",
        files=[File("r.pdf", PDF)],
    )
    with pytest.raises(NotAllowed):
        following.mend(world.actor("agency"), found.identifier)
    following.mend(world.actor("buyer"), found.identifier)
    done = load(found)
    assert (done.state, done.contact_late, done.result_late) == ("mended", False, False)
    with pytest.raises(WrongState):
        following.deny(world.actor("buyer"), found.identifier, reason="还是没有解决问题")


def test_who_was_dissatisfied_may_say_no_or_nothing(world: World, time: Any) -> None:
    found = bad(world)
    following.contact(world.actor("agency"), found.identifier, contact="上门拜访了业主,当面道歉")
    following.report(world.actor("agency"), found.identifier, result="图件已经按业主意见全部重做")
    with pytest.raises(RuleViolation, match="理由"):
        following.deny(world.actor("buyer"), found.identifier)
    assert load(found).due_at == workdays.add(time.instant, 5)
    time.instant = workdays.add(time.instant, 6)
    run_deadlines()
    silent = load(found)
    assert (silent.state, silent.said) == ("unsaid", None), "nobody speaks for who is silent"


def test_what_is_overdue_goes_to_the_regulator_who_urges_or_ends_it(world: World, time: Any) -> None:
    found, regulator = bad(world), world.actor("regulator")
    with pytest.raises(RuleViolation, match="还没有报请"):
        following.find(regulator, found.identifier, reason="机构没有联系业主")
    time.instant = workdays.add(time.instant, 2)
    run_deadlines()
    late = load(found)
    assert (late.state, late.contact_late) == ("due", True)
    assert late.referred_to is not None
    assert told(world, "regulator", "follow_up.refer") == 1
    urges("follow_up")(regulator, found.identifier, reason="请今天内联系业主")
    assert told(world, "agency", "follow_up.urge") == 1
    following.find(regulator, found.identifier, reason="督促后仍然没有联系业主")
    ended = load(found)
    assert (ended.state, ended.said) == ("not_mended", "督促后仍然没有联系业主")


def test_contact_that_comes_after_the_result_was_due_is_referred_again(world: World, time: Any) -> None:
    found = bad(world)
    time.instant = workdays.add(time.instant, 20)
    following.contact(world.actor("agency"), found.identifier, contact="电话联系了业主负责人")
    assert load(found).referred_to is None
    run_deadlines()
    assert load(found).referred_to is not None


def test_a_good_rating_begins_nothing(world: World) -> None:
    world.settled(stars=3)
    assert db.session.scalars(select(FollowUp)).all() == []


def test_one_dimension_is_enough(world: World) -> None:
    contract = world.settled_unrated()
    mine = world.one(Rating, contract, by="department").identifier
    scores = {**dict.fromkeys(DIMENSIONS["department"], 5), "corrections": 1}
    ratings.rate(world.actor("department"), mine, scores=scores, comment="退回的意见没有改")
    for by in ("buyer", "agency"):
        rating = world.one(Rating, contract, by=by).identifier
        ratings.rate(world.actor(by), rating, scores=dict.fromkeys(DIMENSIONS[by], 5))
    found = db.session.scalars(select(FollowUp)).one()
    assert found.rating.by == "department"
    assert found.rating.level == 4
    following.contact(world.actor("agency"), found.identifier, contact="到审批部门当面说明了情况")
    following.report(world.actor("agency"), found.identifier, result="已经逐条修改并重新送审通过")
    following.mend(world.actor("department"), found.identifier)
    assert load(found).state == "mended"
