"""A new pricing method is one module: `methods/by_class.py` alone, in every place a price passes."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import load_workbook

from harness.factories import World
from market import batches as doing
from market.agencies import imports, shapes
from market.extensions import db
from market.sourcing.actions import quotes
from market.spreadsheets import as_csv
from models import batches, pricing
from models.agencies.fees import schedules_in_force
from models.catalogue import item_by_code
from models.errors import RuleViolation
from search.documents import agency_documents
from tests.web import Visitor, sign_in

ITEM = "CON-03"  # priced by an amount, at the market's price
TABLE = "100万元, 20000\n500万元, 50000\n*, 80000"
FEES = {"item_code": ITEM, "method": "by_class", "standard": "", "table": TABLE, "days": "20"}
SAID = "分档定额: 100 万元 → ¥ 20,000.00; 500 万元 → ¥ 50,000.00; * → ¥ 80,000.00"


@pytest.fixture(autouse=True)
def by_class(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module stands in the package, as any method's does, for the length of a test."""
    before = dict(pricing.METHODS)
    monkeypatch.setattr(pricing, "__path__", [*pricing.__path__, str(Path(__file__).parent / "methods")])
    pricing.load_methods()
    yield
    sys.modules.pop("models.pricing.by_class")
    pricing.METHODS.clear()
    pricing.METHODS.update(before)


def test_it_is_offered_in_its_place_previewed_and_published_on_the_page(app: Flask, world: World) -> None:
    agency = sign_in(app, world, "agency")
    form = agency.get(f"/my/fees/new?item={ITEM}")
    offered = [option["value"] for option in form.soup.select("input[name=method]")]
    assert set(offered) == set(pricing.METHODS) - {"per_unit"}, "priced by an amount"
    places = [offered.index(name) for name in ("progressive", "by_class", "interpolated")]
    assert places == sorted(places)
    assert "分档定额——每行一档:上限(元), 定额(元)" in form.text
    assert SAID in agency.submit("/my/fees/new", **FEES, size="3,000,000", preview="1").text
    assert agency.submit("/my/fees/new", **FEES).status == 303
    again = {**FEES, "method": "fixed", "table": "", "price": "60000"}
    assert agency.submit("/my/fees/new", **again).status == 303
    history = Visitor(app).get(f"/agencies/{world.identifiers['agency']}/fees/{ITEM}")
    assert SAID in history.text
    rows = [[cell.get_text(strip=True) for cell in row.select("td")] for row in history.soup.select("tr")]
    assert ["计价方式", "分档定额", "固定价"] in rows
    assert ["定额档", "3 项", "—"] in rows
    refused = agency.submit("/my/fees/new", **{**FEES, "table": "很多, 很贵"})
    assert "“很多, 很贵”看不懂。每行一档:上限(元), 定额(元)" in refused.error_at("table")
    assert agency.submit("/my/fees/new", **{**FEES, "table": "100, 1"}).status == 422


def test_it_is_imported_by_the_table_exported_and_in_the_search(app: Flask, world: World) -> None:
    row = dict.fromkeys(shapes.FEES, "") | {"item": ITEM, "method": "分档定额", "days": "20"}
    rows = [{**row, "table": TABLE.replace("\n", " | ")}, {**row, "item": "WAT-01", "table": "x, 1"}]
    heading = [known[0] for known in shapes.FEES.values()]

    def upload(table: list[dict[str, str]]) -> str:
        content = as_csv([heading, *[list(each.values()) for each in table]])
        identifier = imports.upload_table(
            world.actor("agency"), kind="fees", file_name="f.csv", content=content
        )
        doing.run()
        return identifier

    refused = upload(rows)
    assert [[p["field"] for p in row.problems] for row in batches.rows_of(db.session, _batch(refused))] == [
        [],
        ["table"],
    ]
    doing.drop_batch(world.actor("agency"), refused)
    identifier = upload(rows[:1])
    doing.load_batch(world.actor("agency"), identifier)
    doing.run()
    agency = world.organisation("agency")
    (published,) = schedules_in_force(db.session, agency_id=agency.id, item_code=ITEM)
    assert published.terms == {
        "method": "by_class",
        "classes": [[100_000_000, 2_000_000], [500_000_000, 5_000_000], [None, 8_000_000]],
    }
    example = item_by_code(db.session, ITEM).example
    offers = agency_documents(db.session)[agency.identifier]["offers"]
    assert offers[ITEM] == [pricing.price(published.terms, example), 20]
    visitor = sign_in(app, world, "agency")
    text = visitor.get(f"/batches/{identifier}.csv").response.get_data().decode("utf-8-sig")
    book = load_workbook(io.BytesIO(visitor.get(f"/batches/{identifier}.xlsx").response.get_data())).active
    for cells in (list(csv.reader(io.StringIO(text))), [list(r) for r in book.iter_rows(values_only=True)]):
        assert cells[1][2] == f"{agency.identifier}·v1"


def test_requests_are_priced_by_it_and_no_quote_goes_above(app: Flask, world: World) -> None:
    assert sign_in(app, world, "agency").submit("/my/fees/new", **FEES).status == 303
    item = item_by_code(db.session, ITEM)
    world.authority("office", "department", department=item.department)
    tender = world.tender(item_code=ITEM, quantity={"amount": 3_000_000_00})
    with pytest.raises(RuleViolation, match="50,000"):
        quotes.submit(world.actor("agency"), tender, price=5_000_001, days=20)
    quotes.submit(world.actor("agency"), tender, price=5_000_000, days=20)
    assert "¥ 50,000.00" in sign_in(app, world, "buyer").get(f"/requests/{tender}/compare").text
    assert SAID in Visitor(app).get(f"/items/{ITEM}").text


def _batch(identifier: str) -> batches.Batch:
    db.session.rollback()
    return batches.load(db.session, identifier)
