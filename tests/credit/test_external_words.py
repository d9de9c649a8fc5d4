"""The columns and names of lists kept elsewhere, and which site's word holds, as readers meet them."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market import spreadsheets
from market.agencies.shapes import AGENCIES
from market.credit.actions import external, fetching
from market.extensions import db
from market.spreadsheets import as_csv
from models.actors import SYSTEM
from models.credit.external import ExternalEntry, ExternalFetch
from models.errors import MalformedResponse, RuleViolation
from tests.credit.external_lists import HEADING, STRANGER, bring, entry, listings, row, says, site, table
from tests.web import Visitor, sign_in

SERIOUS = "严重违法失信名单"


def code(world: World) -> str:
    return world.organisation("agency").uscc


def take(world: World, heading: list[str], *rows: list[str]) -> ExternalFetch:
    key = external.bring_in(
        world.actor("regulator"), source="gsxt", file_name="名录.csv", content=table(*rows, heading=heading)
    )
    db.session.rollback()
    return db.session.get_one(ExternalFetch, int(key))


@pytest.mark.parametrize(
    "heading", ["解除日期", "移出时间", "退出日期", "信用修复日期", "移 出\u3000日期", "REMOVED ON"]
)
def test_whoever_was_taken_off_is_known_by_whatever_a_site_calls_it(
    app: Flask, world: World, time: Any, heading: str
) -> None:
    told = [*HEADING[:5], heading, *HEADING[6:]]
    take(world, told, row(code(world), removed="2026-03-01"))
    assert not listings()


def test_a_column_nobody_knows_is_refused_by_name_and_not_left_unread(
    app: Flask, world: World, time: Any
) -> None:
    told = [*HEADING[:5], "撤出之日", *HEADING[6:]]
    with pytest.raises(RuleViolation) as refused:
        take(world, told, row(code(world), removed="2026-03-01"))
    assert refused.value.field == "file"
    assert refused.value.params["columns"] == ["“撤出之日”"]
    english = Visitor(app, world.emails["regulator"], "en")
    file = (BytesIO(table(row(code(world)), heading=told)), "list.csv")
    said = english.submit("/credit/external/new", source="gsxt", file=file).error_at("file")
    assert "撤出之日" in said
    assert "removed on" in said
    assert db.session.query(ExternalEntry).count() == 0
    with site() as (server, url):
        server.answer = says(entry(code(world), removed="2026-03-01"))
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}")
        with pytest.raises(MalformedResponse, match="不认识的项"):
            fetching.fetch_one(SYSTEM, "gsxt")


def test_columns_nothing_is_taken_from_are_named_beside_the_fetch(
    app: Flask, world: World, time: Any
) -> None:
    heading = ["序号", *HEADING, "移出原因"]
    fetch = take(world, heading, ["1", *row(STRANGER, removed="2026-03-01"), "已经改正"])
    assert fetch.ignored == "serial,removal_reason"
    assert "没有用的列:序号、移出原因" in sign_in(app, world, "regulator").get("/credit/fetches").text
    with pytest.raises(RuleViolation, match="没有写移出日期"):
        take(world, heading, ["1", *row(STRANGER), "已经改正"])


@pytest.mark.parametrize("twin", ["列入 时间", "\ufeff列入\u3000日期", "Entered On", "entered_on"])
def test_one_column_by_two_of_its_names_is_refused(app: Flask, world: World, time: Any, twin: str) -> None:
    with pytest.raises(RuleViolation, match="同一项") as refused:
        take(world, [*HEADING, twin], [*row(STRANGER), "2026-03-01"])
    assert "列入日期" in str(refused.value.params["columns"])


def test_a_column_without_a_heading_is_read_or_refused(app: Flask, world: World, time: Any) -> None:
    told = row(STRANGER)
    take(world, [*HEADING, "", ""], [*told, "", ""])
    for place, letter in ((8, "I"), (9, "J")):
        with pytest.raises(RuleViolation, match="没有表头") as refused:
            take(world, [*HEADING, "", ""], [*[*told, ""][:place], "值"])
        assert refused.value.params["column"] == letter


def test_other_tables_refuse_the_twins_and_take_what_they_do_not_know(world: World) -> None:
    needed = ("uscc", "name", "region")
    rows = [["统一社会信用代码", "机构名称", "地区", "官网"], [STRANGER, "甲", "西宁市", "example.cn"]]
    assert spreadsheets.read(as_csv(rows), AGENCIES, needed)[0]["name"] == "甲"
    rows[0][3] = "Name"
    with pytest.raises(RuleViolation, match="同一项"):
        spreadsheets.read(as_csv(rows), AGENCIES, needed)


def test_what_is_missing_is_named_in_the_readers_language(app: Flask, world: World, time: Any) -> None:
    english = Visitor(app, world.emails["regulator"], "en")
    file = (BytesIO(table(row(STRANGER)[:6], heading=HEADING[:6])), "list.csv")
    said = english.submit("/credit/external/new", source="gsxt", file=file).error_at("file")
    assert "grounds, deciding authority" in said
    assert "列入事由" not in said
    assert "grounds, deciding authority" in english.get("/credit/fetches").text
    agency = Visitor(app, world.emails["agency"], "en")
    file = (BytesIO(as_csv([["item"], ["CON-03"]])), "fees.csv")
    said = agency.submit("/imports/new?kind=fees", kind="fees", file=file).error_at("file")
    assert "days" in said
    assert "承诺工期" not in said


def test_a_name_that_is_not_the_registered_one_is_shown_to_whoever_confirms(
    app: Flask, world: World, time: Any
) -> None:
    named = world.organisation("agency").name
    bring(world, row(code(world), SERIOUS, name="另一家公司"), second=False)
    (listing,) = listings("waiting")
    world.member("regulator", "checker")
    checker = sign_in(app, world, "checker")
    page = f"/credit/listings/{listing.identifier}"
    for address in (page, f"{page}/confirm"):
        assert f"另一家公司(与登记名称“{named}”不同)" in checker.get(address).text
    assert "网站上的名称:另一家公司,与登记名称不同" in checker.get("/credit/external").text
    assert "另一家公司" in checker.get("/credit/external.csv").text
    checker.submit(f"{page}/confirm")
    assert "另一家公司" not in Visitor(app).get(page).text
    bring(world, row(world.organisation("second").uscc, name=f" {world.organisation('second').name}"))
    assert "与登记名称" not in checker.get(f"/credit/listings/{listings()[-1].identifier}").text


def test_a_site_that_prevails_by_silence_is_named_with_its_day(app: Flask, world: World, time: Any) -> None:
    bring(world, row(STRANGER), whole=["abnormal"])
    time.instant += timedelta(days=3)
    day = (time.instant - timedelta(days=3)).date().isoformat()
    bring(world, row(code(world), entered="2026-02-02"), source="province")
    assert not listings()
    regulator = sign_in(app, world, "regulator")
    said = f"截至 {day},全部名录里没有这一条"
    assert f"国家企业信用信息公示系统:{said}" in regulator.get("/credit/external").text
    exported = regulator.get("/credit/external.csv").text
    assert f"国家企业信用信息公示系统,{said}" in exported.replace('"', "")
    bring(world, row(code(world), removed="2026-02-20"))
    assert "国家企业信用信息公示系统:2026-02-20 已移出" in regulator.get("/credit/external").text


def test_the_page_of_a_listing_names_the_sites_that_do_not_have_it(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world), SERIOUS), source="province")
    time.instant += timedelta(days=1)
    bring(world, row(STRANGER, SERIOUS), whole=["serious"], second=False)
    (listing,) = listings("listed_changing")
    page = sign_in(app, world, "regulator").get(f"/credit/listings/{listing.identifier}")
    (line,) = [each.text for each in page.soup.select("tr") if "全部名录里没有这一条" in each.text]
    assert "国家企业信用信息公示系统" in line
    assert "以此为准" in line
