"""Where an agency serves: said by itself, shown and filtered by; the seat where it said nothing."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import COUNTY, World
from market.agencies.actions.serving import declare
from market.extensions import db
from models import regions
from models.accounts import Organisation
from models.agencies.serving import areas_of, outermost, served, serves, serving
from models.errors import RuleViolation
from models.events import Event
from models.sourcing.tenders import Tender
from tests.web import Visitor, sign_in

CODES = [row["code"] for row in regions.published() if regions.covers("630000", row["code"])]


@given(st.lists(st.sampled_from(CODES), max_size=8), st.sampled_from(CODES))
def test_the_outermost_areas_serve_what_all_of_them_do(codes: list[str], place: str) -> None:
    kept = outermost(codes)
    assert serves(kept, place) == serves(codes, place)
    assert outermost(kept) == kept
    assert not any(a != b and regions.covers(a, b) for a in kept for b in kept)


def _serving(region: str) -> set[str]:
    db.session.rollback()
    query = select(Organisation.name).where(Organisation.kind == "agency", serving(region))
    return {name.removesuffix("单位") for name in db.session.scalars(query)}


def test_who_said_nothing_serves_its_seat_and_sql_says_the_same(world: World) -> None:
    declare(world.actor("second"), areas=["630000", "630102"])
    declare(world.actor("third"), areas=["630100", "632802"])
    db.session.rollback()
    agencies = db.session.scalars(select(Organisation).where(Organisation.kind == "agency")).all()
    said = areas_of(db.session, None)
    assert served(world.organisation("agency"), said) == [COUNTY]
    assert said[world.organisation("second").id] == ["630000"], "one that lies in another is not kept"
    for region in ("630000", "630100", "630102", "632800", "632801", "632802", "540000"):
        expected = {a.name.removesuffix("单位") for a in agencies if serves(served(a, said), region)}
        assert _serving(region) == expected, region
    assert _serving("630102") == {"second", "third"}
    assert _serving(COUNTY) == {"agency", "second"}


def test_it_is_public_once_and_taken_back(world: World) -> None:
    actor = world.actor("agency")
    declare(actor, areas=["632800"])
    declare(actor, areas=["632800"])
    declare(actor, areas=[])
    db.session.rollback()
    told = [
        (event.data["areas"], event.audience)
        for event in db.session.scalars(select(Event).where(Event.kind == "organisation.serve"))
    ]
    assert told == [(["632800"], "public"), ([COUNTY], "public")]
    assert areas_of(db.session, None) == {}


def test_areas_elsewhere_and_too_many_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuleViolation) as refused:
        declare(world.actor("agency"), areas=["540000"])
    assert refused.value.field == "areas"
    with pytest.raises(RuleViolation) as refused:
        declare(world.actor("agency"), areas=[code for code in CODES if not code.endswith("00")])
    assert refused.value.params["most"] == 40


def test_an_agency_says_it_on_a_page_in_any_spelling(app: Flask, world: World) -> None:
    agency = sign_in(app, world, "agency")
    refused = agency.submit("/my/service-areas", areas=["630100"], counties="火星")
    assert (refused.status, "没有叫“火星”的地区" in refused.error_at("counties")) == (422, True)
    assert refused.value_of("counties") == "火星"
    doubted = agency.submit("/my/service-areas", areas=[], counties="gem\nyushu")
    assert "玉树藏族自治州玉树市" in doubted.error_at("counties")
    done = agency.submit("/my/service-areas", areas=["630100"], counties="gem、Delingha, 632822")
    assert done.status == 303
    assert areas_of(db.session, None) == {
        world.organisation("agency").id: ["630100", "632801", "632802", "632822"]
    }
    again = agency.get("/my/service-areas")
    assert [b["value"] for b in again.soup.select("input[name=areas][checked]")] == ["630100"]
    assert "格尔木市" in again.soup.select_one("textarea").get_text()
    assert "德令哈市" in Visitor(app).get(f"/agencies/{world.identifiers['agency']}").text


@pytest.mark.parametrize(
    ("typed", "found"), [("gem", True), ("xining", False), ("海西", True), ("青海", True)]
)
def test_the_filter_of_a_list_goes_by_what_is_served(
    app: Flask, world: World, typed: str, found: bool
) -> None:
    listed = Visitor(app).get(f"/agencies?item=WAT-01&region={typed}").soup
    assert bool(listed.select("table.agencies input[name=agency]")) == found
    cost = Visitor(app).get(f"/items/WAT-01?region={typed}")
    assert ("agency单位" in cost.text) == found


def test_a_filter_that_is_not_understood_says_so_and_offers_what_may_be_meant(
    app: Flask, world: World
) -> None:
    for path in ("/agencies", "/requests", "/credit", "/items/WAT-01"):
        doubt = Visitor(app).get(f"{path}?region=yushu").soup.select_one("#region-error")
        assert doubt is not None, path
        assert [a.get_text() for a in doubt.select("a")] == ["玉树藏族自治州", "玉树藏族自治州玉树市"], path
        assert all("region=6327" in a["href"] and a["href"].startswith(path) for a in doubt.select("a"))
        nothing = Visitor(app).get(f"{path}?region=火星").soup
        assert "没有叫“火星”的地区" in nothing.select_one("#region-error").get_text()
        assert nothing.select_one("input[name=region]")["value"] == "火星"


def test_a_form_takes_a_region_as_it_is_typed_and_asks_where_it_may_be_two(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    form = {"item_code": "WAT-01", "project": "高标准农田项目"}
    refused = buyer.submit("/requests/new?key=one", **form, region_code="yushu")
    assert refused.status == 422
    assert refused.value_of("region_code") == "yushu"
    offered = refused.soup.select("input[type=radio][name=region_code]")
    assert [radio["value"] for radio in offered] == ["632700", "632701"]
    chosen = buyer.submit("/requests/new?key=one", **form, region_code=["yushu", "632701"])
    assert chosen.status == 303
    assert db.session.scalars(select(Tender.region_code)).all() == ["632701"]
    anew = buyer.submit("/requests/new?key=two", **form, region_code=["gem", "632701"])
    assert anew.status == 303, "typed anew"
    nothing = buyer.submit("/requests/new?key=three", **form, region_code="火星")
    assert "没有找到这个地区" in nothing.error_at("region_code")


def test_in_english_a_region_is_called_in_english(app: Flask, world: World) -> None:
    page = Visitor(app, language="en").get("/agencies?region=632801")
    assert page.soup.select_one("input[name=region]")["value"] == "Golmud City, Haixi"
    assert "Golmud City" in page.soup.select_one("table.agencies").get_text()
