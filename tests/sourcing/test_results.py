"""Whoever answered is told what came of it, sees why, and until when it may object; in every mode."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.formatting import format_instant
from market.jobs import drain, run_deadlines
from market.sourcing.actions import awards, closing, quotes
from models.accounts import Organisation
from models.errors import NotAllowed, RuleViolation
from models.events import Event
from models.notifications import Notification
from models.policy import get
from models.sourcing.awards import Award
from models.sourcing.modes import MODES
from models.sourcing.quotes import Quote
from models.sourcing.results import invited_told, may_object
from models.sourcing.tenders import Tender
from tests.sourcing.readable import opened
from tests.web import sign_in

ANSWERED = ("agency", "second", "third")


def told(identifier: str, kind: str) -> set[str]:
    """Who was told of this, by the organisations' names."""
    db.session.rollback()
    query = (
        select(Organisation.name)
        .join(Notification, Notification.organisation_id == Organisation.id)
        .join(Event, Event.id == Notification.event_id)
        .where(Event.case_identifier == identifier, Event.kind == kind)
    )
    return {name.removesuffix("单位") for name in db.session.scalars(query)}


def chosen(world: World, time: Any, mode: str, funds: str = "state") -> tuple[str, Award]:
    """A tender of this mode that three answered, awarded."""
    if mode == "direct":
        one = [world.identifiers["agency"]]
        tender = world.tender(mode=mode, funds=funds, budget=4_900_000, openness="invited", invited=one)
        quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
        time.closing(tender)
    else:
        tender = opened(world, time, mode, funds)
    agency = world.identifiers["agency"] if not MODES[mode].sealed else ""
    award = awards.award(world.actor("buyer"), tender, agency=agency, reasons="按规则排名第一,理由如上")
    drain()
    db.session.rollback()
    return tender, Award.load(db.session, award)


def test_who_took_its_answer_back_hears_of_no_result_and_objects_to_none(world: World) -> None:
    tender = world.tender()
    for name in ANSWERED:
        quotes.submit(world.actor(name), tender, price=4_000_000, days=20)
    third = select(Quote.identifier).where(Quote.agency_id == world.organisation("third").id)
    quotes.withdraw(world.actor("third"), db.session.scalars(third).one())
    closing.close(world.actor("buyer"), tender)
    award = awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足要求"
    )
    drain()
    assert told(award, "award.not_chosen") == {"second"}
    assert not may_object(db.session, Award.load(db.session, award), world.organisation("third").id)
    with pytest.raises(NotAllowed):
        awards.object_to(world.actor("third"), award, grounds="我们的报价更低,理由不成立")


def test_after_the_publicity_period_nobody_objects_though_another_did(world: World, time: Any) -> None:
    _tender, award = chosen(world, time, "sealed_bid")
    others = [name for name in ANSWERED if world.organisation(name).id != award.agency_id]
    awards.object_to(world.actor(others[0]), award.identifier, grounds="开标记录与投标文件不一致")
    time.instant = award.public_until
    assert not may_object(
        db.session, Award.load(db.session, award.identifier), world.organisation(others[1]).id
    )
    with pytest.raises(RuleViolation, match="公示期已满"):
        awards.object_to(world.actor(others[1]), award.identifier, grounds="开标记录与投标文件不一致")


@pytest.mark.parametrize("mode", MODES)
def test_losers_hear_of_it_and_see_why_and_until_when(app: Flask, world: World, time: Any, mode: str) -> None:
    tender, award = chosen(world, time, mode)
    winner = award.agency.name.removesuffix("单位")
    until, number = award.public_until, award.identifier
    losers = set() if MODES[mode].invites_one else set(ANSWERED) - {winner}
    assert told(number, "award.propose") == {winner}
    assert told(number, "award.not_chosen") == losers
    answers = db.session.scalars(
        select(MODES[mode].answer_class).where(MODES[mode].answer_class.tender.has(identifier=tender))
    ).unique()
    pages = {
        each.agency.name.removesuffix("单位"): f"{each.workflow.name}s/{each.identifier}" for each in answers
    }
    for name in sorted(losers):
        loser = sign_in(app, world, name)
        notices = loser.get("/my/notices?kind=result").text
        assert "未中选" in notices
        assert format_instant(until) in notices
        for path in (f"/requests/{tender}", f"/{pages[name]}"):
            card = loser.get(path).soup.select_one(".turn[aria-label=我的结果]")
            assert card is not None, path
            said = card.get_text(" ", strip=True)
            for words in ("未中选", "按规则排名第一", f"{winner}单位", format_instant(until)):
                assert words in said, (path, words)
            assert card.select_one(f"a[href='/awards/{number}/object']") is not None
            assert ("我的名次" in said) == MODES[mode].sealed, "a ranking is shown where it is public"
        assert "未中选" in loser.get("/my/answers").text
    own = sign_in(app, world, winner)
    assert "贵单位中选" in own.get("/my/notices").text
    card = own.get(f"/requests/{tender}").soup.select_one(".turn[aria-label=我的结果]")
    assert card is not None
    assert "未中选" not in card.get_text()
    assert card.select_one("a[href$='/object']") is None
    for other in ("buyer", "visitor", "regulator"):
        assert "我的结果" not in sign_in(app, world, other).get(f"/requests/{tender}").text


