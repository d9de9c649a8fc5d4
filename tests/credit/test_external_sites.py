"""Lists others keep over HTTP, by command and by page: what is refused leaves everything as it was."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.factories import World
from market import http_client
from market.credit.actions import external, fetching
from market.extensions import db
from models.actors import SYSTEM
from models.credit import policy
from models.credit.external import ExternalEntry, ExternalFetch, verdict
from models.credit.external_rows import HEADINGS, read
from models.errors import NotAllowed, RuleViolation
from tests.credit.external_lists import (
    HEADING,
    REASON,
    STRANGER,
    bring,
    entry,
    listings,
    row,
    says,
    site,
    table,
)
from tests.web import Visitor, sign_in

DAY = "2026-02-02"


def _code(world: World) -> str:
    return world.organisation("agency").uscc


def _failed() -> list[ExternalFetch]:
    db.session.rollback()
    return db.session.query(ExternalFetch).filter_by(state="failed").order_by(ExternalFetch.id).all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("91632801MA758QNH40")], ("第 2 行“统一社会信用代码”", "校验位")),
        ([row(STRANGER), row("12345")], ("第 3 行“统一社会信用代码”", "18 位")),
        ([row(STRANGER, "失信被执行人")], ("第 2 行“名录”", "没有名录“失信被执行人”")),
        ([row(STRANGER, entered="去年")], ("第 2 行“列入日期”", "不是日期")),
        ([row(STRANGER, entered="2099-01-01")], ("第 2 行“列入日期”", "还没有到")),
        ([row(STRANGER, entered="0001-01-01")], ("第 2 行“列入日期”", "不像真的日期")),
        ([row(STRANGER, removed="9999-12-31")], ("第 2 行“移出日期”", "不像真的日期")),
        ([row(STRANGER, entered="2013-12-31")], ("第 2 行“列入日期”", "早于这个名录施行的 2014-10-01")),
        ([row(STRANGER, "严重违法失信名单", entered="2015-01-01")], ("早于这个名录施行的 2016-04-01",)),
        ([row(STRANGER, removed="2026-01-01")], ("第 2 行“移出日期”", "早于列入日期")),
        ([row(STRANGER), row(STRANGER)], ("第 3 行“统一社会信用代码”", "与第 2 行重复")),
        ([row(STRANGER, reason="")], ("第 2 行“列入事由”", "没有填写")),
        ([row(STRANGER, number="字" * 61)], ("第 2 行“文号”", "最多 60 个字")),
        ([row("1"), row("2"), row("3", "某名单")], ("文件里有 4 处问题", "第 4 行“名录”")),
    ],
)
def test_a_file_with_anything_wrong_is_refused_whole_with_every_place(
    app: Flask, world: World, time: Any, rows: list[list[str]], said: tuple[str, ...]
) -> None:
    regulator = sign_in(app, world, "regulator")
    good = row(_code(world), number="先有的一条")
    page = regulator.submit(
        "/credit/external/new", source="gsxt", file=(BytesIO(table(*rows, good)), "名录.csv")
    )
    assert page.status == 422
    for words in said:
        assert words in page.text
    assert db.session.query(ExternalEntry).count() == 0
    assert not listings()


def test_a_column_that_is_missing_and_a_source_that_is_none(app: Flask, world: World, time: Any) -> None:
    with pytest.raises(RuleViolation, match="表头缺少"):
        external.bring_in(
            world.actor("regulator"),
            source="gsxt",
            file_name="x.csv",
            content=table(row(STRANGER)[:6], heading=HEADING[:6]),
        )
    with pytest.raises(RuleViolation, match="没有来源"):
        bring(world, row(STRANGER), source="某网站")
    with pytest.raises(NotAllowed):
        bring(world, row(STRANGER), actor=world.actor("agency"))
    with pytest.raises(RuleViolation, match="没有一行"):
        bring(world)


def test_english_headings_are_taken_as_well_and_no_heading_twice(app: Flask, world: World, time: Any) -> None:
    regulator = Visitor(app, world.emails["regulator"], "en")
    page = regulator.get("/credit/external/new").text
    assert "entered on · 列入日期 *" in re.sub("<span lang=[^>]*>|</span>", "", page)
    heading = ["credit code", "name", "list", "document number", "entered on", "removed on", "grounds"]
    heading.append("deciding authority")
    assert regulator.get("/credit/external/table.csv").text.startswith("\ufeff" + ",".join(heading))

    def send(*rows: list[str], heading: list[str]) -> Any:
        file = (BytesIO(table(*rows, heading=heading)), "list.csv")
        return regulator.submit("/credit/external/new", source="gsxt", file=file)

    wrong = send(row("12345"), heading=heading).text
    assert "Row 2, “credit code”" in wrong
    assert "below" not in wrong, "the places stand above the form"
    twice = send([*row(STRANGER), "2026-02-03"], heading=[*heading, "entered on"])
    assert twice.status == 422
    assert "entered on" in twice.error_at("file")
    assert db.session.query(ExternalEntry).count() == 0
    assert send(row(STRANGER), heading=heading).status == 303
    assert db.session.query(ExternalEntry).count() == 1


def test_a_whole_list_that_lost_most_of_itself_is_doubted(app: Flask, world: World, time: Any) -> None:
    rows = [row(STRANGER, number=f"第{n}号") for n in range(12)]
    bring(world, *rows, whole=["abnormal"])
    with pytest.raises(RuleViolation, match="多半不完整"):
        bring(world, rows[0], whole=["abnormal"])
    assert db.session.query(ExternalEntry).filter_by(until_id=None).count() == 12
    assert bring(world, rows[0], whole=["abnormal"], sure=True).ended == 11


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_page_takes_both_kinds_of_table_and_the_list_shows_it(
    app: Flask, world: World, time: Any, kind: str
) -> None:
    regulator = sign_in(app, world, "regulator")
    content = table(row(_code(world)), row(STRANGER), kind=kind)
    taken = regulator.submit("/credit/external/new", source="gsxt", file=(BytesIO(content), f"名录.{kind}"))
    assert f"名录.{kind}" in regulator.get(taken.location).text
    listed = regulator.get("/credit/external")
    assert "经营异常名录" in listed.text
    (listing,) = listings()
    public = Visitor(app).get(f"/credit/listings/{listing.identifier}")
    assert REASON in public.text
    assert "国家企业信用信息公示系统" in public.text
    assert listing.identifier in Visitor(app).get(f"/agencies/{world.identifiers['agency']}/credit").text


def test_where_sites_differ_the_page_shows_both_and_marks_what_counts(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(_code(world), removed="2026-03-01"), source="province")
    bring(world, row(_code(world)))
    (listing,) = listings()
    page = sign_in(app, world, "regulator").get(f"/credit/listings/{listing.identifier}").text
    assert "各网站怎么说" in page
    assert "省级信用信息平台" in page
    assert page.count("以此为准") == 1
    assert "省级信用信息平台" not in Visitor(app).get(f"/credit/listings/{listing.identifier}").text
    differ = sign_in(app, world, "regulator").get("/credit/external?differ=1").text
    assert listing.identifier in differ
    time.instant += timedelta(hours=1)
    bring(world, row(_code(world)), source="province")
    bring(world, whole=["abnormal"])
    assert not listings("listed")
    page = sign_in(app, world, "regulator").get("/credit/external")
    assert "以国家企业信用信息公示系统为准" in page.text, "which says that there is nothing"


def test_a_site_is_fetched_by_night_with_its_own_token(app: Flask, world: World, time: Any) -> None:
    with site() as (server, url):
        server.answer = says(entry(_code(world)))
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}?key=hidden", EXTERNAL_TOKENS="gsxt=let-me-in")
        fetching.fetch_every()
        assert [each["Authorization"] for each in server.asked] == ["Bearer let-me-in"]
    db.session.rollback()
    fetch = db.session.query(ExternalFetch).one()
    assert (fetch.state, fetch.way, fetch.whole) == ("taken", "http", "abnormal,serious")
    assert "hidden" not in fetch.place
    assert len(listings("listed")) == 1


def test_a_site_may_answer_with_a_table(app: Flask, world: World, time: Any) -> None:
    with site() as (server, url):
        content = table(row(_code(world)))
        server.answer = lambda: (200, {}, content)
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}")
        fetching.fetch_one(SYSTEM, "gsxt")
    assert len(listings("listed")) == 1


ODD = [
    (lambda: (503, {}, b""), "没有答应(503)"),
    (lambda: (302, {"Location": "http://127.0.0.1:9/"}, b""), "转到别的地址"),
    (lambda: (200, {}, b"<html>maintenance</html>"), "看不懂"),
    (lambda: (200, {}, b"{nonsense"), "看不懂"),
    (lambda: (200, {}, b'{"entries": 1}'), "没有 entries"),
    (lambda: (200, {}, b"[]"), "没有 entries"),
    (lambda: (200, {}, b'{"entries": [{"uscc": "1"}]}'), "缺少"),
    (says(entry("91632801MA758QNH40")), "校验位"),
    (lambda: (200, {}, b" " * 3_000), "超过"),
]


@pytest.mark.parametrize(("answer", "said"), ODD)
def test_a_site_that_is_odd_changes_nothing_and_is_on_the_page(
    app: Flask, world: World, time: Any, monkeypatch: Any, caplog: Any, answer: Any, said: str
) -> None:
    bring(world, row(_code(world)))
    seen = listings()[0].entry.fetched_at
    time.instant += timedelta(days=1)
    monkeypatch.setattr(fetching, "MOST", 2_000)
    with site() as (server, url):
        server.answer = answer
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}")
        fetching.fetch_every()
    (failed,) = _failed()
    assert "gsxt" in caplog.text
    assert failed.taken_at is None
    assert said in sign_in(app, world, "regulator").get("/credit/fetches").text
    (listing,) = listings("listed")
    assert listing.entry.fetched_at == seen


def test_a_site_that_is_away_or_private_is_not_taken(app: Flask, world: World, time: Any) -> None:
    app.config.update(EXTERNAL_SOURCES="gsxt=http://127.0.0.1:9/ province=http://10.0.0.1/x")
    fetching.fetch_every()
    first, second = _failed()
    assert first.problem is not None
    assert "没有回应" in first.problem["message"]
    assert second.problem is not None
    assert "不是公网地址" in second.problem["message"]
    app.config.update(EXTERNAL_HOSTS="", EXTERNAL_SOURCES="gsxt=http://localhost:9/")
    fetching.fetch_every()
    last = _failed()[-1].problem
    assert last is not None
    assert "不是公网地址" in last["message"], "a name that leads to a private address"
    with pytest.raises(http_client.NotPublic):
        http_client.get("http://169.254.169.254/", token="", patience=1, most=10, allowed=[])


def test_the_command_takes_a_file_says_what_is_wrong_and_asks_a_site(
    app: Flask, world: World, time: Any, tmp_path: Path
) -> None:
    run = app.test_cli_runner().invoke
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(table(row(_code(world)), row(STRANGER)))
    bad.write_bytes(table(row("91632801MA758QNH40")))
    answer = run(args=["credit", "external", str(bad), "--source", "gsxt"])
    assert answer.exit_code == 1
    assert "第 2 行" in answer.output
    assert run(args=["credit", "external", str(good), "--source", "nowhere"]).exit_code == 1
    assert run(args=["credit", "external", "--source", "gsxt"]).exit_code == 1
    answer = run(args=["credit", "external", str(good), "--source", "gsxt"])
    assert answer.exit_code == 0, answer.output
    assert "2 entries, 1 of organisations here, 1 of others" in answer.output
    replayed = run(args=["credit", "replay", world.identifiers["agency"]])
    assert "external" in replayed.output


WORDS = st.tuples(
    st.sampled_from(["gsxt", "creditchina", "province", "city"]),
    st.integers(1, 28),
    st.one_of(st.none(), st.integers(0, 20)),
)


@given(st.lists(WORDS, max_size=8), st.dictionaries(st.sampled_from(["gsxt", "city"]), st.integers(1, 28)))
def test_the_order_of_imports_does_not_matter(said: list[Any], whole: dict[str, int]) -> None:
    entries = [
        ExternalEntry(
            source=source,
            list="abnormal",
            uscc=STRANGER,
            number=str(place),
            entered_on=date(2026, 1, day),
            removed_on=date(2026, 1, day) + timedelta(days=off) if off is not None else None,
        )
        for place, (source, day, off) in enumerate(said)
    ]
    kept = {(source, "abnormal"): date(2026, 1, day) for source, day in whole.items()}
    today = date(2026, 3, 2)
    rules = policy.current()
    found = [
        verdict(rules, order, kept, today) for order in (entries, entries[::-1], sorted(entries, key=id))
    ]
    assert len({(each.entry and each.entry.number, each.source and each.source.key) for each in found}) == 1
    on = [each for each in entries if each.source == "gsxt" and each.removed_on is None]
    if on:
        assert found[0].entry in on, "the national one prevails"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(sorted(HEADINGS)), st.text(max_size=20)))
def test_whatever_stands_in_a_line_is_a_row_or_a_problem_in_words(line: dict[str, str]) -> None:
    with suppress(RuleViolation):  # and nothing else
        assert len(read(policy.current(), "gsxt", [line])) == 1
