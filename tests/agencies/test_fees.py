"""Published fees: what they come to while one writes them, guidance, versions and what each changed.

The certificate.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.agencies.actions import publishing
from market.extensions import db
from models import documents
from models.agencies.fees import schedules_in_force
from models.credit.trend import quarters
from models.errors import RuleViolation
from models.money import show
from models.pricing import Quantity, band, from_standard, price, standards
from tests.web import Visitor, sign_in

EIA = f"eia-2002-125/{next(iter(standards()['eia-2002-125']['tables']))}"
FORM = {"item_code": "WAT-01", "method": "fixed", "standard": "", "price": "45,000", "days": "20"}


def test_the_page_says_what_is_needed_and_what_publishing_binds_to(app: Flask, world: World) -> None:
    visitor = sign_in(app, world, "agency")
    page = visitor.get("/my/fees/new?item=WAT-01").soup
    for name in ("price", "days"):
        assert page.select_one(f"label[for={name}] .must"), name
    assert page.select(".error") == [], "nothing is wrong before anything is typed"
    said = {dt.get_text(): dt.find_next("dd").get_text() for dt in page.select(".binds dt")}
    assert list(said) == ["办理", "金额", "办理后", "这意味着", "能否撤销"]
    assert "代替第 1 版" in said["办理后"]
    assert page.select_one(".binds button").get_text() == "公示这项收费", "it stands above the button"
    refused = visitor.submit("/my/fees/new", **{**FORM, "price": "", "days": ""})
    assert refused.status == 422
    assert "请填写" in refused.error_at("price")
    assert "请填写" in refused.error_at("days")
    assert "请填写价格" in visitor.submit("/my/fees/new", **{**FORM, "price": ""}, preview="1").text


def test_a_preview_compares_with_what_is_in_force_the_standard_and_the_others(
    app: Flask, world: World
) -> None:
    visitor = sign_in(app, world, "agency")
    page = visitor.submit("/my/fees/new", **FORM, preview="1")
    assert page.status == 200
    shown = {dt.get_text(): dt.find_next("dd").get_text() for dt in page.soup.select("#preview dt")}
    assert shown == {
        "您的价格": "¥ 45,000.00",
        "现行公示价": "¥ 50,000.00",
        "其他机构": "¥ 46,000.00 – ¥ 48,000.00",
        "其他机构的中位数": "¥ 47,000.00",
    }
    assert page.value_of("price") == "45,000"
    assert schedules_in_force(db.session, agency_id=world.organisation("agency").id)[0].version == 1, (
        "a preview publishes nothing"
    )
    token = page.value_of("csrf_token")
    guided = visitor.post(
        "/my/fees/preview",
        {
            "csrf_token": token,
            "item_code": "EIA-01",
            "standard": EIA,
            "method": "fixed",
            "discount": "0.9",
            "size": "60,000,000",
            "days": "30",
        },
    )
    assert "<html" not in guided.text
    by_standard = price(from_standard(EIA), Quantity(amount=6_000_000_000))
    for sum_ in (by_standard, round(by_standard * 0.9), round(by_standard * 0.8), round(by_standard * 1.2)):
        assert show(sum_) in guided.text
    assert (
        "引用"
        in visitor.post(
            "/my/fees/preview", {"csrf_token": token, "item_code": "EIA-01", "method": "fixed", "price": "1"}
        ).text
    )
    assert (
        visitor.post(
            "/my/fees/preview",
            {"csrf_token": token, "item_code": "EIA-01", "method": "progressive", "table": "x"},
        ).status
        == 200
    )


def test_a_guided_price_rests_on_its_standard_and_keeps_its_band(world: World) -> None:
    terms = {**from_standard(EIA), "standard": EIA}
    assert [float(share) for share in band("eia-2002-125")] == [0.8, 1.2]
    for discount in ("0.79", "1.21"):
        with pytest.raises(RuleViolation) as refused:
            publishing.publish_fees(
                world.actor("agency"), item_code="EIA-01", terms={**terms, "discount": discount}, days=30
            )
        assert refused.value.field == "discount"
    with pytest.raises(RuleViolation, match="与标准一致"):
        publishing.publish_fees(
            world.actor("agency"), item_code="EIA-01", terms={**terms, "above": "0.5"}, days=30
        )
    publishing.publish_fees(
        world.actor("agency"), item_code="EIA-01", terms={**terms, "discount": "0.8"}, days=30
    )


def test_versions_show_what_each_changed_and_from_when(app: Flask, world: World, time: Any) -> None:
    publishing.publish_fees(
        world.actor("agency"),
        item_code="WAT-01",
        terms={"method": "fixed", "price": 4_400_000, "floor": 1_000_000},
        days=15,
        effective_from=world.day(10),
        note="年度调整",
    )
    path = f"/agencies/{world.identifiers['agency']}/fees/WAT-01"
    page = Visitor(app).get(path)
    rows = [[cell.get_text(strip=True) for cell in row.select("td")] for row in page.soup.select("tbody tr")]
    assert rows == [
        ["价格", "¥ 50,000.00", "¥ 44,000.00"],
        ["最低收费", "—", "¥ 10,000.00"],
        ["承诺工期(工作日)", "20", "15"],
        ["说明", "—", "年度调整"],
        ["规模 一项", "¥ 50,000.00", "¥ 44,000.00"],
    ]
    assert [h.get_text(" ", strip=True).split() for h in page.soup.select("h2")][1][-1] == "现行"
    time.instant += timedelta(days=11)
    assert "现行" in Visitor(app).get(path).soup.select("h2")[0].get_text()


def test_a_credit_report_says_what_the_records_say_and_can_be_checked(
    app: Flask, world: World, time: Any
) -> None:
    world.settled()
    visitor = sign_in(app, world, "agency")
    path = visitor.submit("/my/credit-report").location
    assert visitor.submit("/my/credit-report").location == path, (
        "the same records on the same day are the same report"
    )
    identifier = path.rsplit("/", 1)[-1]
    page = Visitor(app).get(path)
    facts = {dt.get_text(): dt.find_next("dd").get_text() for dt in page.soup.select("main dl.facts dt")}
    assert facts["机构"] == "agency单位"
    assert facts["信用等级"].startswith("B")
    assert facts["完成合同"].startswith("1 份")
    content = Visitor(app).get(f"/papers/{identifier}.pdf").response.get_data()
    assert content[:4] == b"%PDF"
    assert "一个字节也没有改过" in Visitor(app).submit(path, file=content).text
    assert "不是平台签发" in Visitor(app).submit(path, file=content + b" ").text
    time.instant += timedelta(days=1)
    assert visitor.submit("/my/credit-report").location != path
    handed = documents.of_case(db.session, "organisation", world.identifiers["agency"])[0]
    assert Visitor(app).get(f"/check/{handed.identifier}").status == 404, (
        "what an agency handed in is no paper of ours"
    )


def test_an_agencys_page_draws_its_rates_over_time_and_names_its_people(
    app: Flask, world: World, time: Any
) -> None:
    path = f"/agencies/{world.identifiers['agency']}"
    assert "首次过审和按期提交" not in [h.get_text() for h in Visitor(app).get(path).soup.select("h2")], (
        "nothing to draw yet"
    )
    world.settled()
    time.instant += timedelta(days=100)
    world.settled()
    over = quarters(db.session, world.organisation("agency").id)
    assert [(q.name, q.on_time, q.first_pass) for q in over[-3:]] == [
        ("2025Q4", None, None),
        ("2026Q1", 1.0, 1.0),
        ("2026Q2", 1.0, 1.0),
    ]
    assert [(q.submitted, q.reviewed) for q in over[-2:]] == [(1, 1), (1, 1)]
    page = Visitor(app).get(path).soup
    drawn = page.select("svg circle title")
    assert [title.get_text() for title in drawn] == ["首次过审率 100%"] * 2 + ["按期提交率 100%"] * 2
    assert len(page.select("svg line.line")) == 2, "from one quarter to the next, of either rate"
    shown = {dt.get_text(): dt.find_next("dd").get_text() for dt in page.select("aside dt")}
    assert (shown["完成合同"], shown["履行中"]) == ("2", "0")
    assert "才旦" in page.get_text()
