"""Appeals: a ground of the list, evidence, the other side, a decision; what is hidden is out of sight."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market.extensions import db
from market.files import File
from market.jobs import drain, run_deadlines
from market.oversight.actions import overriding as oversight
from market.ratings.actions import appealing
from market.ratings.actions import rating as ratings
from models import clock, workdays
from models.credit import policy, rating_facts, score
from models.credit.kept import CreditScore
from models.errors import NotAllowed, RuleViolation, WrongState
from models.events import Event
from models.ratings import coverage
from models.ratings.appeals import RatingAppeal
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import DIMENSIONS, Rating
from tests.walking import addresses, told
from tests.web import Visitor, sign_in

WORDS, REPLY = "负责人张某某是个骗子", "我单位从未有此人,请勿侮辱"
EVIDENCE = [File("e.pdf", PDF)]


def rated(world: World, stars: int = 1, comment: str = WORDS) -> str:
    """A buyer's published rating of the agency."""
    contract = world.settled_unrated()
    for by, given, words in (("buyer", stars, comment), ("agency", 5, "配合很好")):
        rating = world.one(Rating, contract, by=by).identifier
        ratings.rate(world.actor(by), rating, scores=dict.fromkeys(DIMENSIONS[by], given), comment=words)
    drain()
    return str(world.one(Rating, contract, by="buyer").identifier)


def appealed(world: World, rating: str, ground: str = "insult") -> str:
    return appealing.file(
        world.actor("agency"), rating, ground=ground, claim="评语侮辱我单位人员,与事实不符", files=EVIDENCE
    )


def load(identifier: str) -> Rating:
    db.session.rollback()
    return Rating.load(db.session, identifier)


def test_an_appeal_needs_a_ground_words_evidence_and_the_one_who_was_rated(world: World) -> None:
    rating, agency = rated(world), world.actor("agency")
    said = "评语侮辱我单位人员,与事实不符"
    for stranger in ("buyer", "second", "regulator"):
        with pytest.raises(NotAllowed):
            appealing.file(world.actor(stranger), rating, ground="insult", claim=said, files=EVIDENCE)
    for wrong in ({"ground": "low"}, {"claim": "不实"}, {"files": []}):
        given: dict[str, Any] = {"ground": "insult", "claim": said, "files": EVIDENCE, **wrong}
        with pytest.raises(RuleViolation) as refused:
            appealing.file(agency, rating, **given)
        assert refused.value.field == ("file" if "files" in wrong else next(iter(wrong)))
    assert load(rating).state == "published", "nothing half done"
    appealed(world, rating)
    with pytest.raises(WrongState):
        appealed(world, rating)


def stars(world: World) -> float | None:
    """The plain mean of the agency's ratings, in its sheet of now."""
    line = score.of_agency(db.session, world.organisation("agency").id).line("ratings")
    assert line is not None
    return line.plain


def test_it_stays_and_counts_until_it_is_hidden_and_then_nothing_of_it_does(app: Flask, world: World) -> None:
    rating = rated(world)
    world.settled(stars=5)
    agency = world.organisation("agency")
    ratings.reply(world.actor("agency"), rating, reply=REPLY)
    appeal = appealed(world, rating)
    drain()
    before = stars(world)
    db.session.rollback()
    assert before == 3
    assert coverage.of_organisations(db.session, [agency.id])[agency.id] == coverage.Coverage(2, 2)
    page = Visitor(app).get(f"/ratings/{rating}").text
    assert all(words in page for words in (WORDS, REPLY, "正在申诉", "非常不满意"))

    appealing.state(world.actor("buyer"), appeal, statement="评语写的是现场负责人的态度", files=EVIDENCE)
    with pytest.raises(RuleViolation, match="理由"):
        appealing.uphold(world.actor("regulator"), appeal, reason="")
    appealing.uphold(world.actor("regulator"), appeal, reason="评语指名侮辱他人,依法隐去")
    drain()
    db.session.rollback()
    kept = load(rating)
    assert (kept.state, kept.scores is not None, kept.comment) == ("hidden", True, WORDS), (
        "nothing is deleted"
    )
    row = db.session.scalars(select(CreditScore).where(CreditScore.agency_id == agency.id)).one()
    assert row.stars == 5, "the score follows"
    assert coverage.of_organisations(db.session, [agency.id])[agency.id] == coverage.Coverage(1, 2)
    assert db.session.scalars(select(FollowUp)).one().state == "called_off"
    hidden = Visitor(app).get(f"/ratings/{rating}").text
    assert all(words in hidden for words in ("依决定隐去", "侮辱诽谤", "评语指名侮辱他人,依法隐去"))
    for act in (appealed, lambda w, r: ratings.reply(w.actor("agency"), r, reply="再说一句话")):
        with pytest.raises(WrongState):
            act(world, rating)


