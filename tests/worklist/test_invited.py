"""Whoever is asked by name hears of it as that and has it to do, and the buyer sees whom it asked."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import delete, select

from harness.factories import World
from market.extensions import db
from market.jobs import drain
from market.sourcing.actions import quotes
from market.transaction import transaction
from models.agencies.fees import FeeSchedule
from models.letters import Letter
from models.notice_settings import Wishes
from models.notifications import Notification
from models.sourcing.tenders import Tender
from tests.web import sign_in


def test_an_agency_that_is_asked_by_name(app: Flask, world: World, time: Any) -> None:
    tender = world.tender(invited=[world.identifiers["agency"]])
    drain()
    found = db.session.scalars(select(Notification).order_by(Notification.id)).unique().all()
    asked = [each for each in found if each.organisation_id == world.organisation("agency").id]
    assert [each.kind for each in asked if each.event.case_identifier == tender] == ["invite"]
    letters = db.session.scalars(select(Letter).where(Letter.kind == "notice")).all()
    assert world.emails["agency"] in {each.address for each in letters}, "at once, and in no digest"
    agency, second = sign_in(app, world, "agency"), sign_in(app, world, "second")
    notices = agency.get("/my/notices").text
    assert "请贵单位报价" in notices
    assert "发布需求" not in notices
    assert "截止时间 " in notices
    task = agency.get("/my").soup.select_one(f"a[href='/requests/{tender}']")
    assert task is not None
    assert "请贵单位报价" in task.get_text()
    assert "还剩" in task.find_parent("tr").select_one(".limit").get_text(), "as every task with an end says"
    assert f"/requests/{tender}" not in second.get("/my").text
    assert "贵单位在受邀之列" in agency.get(f"/requests/{tender}").text
    assert "受邀之列" not in second.get(f"/requests/{tender}").text
    buyer = sign_in(app, world, "buyer")
    facts = buyer.get(f"/requests/{tender}").soup.get_text()
    assert "点名邀请" in facts
    assert "agency单位" in facts
    assert "(已答复)" not in facts
    quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    assert f"/requests/{tender}" not in agency.get("/my").text, "it has answered"
    assert "agency单位(已答复)" in buyer.get(f"/requests/{tender}").soup.get_text()


def test_a_bid_made_void_is_no_answer_and_nobody_is_asked_for_what_it_may_not_take_on(
    app: Flask, world: World, time: Any
) -> None:
    agency = world.identifiers["agency"]
    tender = world.tender(mode="reference_price", invited=[agency])
    link = f"/requests/{tender}"

    def waits() -> bool:
        return link in sign_in(app, world, "agency").get("/my").text

    assert waits()
    world.bids(tender, agency=4_000_000)
    assert not waits()
    for _each in range(2):  # its deadline moves once, then too few turn it into an inquiry
        time.closing(tender)
    assert Tender.load(db.session, tender).mode == "inquiry"
    assert waits(), "to be answered anew"
    with transaction() as session:
        session.execute(delete(FeeSchedule).where(FeeSchedule.agency_id == world.organisation("agency").id))
    assert not waits()


def test_whoever_chose_for_cases_before_there_were_invitations_chose_for_them() -> None:
    assert Wishes({"mail": {"case": "never"}, "sms": {"case": "now"}}).when("mail", "invite") == "never"
    assert Wishes({"sms": {"case": "now"}}).when("sms", "invite") == "now"
    assert Wishes({"mail": {"case": "never", "invite": "now"}}).when("mail", "invite") == "now"
    assert (Wishes().when("mail", "invite"), Wishes().when("sms", "invite")) == ("now", "never")