def test_an_objection_ends_the_offer_of_one_and_so_does_the_end_of_the_period(
    app: Flask, world: World, time: Any
) -> None:
    tender, award = chosen(world, time, "sealed_bid")
    number, until = award.identifier, award.public_until
    losers = sorted(set(ANSWERED) - {award.agency.name.removesuffix("单位")})
    awards.object_to(world.actor(losers[0]), number, grounds="排名与公布的报价不符,请求复核。")
    page = sign_in(app, world, losers[0]).get(f"/requests/{tender}").text
    assert "已经提出过异议" in page
    assert f"/awards/{number}/object" not in page
    assert f"/awards/{number}/object" in sign_in(app, world, losers[1]).get(f"/requests/{tender}").text
    objection = db.session.scalars(
        select(Event.case_identifier).where(Event.kind == "objection.object")
    ).one()
    awards.withdraw_objection(world.actor(losers[0]), objection)
    time.instant = until + timedelta(minutes=1)
    run_deadlines()
    drain()
    assert told(number, "award.finalise") >= set(ANSWERED)
    page = sign_in(app, world, losers[1]).get(f"/requests/{tender}").text
    assert ("公示期已满" in page, f"/awards/{number}/object" in page) == (True, False)


def test_an_annulled_award_is_told_to_those_who_may_be_chosen_now(
    app: Flask, world: World, time: Any
) -> None:
    tender, award = chosen(world, time, "sealed_bid")
    number, winner = award.identifier, award.agency.name
    awards.annul(world.actor("regulator"), number, reason="中选机构弄虚作假,查实")
    drain()
    assert told(number, "award.annul") >= {"buyer", *ANSWERED}
    loser = next(name for name in ANSWERED if f"{name}单位" != winner)
    assert "我的结果" not in sign_in(app, world, loser).get(f"/requests/{tender}").text, "nothing is decided"


def test_without_a_period_the_result_says_so(app: Flask, world: World, time: Any) -> None:
    tender, _award = chosen(world, time, "inquiry", "private")
    page = sign_in(app, world, "second").get(f"/requests/{tender}").text
    assert "未中选" in page
    assert "不能再提出异议" in page
    assert "公示期内可以提出异议" not in sign_in(app, world, "second").get("/my/notices").text


def test_whoever_answered_hears_that_it_failed(world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, agency=4_000_000)
    time.closing(tender)
    time.closing(tender)
    drain()
    assert Tender.load(db.session, tender).state == "failed"
    assert told(tender, "tender.fail") == {"buyer", "agency"}


def test_the_last_quote_that_is_declined_fails_it_for_the_others_too(world: World) -> None:
    tender = world.tender()
    given = [quotes.submit(world.actor(name), tender, price=100, days=20) for name in ("agency", "second")]
    closing.close(world.actor("buyer"), tender)
    for quote in given:
        quotes.decline(world.actor("buyer"), quote)
    drain()
    assert told(tender, "tender.fail") >= {"buyer"}


def invited(world: World, **values: Any) -> str:
    names = [world.identifiers[name] for name in ("agency", "second", "third")]
    return world.tender(openness="invited", invited=names, **values)


@pytest.mark.parametrize(
    ("values", "open_now", "later"),
    [
        ({"mode": "inquiry", "funds": "private"}, 3, 3),
        ({"mode": "inquiry", "funds": "state"}, None, 3),
        ({"mode": "sealed_bid", "funds": "private"}, None, 3),
    ],
    ids=lambda value: str(value),
)
def test_the_invited_know_how_many_where_the_rules_let_them(
    app: Flask, world: World, time: Any, values: Any, open_now: int | None, later: int | None
) -> None:
    tender = invited(world, **values)
    agency = sign_in(app, world, "agency")

    def shown() -> bool:
        return "共邀请" in agency.get(f"/requests/{tender}").text

    assert invited_told(Tender.load(db.session, tender)) == open_now
    assert shown() == (open_now is not None)
    for name in ANSWERED:
        if values["mode"] == "inquiry":
            quotes.submit(world.actor(name), tender, price=100, days=20)
        else:
            world.bids(tender, **{name: 4_000_000})
    time.closing(tender)
    agency = sign_in(app, world, "agency")
    assert invited_told(Tender.load(db.session, tender)) == later
    assert shown()
    assert get("2026-11").text("tender.tell_invited.private") == "never", "older versions stay as they were"
