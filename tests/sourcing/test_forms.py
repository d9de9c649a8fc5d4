"""Tenders and offers: bad input is answered at the field, and nothing typed is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from werkzeug.datastructures import MultiDict
from wtforms import Form

from harness.factories import World
from market.extensions import db
from market.sourcing.actions import closing, quotes
from market.sourcing.step_forms import QualityField
from models import clock, money
from models.agencies.fees import FeeSchedule
from models.catalogue import item_by_code
from models.clock import BEIJING
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.cancelling import NOT_AGAIN
from models.sourcing.comparison import Past, past_prices
from models.sourcing.quotes import Quote
from models.sourcing.steps import step_of
from models.sourcing.tenders import Tender
from tests.web import ALL, Visitor, sign_in

TENDER = {
    "item_code": "WAT-01",
    "project": "高标准农田项目",
    "region_code": "632801",
    "description": "说明文字",
    "mode": "inquiry",
    "funds": "private",
}


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"project": "短"}, "project", "4 到 200"),
        ({"budget": "-5"}, "budget", "请填写金额"),
        ({"budget": "12.345"}, "budget", "请填写金额"),
        ({"budget": "99999999999999"}, "budget", "100 亿"),
        ({"budget": "0"}, "budget", "大于 0"),
        ({"deadline": "soon"}, "deadline", "日期和时间"),
        ({"wanted_on": "soon"}, "wanted_on", ""),
        ({"item_code": "SUR-01", "count": "-1"}, "count", ""),
        ({"item_code": "SUR-01", "count": "x"}, "count", "整数"),
        ({"item_code": "SUR-01", "count": "12公顷"}, "count", "不写别的单位"),
        ({"item_code": "EIA-01", "amount": "五千多"}, "amount", "请填写金额"),
        ({"item_code": "NONE-1"}, "item_code", ""),
        ({"item_code": ""}, "item_code", "请填写"),
        ({"region_code": ""}, "region_code", "请填写"),
        ({"item_code": "EIA-01"}, "amount", "请填写"),
        ({"item_code": "SUR-01"}, "count", "计费基数"),
        ({"item_code": "EIA-01", "amount": "100000", "factor": "炼金"}, "factor", ""),
        ({"mode": "lottery"}, "mode", ""),
        ({"region_code": "999999"}, "region_code", ""),
    ],
)
def test_a_tender(app: Flask, world: World, change: dict[str, str], field: str, said: str) -> None:
    answer = sign_in(app, world, "buyer").draft(**{**TENDER, **change})
    assert answer.status == 422
    assert said in answer.error_at(field)
    assert answer.error_at(field)
    assert answer.value_of(field) == (
        change[field] if field in change and field not in CHOSEN else answer.value_of(field)
    )
    drafts = db.session.scalars(select(Tender)).all()
    assert [draft.description for draft in drafts] == ([] if step_of(field) == "what" else ["说明文字"])
    assert all(draft.state == "draft" and step_of(field) not in draft.told for draft in drafts)


CHOSEN = ("item_code", "mode", "region_code", "factor")  # of a list: what is not on it is not shown again


def _at(days: float) -> str:
    return f"{(clock.now() + timedelta(days=days)).astimezone(BEIJING):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize("offset", ["Z", "+00:00", "+08:00", "+09:00", "-05:30", ".000Z"])
def test_a_deadline_with_an_offset_means_that_instant(app: Flask, world: World, offset: str) -> None:
    buyer = sign_in(app, world, "buyer")
    day = (clock.now() + timedelta(days=10)).date()
    made = buyer.draft(**{**TENDER, "deadline": f"{day}T09:00:00{offset}"})
    assert made.status == 303
    meant = datetime.fromisoformat(f"{day}T09:00:00{offset}")
    found = db.session.scalars(select(Tender)).one()
    assert found.deadline == meant
    page = buyer.get(f"{made.location}/edit/whom")
    assert page.value_of("deadline") == f"{meant.astimezone(BEIJING):%Y-%m-%dT%H:%M}"
    kept = buyer.submit(f"{made.location}/edit/whom", deadline=f"{day}T09:00:00{offset}", wanted_on="短")
    assert kept.value_of("deadline") == f"{meant.astimezone(BEIJING):%Y-%m-%dT%H:%M}", (
        "shown again as the page's own clock says it"
    )


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2026-03-20T09:00:00+25:00",
        "2026-03-20T09:00 Z x",
    ],
)
def test_a_moment_that_is_none_is_told_at_the_field(app: Flask, world: World, text: str) -> None:
    refused = sign_in(app, world, "buyer").draft(**{**TENDER, "deadline": text})
    assert (refused.status, bool(refused.error_at("deadline"))) == (422, True)


def test_a_size_may_have_its_own_unit_behind_it(app: Flask, world: World) -> None:
    made = sign_in(app, world, "buyer").draft(**{**TENDER, "item_code": "SUR-01", "count": "1,200 亩"})
    tender = db.session.scalars(select(Tender).where(Tender.identifier == made.location[10:])).one()
    assert tender.quantity == {"count": 1_200}


def test_a_field_says_one_thing_and_keeps_what_was_typed(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    for field, typed, said in (
        ("price_weight", "1e9", "请填写整数,例如 20。"),
        ("price_weight", "3天", "请填写整数,例如 20。"),
        ("days_weight", "9" * 30, "数字太大。"),
        ("credit_weight", "四十万", "请填写 0 到 100 之间的数。"),
        ("budget", "很多", str(money.HOW)),
        ("deadline", "0001-01-01T09:00", "“0001-01-01”不像真的日期:年份应在 1901 到 2100 之间。"),
        ("deadline", "2001-01-01T09:00", "截止时间已经过去。"),
        ("deadline", "0001-01-01", "请填写日期和时间,例如 2026-12-01 17:00。"),
        ("deadline", "9999-01-01T09:00", "“9999-01-01”不像真的日期:年份应在 1901 到 2100 之间。"),
        ("wanted_on", "0001-01-01", "“0001-01-01”不像真的日期:年份应在 1901 到 2100 之间。"),
        ("price_weight", "9999999999", "请填写 0 到 100 之间的数。"),
        ("wanted_on", "改天", "请填写日期,例如 2026-12-01。"),
    ):
        refused = buyer.draft(**{**TENDER, "mode": "merit", field: typed})
        assert (refused.status, refused.error_at(field), refused.value_of(field)) == (422, said, typed)


def test_a_limit_in_a_year_without_its_notice_is_provisional(app: Flask, world: World, time: Any) -> None:
    time.instant = datetime(2027, 2, 1, 9, tzinfo=BEIJING)
    tender = world.tender(deadline=datetime(2027, 2, 10, 17, tzinfo=BEIJING))
    page = sign_in(app, world, "visitor").get(f"/requests/{tender}")
    assert "还剩 5 个工作日(当年放假安排公布前暂定)" in page.text, (
        "2, 3, 4, 9 and 10 February: the 5th to the 8th are holidays by law"
    )
    assert "暂定" in sign_in(app, world, "visitor").get("/requests").text


def test_a_deadline_leaves_the_notice_period_and_lies_in_the_future(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    past = buyer.draft(**{**TENDER, "deadline": _at(-1)})
    assert (past.status, "已经过去" in past.error_at("deadline")) == (422, True)
    for days, mode, said in (
        (1, "sealed_bid", "公告期至少 3 个工作日"),
        (200, "inquiry", "太远"),
    ):
        made = buyer.draft(**{**TENDER, "deadline": _at(days), "mode": mode})
        shown = buyer.get(f"{made.location}/publish")
        assert said in shown.text
        assert shown.soup.select_one(f"main a[href='{made.location}/edit/whom']") is not None
        refused = buyer.submit(f"{made.location}/publish")
        assert refused.status == 422
        assert said in refused.text
    fixed = buyer.submit(f"{made.location}/edit/whom", deadline=_at(7), openly="1")
    assert buyer.submit(fixed.location).status == 303


def test_an_invitation_needs_enough_agencies_and_a_department_must_be_there(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    alone = {"only_invited": "y", "invited": world.identifiers["agency"]}
    made = buyer.draft(**{**TENDER, **alone, "funds": "state"})
    assert "至少要邀请 3 家" in buyer.submit(f"{made.location}/publish").text
    edit = buyer.submit(f"{made.location}/edit/whom", invited=ALL)
    assert edit.status == 303
    assert buyer.submit(f"{made.location}/publish").status == 303
    far = buyer.draft(**{**TENDER, "item_code": "SAF-01"})
    assert "还没有接入" in buyer.submit(f"{far.location}/publish").text


@pytest.mark.parametrize("mode", ["inquiry", "sealed_bid"])
def test_an_offer(app: Flask, world: World, mode: str) -> None:
    tender = world.tender(mode=mode, budget=4_500_000)
    agency = sign_in(app, world, "agency")
    for price, days, field, said in (
        ("60,000", "20", "price", "50,000.00"),
        ("46,000", "20", "price", "预算"),
        ("0", "20", "price", "大于 0"),
        ("-1", "20", "price", "请填写金额"),
        ("abc", "20", "price", "请填写金额"),
        ("40000", "0", "days", ""),
        ("40000", "501", "days", ""),
        *(("40000", days, "days", "工作日数") for days in ("3个月", "1年", "20%", "30分", "20日历天", "1e9")),
        ("五万w", "20", "price", "请填写金额"),
        ("三万五元", "20", "price", "可以是 35,000,也可以是 30,005"),
        ("", "20", "price", "请填写"),
    ):
        answer = agency.submit(f"/requests/{tender}/answer", price=price, days=days, note="留着")
        assert answer.status == 422
        assert said in answer.error_at(field)
        assert answer.error_at(field)
        assert (answer.value_of("price"), answer.value_of("days")) == (price, days)
        assert answer.value_of("note") == "留着"
    assert agency.submit(f"/requests/{tender}/answer", price="40,000", days="20").status == 303
    english = Visitor(app, world.emails["second"], "en")
    answer = english.submit(f"/requests/{tender}/answer", price="60,000", days="20")
    assert "may not exceed one's own published fee" in answer.error_at("price")


def test_who_may_not_offer_is_told_the_rule_before_typing(app: Flask, world: World) -> None:
    world.agency("fresh", verified=False)
    tender = world.tender()
    for who, why in (("fresh", "待核验"), ("buyer", "只有中介机构")):
        refused = sign_in(app, world, who)
        told = refused.get(f"/requests/{tender}/answer").text
        assert (why in told, "都还在" in told) == (True, False), "nothing was typed yet"
        typed = refused.submit(f"/requests/{tender}/answer", price="40,000", days="20")
        assert (typed.status, "都还在" in typed.text) == (403, True)
    assert "50,000.00" in sign_in(app, world, "agency").get(f"/requests/{tender}/answer").text


def test_the_same_form_sent_twice_acts_once(app: Flask, world: World) -> None:
    tender, agency = world.tender(), sign_in(app, world, "agency")
    page = agency.get(f"/requests/{tender}/answer")
    values = {name: page.value_of(name) for name in ("csrf_token", "submission")} | {
        "price": "40,000",
        "days": "20",
    }
    first, second = (agency.post(f"/requests/{tender}/answer", values) for _ in range(2))
    assert (first.status, first.location) == (second.status, second.location) == (303, first.location)
    assert db.session.scalar(select(func.count(Quote.id))) == 1
    third = agency.submit(f"/requests/{tender}/answer", price="40,000", days="20")
    assert third.status == 422
    assert "已经报过价" in third.text


def test_acting_out_of_turn_and_too_late(app: Flask, world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    agency, buyer = sign_in(app, world, "agency"), sign_in(app, world, "buyer")
    page = agency.get(f"/requests/{tender}/answer")
    values = {name: page.value_of(name) for name in ("csrf_token", "submission")} | {
        "price": "40,000",
        "days": "20",
    }
    close = buyer.get(f"/requests/{tender}/close")
    assert close.status == 200
    refused = buyer.submit(f"/requests/{tender}/close")
    assert refused.status == 422
    assert "提前截止" in refused.text
    time.instant = world.deadline(tender) - timedelta(days=1)
    assert agency.get("/my").status == 200, "a session rests for a week at most"
    time.instant = world.deadline(tender) + timedelta(milliseconds=1)
    late = agency.post(f"/requests/{tender}/answer", values)
    assert late.status == 422
    assert "已过截止时间" in late.text
    assert late.value_of("price") == "40,000"
    assert db.session.scalar(select(func.count(Bid.id))) == 0


def test_reasons_are_asked_for(app: Flask, world: World) -> None:
    tender = world.tender()
    buyer = sign_in(app, world, "buyer")
    answer = buyer.submit(f"/requests/{tender}/cancel", reason="短")
    assert answer.status == 422
    assert "至少 5 个字" in answer.error_at("reason")
    assert answer.value_of("reason") == "短"
    quotes.submit(world.actor("agency"), tender, price=100, days=20)
    closing.close(world.actor("buyer"), tender)
    award = buyer.submit(f"/requests/{tender}/award", reasons="短短短短短")
    assert award.status == 422
    assert "仍然有效的报价" in award.error_at("agency")


def test_a_failed_tender_is_asked_again_as_it_was(app: Flask, world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state", project="要重新发布的项目", description="老说明")
    time.closing(tender)  # nobody came: the deadline moves once
    time.closing(tender)
    buyer = sign_in(app, world, "buyer")
    assert "照此重新发布" in buyer.get(f"/requests/{tender}").text
    assert "照此重新发布" not in sign_in(app, world, "agency").get(f"/requests/{tender}").text
    page = buyer.get(f"/requests/new?key=k&from={tender}")
    assert (page.value_of("project"), page.value_of("description")) == ("要重新发布的项目", "老说明")
    again = buyer.submit(f"/requests/new?key=k&from={tender}")
    assert again.location.endswith("/edit/whom"), "all but until when is as it was"
    draft = db.session.scalars(select(Tender).order_by(Tender.id.desc())).first()
    assert (draft.mode, draft.funds, draft.again_said) == ("sealed_bid", "state", tender)
    told = buyer.submit(again.location)
    assert buyer.submit(told.location).status == 303
    assert sign_in(app, world, "agency").get(f"/requests/new?from={tender}").status == 403


def test_past_prices_are_told_from_four_awards_on(app: Flask, world: World) -> None:
    for price in (3_000_000, 3_500_000, 4_000_000):
        world.awarded(price)
    tender = world.tender(again_of=NOT_AGAIN, project="另一个项目")
    judged = Tender.load(db.session, tender)
    assert past_prices(db.session, judged) == Past(None, None)
    world.awarded(4_500_000)
    past = past_prices(db.session, Tender.load(db.session, tender))
    for found, unit in ((past.prices, 5_000_000), (past.shares, 1)):
        assert found is not None
        assert (found.lower, found.median, found.upper, found.count) == pytest.approx(
            (0.675 * unit, 0.75 * unit, 0.825 * unit, 4)
        )
    quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    page = sign_in(app, world, "buyer").get(f"/requests/{tender}").text
    assert page.index("中位 ¥ 37,500.00") < page.index("自己公示价的 75%"), "yuan first, the share second"


def test_the_past_holds_neither_the_award_being_judged_nor_one_that_came_after(
    app: Flask, world: World, time: Any
) -> None:
    for price in (1_000_000, 2_000_000, 3_000_000, 4_000_000):
        world.awarded(price)
        time.instant += timedelta(minutes=1)
    award = world.awarded(4_900_000)
    tender = Award.load(db.session, award).tender
    before = past_prices(db.session, tender)
    assert before.prices is not None
    assert (before.prices.count, before.prices.median) == (4, 2_500_000)
    time.instant += timedelta(minutes=1)
    world.awarded(4_800_000)
    assert past_prices(db.session, Award.load(db.session, award).tender) == before


@pytest.mark.parametrize(("size", "known"), [(100, True), (50, True), (200, True), (49, False), (201, False)])
def test_past_prices_in_yuan_are_those_of_jobs_about_as_large(world: World, size: int, known: bool) -> None:
    item = item_by_code(db.session, "WAT-01")
    for price in (1_000_000, 2_000_000, 3_000_000, 4_000_000):
        world.awarded(price)
    tender = Tender.load(db.session, world.tender(again_of=NOT_AGAIN, project="另一个项目"))
    item.measure, item.measure_label = "count", "测量面积(亩)"
    db.session.execute(update(Tender).where(Tender.id != tender.id).values(quantity={"count": 100}))
    tender.quantity = {"count": size}
    past = past_prices(db.session, tender)
    assert (past.prices is not None, past.shares is not None) == (known, True)


def test_who_could_answer_is_told_before_publishing(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    enough = world.tender(publish=False, mode="sealed_bid", funds="state")
    assert "可能没有足够的机构应答" not in buyer.get(f"/requests/{enough}/publish").text
    gone = [world.organisation(name).id for name in ("agency", "second")]
    db.session.execute(delete(FeeSchedule).where(FeeSchedule.agency_id.in_(gone)))
    db.session.commit()
    page = buyer.get(f"/requests/{enough}/publish").text
    assert "按规则至少要 3 家应答,而现在能承接的只有 1 家" in page
    assert "已公示本事项的收费" in page
    invited = world.tender(
        publish=False,
        project="另一个邀请项目",
        openness="invited",
        invited=[world.identifiers["agency"], world.identifiers["third"]],
    )
    assert "受邀的“agency单位”现在不能承接本事项" in buyer.get(f"/requests/{invited}/publish").text
    assert buyer.submit(f"/requests/{enough}/publish").status == 303, "it is a warning"


@pytest.mark.parametrize("between", [":", "\uff1a", " : ", "\uff1a ", "\u3000", "\t", "  "], ids=ascii)
def test_a_weight_may_stand_behind_any_colon_or_blank(app: Flask, between: str) -> None:
    class Lines(Form):
        quality = QualityField()

    with app.test_request_context():
        form = Lines(MultiDict({"quality": f"技术方案{between}30\n类似业绩{between}２０"}))
        assert form.validate()
    assert form.quality.lines == [{"name": "技术方案", "weight": 30}, {"name": "类似业绩", "weight": 20}]
