"""Who is on a list others keep is told, has it to do, and anybody may read of it, as long as it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.credit.actions import listings as acts
from market.credit.actions import records
from market.credit.actions.restricting import limits_of
from market.event_text import event_details, event_sentence
from market.extensions import db
from market.jobs import drain
from models.credit import policy, restrictions
from models.documents import of_case
from models.errors import RuleViolation
from models.events import Event
from models.notifications import Notification
from models.sourcing.awards import Award
from tests.credit import record_cases as cases
from tests.credit.external_lists import bring, listings, row
from tests.credit.test_external import dispute
from tests.web import Visitor, sign_in

SERIOUS = "严重违法失信名单"


def code(world: World, name: str = "agency") -> str:
    return world.organisation(name).uscc


def _told(world: World) -> list[Event]:
    drain()
    db.session.rollback()
    kinds = ("external_listing.stop", "external_listing.open")
    mine = (
        select(Event)
        .join(Notification, Notification.event_id == Event.id)
        .where(Event.kind.in_(kinds), Notification.organisation_id == world.organisation("agency").id)
    )
    return list(db.session.scalars(mine.order_by(Event.id)))


def test_anybody_reads_who_is_on_a_list_while_it_counts(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world), SERIOUS, number="记号甲"))
    (listing,) = listings()
    assert "外部名录上的单位(1)" in Visitor(app).get("/credit/records").text

    def seen() -> bool:
        page, table = Visitor(app).get("/credit/listings"), Visitor(app).get("/credit/listings.csv")
        assert page.status == table.status == 200
        assert (listing.identifier in page.text) is (listing.identifier in table.text)
        return listing.identifier in page.text

    assert seen()
    page = Visitor(app).get("/credit/listings").text
    rule = policy.current().lists["serious"]
    for words in ("国家企业信用信息公示系统", rule.basis, "2026-02-02", "2029-02-02"):
        assert words in page, words
    assert listing.identifier not in Visitor(app).get("/credit/listings?list=abnormal").text
    time.instant += timedelta(hours=1)
    dispute(world, listing.identifier)
    assert not seen(), "disputed"
    acts.reject(world.actor("regulator"), listing.identifier, reason="登记机关确认就是该单位")
    assert seen()
    bring(world, whole=["serious"])
    assert not seen(), "removed"


def test_whoever_is_on_a_list_has_it_to_do_and_finds_it_in_the_menu(
    app: Flask, world: World, time: Any
) -> None:
    agency = sign_in(app, world, "agency")
    assert "处理:列入" not in agency.get("/my").text
    bring(world, row(code(world)))
    (listing,) = listings()
    page = f"/credit/listings/{listing.identifier}"
    shown = agency.get("/my")
    assert "处理:列入经营异常名录" in shown.text
    assert shown.soup.select_one(f'main a[href="{page}"]') is not None
    assert shown.soup.select_one('a[href="/my/records"]') is not None
    assert agency.get("/my/records").soup.select_one(f'a[href="{page}"]') is not None
    assert sign_in(app, world, "second").get("/my/records").soup.select_one("#listings") is None
    dispute(world, listing.identifier)
    assert "处理:列入" not in sign_in(app, world, "agency").get("/my").text
    assert page in sign_in(app, world, "agency").get("/my/records").text, "it is still there to read"


def test_it_is_told_what_a_listing_stops_and_when_that_is_over(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world), SERIOUS), second=False)
    assert not _told(world), "it waits"
    bring(world, row(code(world), SERIOUS, reason="另有说明"))
    (stop,) = _told(world)
    with app.test_request_context():
        assert event_sentence(stop) == "限制措施开始"
        said = ";".join(event_details(stop))
        stop.data["duty"] = stop.data["removal"]
        assert "修复" not in ";".join(event_details(stop)), "nor in what was told before"
    assert all(words in said for words in ("参加投标", "签订新合同", "2029-02-02"))
    (listing,) = listings()
    time.instant += timedelta(hours=1)
    dispute(world, listing.identifier)
    assert [each.kind.partition(".")[2] for each in _told(world)] == ["stop", "open"]
    acts.reject(world.actor("regulator"), listing.identifier, reason="登记机关确认就是该单位")
    assert [each.kind.partition(".")[2] for each in _told(world)] == ["stop", "open", "stop"]
    bring(world, whole=["serious"])
    assert [each.kind.partition(".")[2] for each in _told(world)] == ["stop", "open", "stop", "open"]
    assert _told(world)[-1].data["opens"] == stop.data["stops"]


def test_an_award_is_looked_at_anew_when_its_agency_is_listed(app: Flask, world: World, time: Any) -> None:
    world.awarded()
    drain()
    bring(world, row(code(world), SERIOUS))
    drain()
    db.session.rollback()
    award = db.session.scalars(select(Award).order_by(Award.id.desc())).first()
    assert award is not None
    assert award.unfit is not None
    bring(world, whole=["serious"])
    drain()
    db.session.refresh(award)
    assert award.unfit is None


def test_a_kind_that_does_not_fit_its_subject_is_refused(app: Flask, world: World) -> None:
    for kind, subject in (("late_payment", "agency"), ("false_report", "buyer")):
        with pytest.raises(RuleViolation, match="不适用于") as refused:
            cases.proposed(world, kind=kind, subject=subject)
        assert refused.value.field == "kind"
    page = sign_in(app, world, "regulator").get("/credit/records/new")
    assert "逾期付款(项目业主)" in page.text
    cases.proposed(world, kind="late_payment", subject="buyer", source="另一份")
    rules = policy.current()
    assert {each.key for each in rules.kinds.values() if "agency" not in each.subjects} == {
        "late_payment",
        "not_contracted",
    }


def test_the_notice_says_what_it_takes_how_long_it_lasts_and_what_it_stops(app: Flask, world: World) -> None:
    record = cases.notified(world)
    drain()
    (paper,) = [each for each in of_case(db.session, "credit_record", record) if each.issued]
    facts = dict(paper.issued["facts"])
    assert facts["生效后计分"] == "-35"
    assert facts["生效后限制"] == "参与报价、参加投标、接受中选"
    assert facts["拟定期限"] == "24 个月(决定在 12 到 36 个月之间确定)"
    records.waive(world.actor("agency"), record)
    records.uphold(world.actor("decider"), record, reason=cases.REASON, months=18)
    drain()
    db.session.rollback()
    decided = [each for each in of_case(db.session, "credit_record", record) if each.issued][-1]
    assert dict(decided.issued["facts"])["期限"].startswith("18 个月,至 ")


def test_the_policy_page_has_the_lists_and_how_long_records_last(app: Flask, world: World) -> None:
    page, rules = Visitor(app).get("/credit/policy").text, policy.current()
    for each in rules.lists.values():
        assert all(words in page for words in (each.zh, each.basis, each.listed, each.duty))
    for words in ("1–3 个月", "3–12 个月", "12–36 个月", "须另一人核对", "国家企业信用信息公示系统"):
        assert words in page, words


def test_what_it_stops_is_said_everywhere_by_the_policy_in_effect(
    app: Flask, world: World, time: Any, monkeypatch: Any
) -> None:
    bring(world, row(code(world), SERIOUS))
    _told(world)
    (listing,) = listings("listed")
    found = policy.current()
    of = replace(found.lists["serious"], limits=("award",), basis="新法第一条", duty="照新规定办")
    monkeypatch.setattr(policy, "current", lambda: replace(found, lists={**found.lists, "serious": of}))
    agency = world.organisation("agency")
    stops = restrictions.of(db.session, [agency])[agency.id]
    assert [(each.activity, each.basis) for each in stops] == [("award", "新法第一条")]
    assert limits_of(listing) == ["award"]
    assert "新法第一条" in Visitor(app).get("/credit/listings").text
    assert "新法第一条" in Visitor(app).get("/credit/listings.csv").text
    assert "照新规定办" in sign_in(app, world, "agency").get("/my").text
    dispute(world, listing.identifier)
    assert _told(world)[-1].data["opens"] == ["award"]
    gone = {key: each for key, each in found.lists.items() if key != "serious"}
    sources = {**found.sources, "gsxt": replace(found.sources["gsxt"], zh="新公示网站")}
    rules = replace(found, lists=gone, sources=sources)
    monkeypatch.setattr(policy, "current", lambda: rules)
    assert limits_of(listing) == []
    assert listing.site.zh == "新公示网站"
    assert "新公示网站" in sign_in(app, world, "agency").get(f"/credit/listings/{listing.identifier}").text
    assert Visitor(app).get("/credit/listings").status == 200
