"""Fees and qualifications: what the forms refuse, and what they publish."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from tests.web import sign_in

FEES = {
    "item_code": "WAT-01",
    "method": "fixed",
    "standard": "",
    "price": "100",
    "days": "20",
    "note": "留着",
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": ""}, "terms"),
        ({"price": "-1"}, "price"),
        ({"days": "0"}, "days"),
        ({"days": "501"}, "days"),
        ({"discount": "x"}, "discount"),
        ({"discount": "9"}, "terms"),
        ({"method": "progressive", "table": "100"}, "table"),
        ({"method": "progressive", "table": "100, 0.1"}, "terms"),
        ({"method": "progressive", "table": "200, 0.1\n100, 0.1\n*, 0.1"}, "terms"),
        ({"method": "interpolated", "table": "100, 10\n50, 20"}, "terms"),
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
        {"method": "per_unit", "price": "12.5"},
        {"method": "progressive", "table": "1000000, 0.015\n*, 0.01"},
        {"method": "interpolated", "table": "0, 100\n1000000, 20000"},
        {"standard": "tender-agency-2002-1980/works", "discount": "0.8"},
    ):
        assert agency.submit("/my/fees/new", **{**FEES, **change}).status == 303
    page = agency.get(f"/agencies/{world.identifiers['agency']}").text
    assert "第 6 版" in page
    assert "80%" in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_from": "2030-01-01"}, "valid_until"),
        ({"valid_until": "never"}, "valid_until"),
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
