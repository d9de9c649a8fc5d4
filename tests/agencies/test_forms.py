"""Fees and qualifications: what the forms refuse, and what they publish."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import update

from harness.factories import World
from market.agencies.views import answering
from market.extensions import db
from market.indexing import rebuild_index
from models import pricing
from models.agencies.eligibility import check_eligible
from models.agencies.fees import FeeSchedule, published_prices
from models.catalogue import item_by_code
from models.errors import RuleViolation
from search import Query
from search.documents import agency_documents
from tests.web import sign_in

FEES = {
    "item_code": "WAT-01",
    "method": "fixed",
    "standard": "",
    "price": "100",
    "days": "20",
    "note": "留着",
}
BY_AMOUNT, BY_COUNT = {"item_code": "CON-03"}, {"item_code": "SUR-01"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": ""}, "terms"),
        ({"price": "-1"}, "price"),
        ({"days": "0"}, "days"),
        ({"days": "501"}, "days"),
        ({"discount": "x"}, "discount"),
        ({"discount": "9"}, "terms"),
        ({"method": ""}, "method"),
        ({"method": "guess"}, "method"),
        ({**BY_AMOUNT, "method": "progressive", "table": "100"}, "table"),
        ({**BY_AMOUNT, "method": "progressive", "table": "100, 0.1"}, "terms"),
        ({**BY_AMOUNT, "method": "progressive", "table": "200, 0.1\n100, 0.1\n*, 0.1"}, "terms"),
        ({**BY_AMOUNT, "method": "interpolated", "table": "100, 10\n50, 20"}, "terms"),
        ({**BY_AMOUNT, "method": "progressive", "table": "*, 0"}, "terms"),
        ({**BY_AMOUNT, "method": "progressive", "table": "100, 0\n*, 0.1"}, "terms"),
        ({**BY_AMOUNT, "standard": "none/such"}, "standard"),
        ({"floor": "200", "cap": "100"}, "terms"),
        ({"effective_from": "2020-01-01"}, "effective_from"),
    ],
)
def test_fees(app: Flask, world: World, change: dict[str, str], field: str) -> None:
    answer = sign_in(app, world, "agency").submit("/my/fees/new", **{**FEES, **change})
    assert answer.status == 422
    if field == "terms":  # what the fields make together is said above them
        assert answer.soup.select_one(".problem p").get_text(strip=True)
    else:
        assert answer.error_at(field)
    assert answer.value_of("note") == "留着"


def test_fees_of_every_method_are_published_as_versions(app: Flask, world: World) -> None:
    agency = sign_in(app, world, "agency")
    for change in (
        {"price": "90"},
        {**BY_COUNT, "method": "per_unit", "price": "12.5"},
        {**BY_AMOUNT, "method": "progressive", "table": "1000000, 0.015\n*, 0.01"},
        {**BY_AMOUNT, "method": "interpolated", "table": "0, 100\n1000000, 20000"},
        {**BY_AMOUNT, "standard": "tender-agency-2002-1980/works", "discount": "0.8"},
    ):
        assert agency.submit("/my/fees/new", **{**FEES, **change}).status == 303
    page = agency.get(f"/agencies/{world.identifiers['agency']}").text
    assert "第 3 版" in page
    assert "80%" in page
    assert "每亩 ¥ 12.50" in page


MEASURED = {
    "WAT-01": ["fixed"],
    "SUR-01": ["fixed", "per_unit"],
    "CON-03": ["fixed", "progressive", "interpolated"],
}


@pytest.mark.parametrize(("item", "offered"), MEASURED.items(), ids=MEASURED)
def test_a_method_an_item_has_no_base_for_is_neither_offered_nor_taken(
    app: Flask, world: World, item: str, offered: list[str]
) -> None:
    agency = sign_in(app, world, "agency")
    page = agency.get(f"/my/fees/new?item={item}")
    shown = page.soup.select("main input[name=method]")
    assert [choice["value"] for choice in shown] == offered
    for name, method in pricing.METHODS.items():
        sent = {**FEES, "item_code": item, "method": name, "table": method.example.table, "floor": "1000"}
        answer = agency.submit("/my/fees/new", **sent)
        assert answer.status == (303 if name in offered else 422), name
        if name not in offered:
            assert "算不出价格" in answer.error_at("method")
    if item != "CON-03":
        standard = {**FEES, "item_code": item, "standard": "tender-agency-2002-1980/works"}
        assert "算不出价格" in agency.submit("/my/fees/new", **standard).error_at("standard")


def test_the_item_is_chosen_first_and_what_is_still_lacking_is_said_before_publishing(
    app: Flask, world: World
) -> None:
    agency = sign_in(app, world, "agency")
    page = agency.get("/my/fees/new")
    groups = {
        group["label"]: [option["value"] for option in group.select("option")]
        for group in page.soup.select("select[name=item_code] optgroup")
    }
    assert "WAT-01" in groups["资质和人员齐备"]
    (short,) = (codes for label, codes in groups.items() if label.startswith("还缺"))
    assert {"SUR-01", "EIA-01"} <= set(short), "one lacks the certificate, the other the people"
    assert (
        agency.submit("/my/fees/new", choose="1", item_code="SUR-01").location == "/my/fees/new?item=SUR-01"
    )
    assert agency.submit("/my/fees/new", choose="1", item_code="NONE-1").error_at("item_code")
    for item, lacks in (("SUR-01", "测绘资质"), ("EIA-01", "环境影响评价工程师")):
        assert lacks in agency.get(f"/my/fees/new?item={item}").soup.select_one("[role=status]").get_text()
    assert not agency.get("/my/fees/new?item=WAT-01").soup.select("[role=status]")
    made = agency.submit("/my/fees/new", **FEES | {"item_code": "SUR-01"}).location
    assert "还不能报价" in agency.get(made).text, "it is published, and says so"
    assert "还不能报价" not in sign_in(app, world, "second").get(made).text


@pytest.mark.parametrize(
    ("item", "typed", "shown", "price"),
    [
        ("SUR-01", "12", "12 亩", "¥ 1,200.00"),
        ("SUR-01", "1,200亩", "1,200 亩", "¥ 120,000.00"),
        ("CON-03", "6000万", "6000万(¥ 60,000,000.00)", "¥ 100.00"),
    ],
)
def test_the_trial_size_is_shown_as_typed_and_with_its_unit(
    app: Flask, world: World, item: str, typed: str, shown: str, price: str
) -> None:
    sent = {**FEES, "item_code": item, "method": "fixed" if item == "CON-03" else "per_unit", "size": typed}
    page = sign_in(app, world, "agency").submit("/my/fees/new", **sent, preview="1")
    assert page.status == 200
    assert [heading.get_text(strip=True) for heading in page.soup.select("#preview h3")] == [shown]
    assert page.soup.select_one("#preview dd").get_text() == price
    refused = sign_in(app, world, "agency").submit("/my/fees/new", **{**sent, "size": "12 个半"}, preview="1")
    assert (refused.status, refused.value_of("size")) == (422, "12 个半")
    assert refused.error_at("size")


def test_terms_older_than_how_an_item_is_measured_price_nothing_and_nobody_quotes_by_them(
    app: Flask, world: World
) -> None:
    """They stay in the history, and say so; a page that compares leaves them out."""
    agency = world.organisation("agency")
    db.session.execute(
        update(FeeSchedule)
        .where(FeeSchedule.agency_id == agency.id)
        .values(terms={"method": "progressive", "bands": [[None, "0.01"]], "floor": 8_000_00})
    )
    db.session.commit()
    item = item_by_code(db.session, "WAT-01")
    with pytest.raises(RuleViolation, match="公示新的版本"):
        check_eligible(db.session, agency, item)
    assert agency.identifier not in {
        s.agency.identifier for s, _price in published_prices(db.session, "WAT-01", item.example)
    }
    identifier = agency.identifier
    assert "算不出" in sign_in(app, world, "visitor").get(f"/agencies/{identifier}/fees/WAT-01").text
    for page in ("/items/WAT-01", "/agencies?item=WAT-01", f"/agencies/{identifier}"):
        found = sign_in(app, world, "visitor").get(page)
        assert found.status == 200
        assert "¥ 8,000.00" not in found.text.replace("最低 ¥ 8,000.00", "")
    assert agency_documents(db.session)[identifier]["offers"] == {}
    rebuild_index()
    for order in ("price", "speed"):
        found = current_app.extensions["search"].search(db.session, Query(item="WAT-01", order=order))
        assert (found.total, found.keys[-1]) == (3, identifier), "it comes last, and the index goes on"
        assert found.backend != "sql"
    prices = answering.prices(item, "")
    assert prices is not None
    assert prices.agencies == 2, "those who price it"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_from": "2030-01-01"}, "valid_until"),
        ({"valid_until": "never"}, "valid_until"),
        ({"valid_from": "0001-01-01"}, "valid_from"),
        ({"valid_until": "9999-12-31"}, "valid_until"),
        ({"number": ""}, "number"),
        ({"kind": "不存在的资质"}, "kind"),
        ({"file": b"MZ"}, "file"),
    ],
)
def test_qualifications(app: Flask, world: World, change: dict[str, Any], field: str) -> None:
    held = {
        "kind": "水资源论证单位水平评价",
        "number": "Z-1",
        "issuer": "水利部",
        "valid_from": "2025-01-01",
        "valid_until": "2027-01-01",
    }
    agency = sign_in(app, world, "agency")
    answer = agency.submit("/my/qualifications/new", **{**held, **change})
    assert answer.status == 422
    assert answer.error_at(field)
    assert agency.submit("/my/qualifications/new", **held).status == 303
    assert "已经登记过" in agency.submit("/my/qualifications/new", **held).error_at("number")