def test_one_that_is_hidden_before_it_was_read_stops_no_score(world: World) -> None:
    rating = rated(world)
    appeal = appealed(world, rating)
    appealing.state(world.actor("buyer"), appeal, statement="评语写的是现场负责人的态度")
    appealing.uphold(world.actor("regulator"), appeal, reason="评语指名侮辱他人,依法隐去")
    assert rating_facts.unread(db.session, 10) == []
    assert rating_facts.keep(db.session, policy.current(), [rating], clock.now()) == set()
    drain()
    assert stars(world) is None


@pytest.mark.walks
def test_nobody_is_shown_what_is_hidden_by_any_page_export_or_log(
    app: Flask, world: World, caplog: Any
) -> None:
    """The parties and those who decide read it on the appeal alone."""
    caplog.set_level("DEBUG")
    rating = rated(world)
    ratings.reply(world.actor("agency"), rating, reply=REPLY)
    appeal = appealed(world, rating)
    appealing.state(world.actor("buyer"), appeal, statement="评语写的是现场负责人的态度")
    appealing.uphold(world.actor("regulator"), appeal, reason="评语指名侮辱他人,依法隐去")
    drain()
    found = load(rating)
    numbers = {
        rating: "rating",
        found.contract.identifier: "contract",
        world.identifiers["agency"]: "organisation",
        world.identifiers["buyer"]: "organisation",
        db.session.scalars(select(FollowUp.identifier)).one(): "follow_up",
    }
    goes = ("accounts.sign_out", "accounts.sign_in", "accounts.sign_up", "accounts.language")
    for role in ("visitor", "second", "buyer", "agency", "regulator"):
        visitor = sign_in(app, world, role)
        for address, _number in addresses(app, "GET", numbers, without=goes):
            everything = told(visitor.get(address))
            assert WORDS not in everything, (role, address)
            assert REPLY not in everything, (role, address)
    assert WORDS not in caplog.text
    assert WORDS not in Visitor(app).get(f"/rating-appeals/{appeal}").text
    assert WORDS in sign_in(app, world, "regulator").get(f"/rating-appeals/{appeal}").text
    assert not [e for e in db.session.scalars(select(Event)) if WORDS in str(e.data) or REPLY in str(e.data)]


def test_what_is_rejected_or_withdrawn_stays_and_is_not_appealed_again(world: World, time: Any) -> None:
    rating = rated(world)
    appeal = appealed(world, rating, "fraud")
    time.instant = workdays.add(time.instant, 6)
    run_deadlines()
    assert RatingAppeal.load(db.session, appeal).state == "deciding", "silence does not hold it up"
    appealing.reject(world.actor("regulator"), appeal, reason="证据不能证明评价虚假")
    assert load(rating).state == "published"
    with pytest.raises(RuleViolation, match="只能申诉一次"):
        appealed(world, rating)
    second = rated(world)
    appealing.withdraw(world.actor("agency"), appealed(world, second))
    assert load(second).state == "published"
    with pytest.raises(RuleViolation, match="只能申诉一次"):
        appealed(world, second)


def test_after_the_window_nobody_appeals_and_what_nobody_decides_goes_up(world: World, time: Any) -> None:
    rating, late = rated(world), rated(world)
    appeal = appealed(world, rating)
    time.instant = workdays.add(time.instant, 16)
    with pytest.raises(RuleViolation, match="申诉期限已过"):
        appealed(world, late)
    run_deadlines()
    time.instant = workdays.add(time.instant, 16)
    run_deadlines()
    drain()
    assert db.session.scalars(select(Event).where(Event.kind == "rating_appeal.refer")).first() is not None
    assert RatingAppeal.load(db.session, appeal).state == "deciding"
    appealing.uphold(world.actor("regulator"), appeal, reason="评语指名侮辱他人,依法隐去")


def test_one_public_reply_and_no_operator_moves_a_rating(world: World) -> None:
    rating = rated(world)
    with pytest.raises(NotAllowed):
        ratings.reply(world.actor("buyer"), rating, reply="我来替机构回复")
    with pytest.raises(RuleViolation, match="请写明回复"):
        ratings.reply(world.actor("agency"), rating, reply="嗯")
    ratings.reply(world.actor("agency"), rating, reply="已经联系业主改正")
    with pytest.raises(RuleViolation, match="只能回复一次"):
        ratings.reply(world.actor("agency"), rating, reply="再补充一句话")
    world.appoint_admin()
    for target in ("hidden", "due", "published"):
        with pytest.raises(RuleViolation, match="管理员不能改"):
            oversight.override(
                world.actor("admin"),
                case_type="rating",
                identifier=rating,
                target=target,
                reason="管理员想要改一改",
            )
    assert load(rating).reply == "已经联系业主改正"
