"""A question nobody has time to answer, an answer nobody has time to heed.

Questions end before the deadline, and an answer leaves time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import World
from market.extensions import db
from market.sourcing.actions import bids as bid_actions
from market.sourcing.actions import questions, quotes
from models import policy, workdays
from models.clock import BEIJING
from models.errors import RuleViolation
from models.sourcing.bids import Bid
from models.sourcing.clarifications import Clarification
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests.sourcing.test_lifecycle import told
from tests.web import Visitor, sign_in

QUESTION = "是否包含现场踏勘?"


@given(st.timedeltas(timedelta(0), timedelta(days=900)), st.integers(0, 30))
def test_back_is_so_many_working_days_before(later: timedelta, days: int) -> None:
    end = datetime(2025, 3, 1, tzinfo=BEIJING) + later
    start = workdays.back(end, days)
    assert workdays.between(start, end) == days
    assert start.time() == end.time()


@pytest.mark.parametrize(("funds", "days"), [("state", 2), ("private", 2)])
def test_a_question_a_minute_before_the_deadline_is_refused_and_the_page_said_until_when(
    app: Flask, world: World, time: Any, funds: str, days: int
) -> None:
    tender = world.tender(mode="sealed_bid", funds=funds)
    until = workdays.back(world.deadline(tender), days)
    said = f"{until.astimezone(BEIJING):%Y-%m-%d %H:%M}"
    agency = sign_in(app, world, "agency")
    assert f"提问截止 {said}" in Visitor(app).get(f"/requests/{tender}").text
    assert f"提问截止 {said}" in agency.get(f"/requests/{tender}/ask").text
    time.instant = until
    assert agency.submit(f"/requests/{tender}/ask", question=QUESTION).status == 303, (
        "at the instant itself it counts"
    )
    for instant in (until + timedelta(milliseconds=1), world.deadline(tender) - timedelta(minutes=1)):
        time.instant = instant
        refused = agency.submit(f"/requests/{tender}/ask", question=QUESTION)
        assert refused.status == 422
        assert said in refused.error_at("question")
        assert f"{days} 个工作日" in refused.error_at("question")
        assert refused.value_of("question") == QUESTION
    page = agency.get(f"/requests/{tender}")
    assert f"提问已于 {said} 截止" in page.text
    assert page.soup.select_one(f'a[href="/requests/{tender}/ask"]') is None
    agency.post("/language/en", {"back": "/"})
    assert "Questions ended" in agency.get(f"/requests/{tender}").text


def test_a_notice_too_short_for_questions_says_so(app: Flask, world: World, time: Any) -> None:
    tender = world.tender(deadline=time.instant + timedelta(hours=5))
    assert "不接受提问" in Visitor(app).get(f"/requests/{tender}").text


def asked(world: World, tender: str, name: str = "third") -> str:
    questions.ask(world.actor(name), tender, question=QUESTION)
    db.session.rollback()
    return str(db.session.query(Clarification).order_by(Clarification.id.desc()).first().identifier)


def test_an_answer_that_changes_the_conditions_is_an_amendment(app: Flask, world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    bids = world.bids(tender, agency=4_000_000, second=3_900_000)
    bid_actions.withdraw(world.actor("second"), bids["second"])
    before = world.deadline(tender)
    time.instant = workdays.back(before, 2)
    question = asked(world, tender)
    buyer = sign_in(app, world, "buyer")
    assert "改变了需求的条件" in buyer.get(f"/clarifications/{question}/answer").text
    time.instant = before - timedelta(minutes=1)
    assert (
        buyer.submit(f"/clarifications/{question}/answer", answer="包含,且须两次。", changes="y").status
        == 303
    )
    found = Tender.load(db.session, tender)
    assert found.deadline == workdays.add(time.instant, 3), "the policy's minimum from now"
    assert found.keeper_until == found.deadline, "the keeper was told"
    assert [told(world, name, "tender.amend") for name in ("agency", "second", "third", "buyer")] == [
        1,
        1,
        1,
        0,
    ], "all who answered or asked"
    world.bids(tender, second=3_700_000, third=3_800_000)
    time.closing(tender)
    states = {b.agency.name: b.state for b in db.session.query(Bid)}
    assert states == {"agency单位": "disqualified", "second单位": "opened", "third单位": "opened"}, (
        "what was bid before answers another request"
    )


def test_an_answer_that_changes_nothing_still_leaves_time_to_heed_it(world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    before = world.deadline(tender)
    first, second = asked(world, tender), asked(world, tender, "second")
    questions.answer(world.actor("buyer"), first, answer="包含。")
    assert world.deadline(tender) == before, "in time, nothing moves"
    time.instant = before - timedelta(minutes=1)
    questions.answer(world.actor("buyer"), second, answer="包含。")
    assert world.deadline(tender) == workdays.add(time.instant, 1)
    assert told(world, "third", "tender.defer") == 1
    assert Tender.load(db.session, tender).revision == 1, "nobody has to answer anew"


def test_no_answer_opens_a_deadline_that_has_passed(world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    question = asked(world, tender)
    time.instant = world.deadline(tender) + timedelta(seconds=1)
    with pytest.raises(RuleViolation, match="已过截止时间"):
        questions.answer(world.actor("buyer"), question, answer="包含。", changes=True)


def test_a_changed_inquiry_is_the_agencies_turn_and_an_auction_still_begins_in_office_hours(
    world: World, time: Any
) -> None:
    tender = world.tender()
    quotes.submit(world.actor("agency"), tender, price=100, days=20)
    questions.answer(world.actor("buyer"), asked(world, tender), answer="改为两次。", changes=True)
    db.session.rollback()
    assert db.session.query(Quote).one().state == "countered"
    live = world.tender(
        mode="reverse_auction", funds="state", deadline=workdays.add(time.instant, 5).replace(hour=10)
    )
    question = asked(world, live)
    time.instant = world.deadline(live) - timedelta(minutes=1)
    questions.answer(world.actor("buyer"), question, answer="改为两次。", changes=True)
    assert world.deadline(live) == workdays.add(time.instant, 3).replace(hour=10)


def test_the_last_question_is_referred_before_the_deadline(world: World, time: Any) -> None:
    for funds in ("private", "state"):
        tender = Tender.load(db.session, world.tender(funds=funds, project=f"资金来源为{funds}的项目"))
        book = policy.get(tender.policy_version)
        assert workdays.add(tender.questions_until, book.number("tender.answer_days")) < tender.deadline


def test_where_the_deadline_leaves_no_time_to_ask_the_page_says_so(
    app: Flask, world: World, time: Any
) -> None:
    soon = world.tender(deadline=workdays.add(time.instant, 1))
    page = sign_in(app, world, "agency").get(f"/requests/{soon}").text
    assert "不接受提问" in page
    assert f"/requests/{soon}/ask" not in page
