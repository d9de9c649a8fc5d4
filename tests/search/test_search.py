"""What a search answers: counts, filters, prices, marks, pages, the same from every backend."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from harness.agencies import documents
from harness.factories import World
from market.agencies.actions import publishing
from market.agencies.actions.serving import declare
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import drain
from search import Query
from search.analysis import marked
from search.embedded import Whoosh
from search.query import in_region
from tests.search.writing import written
from tests.web import Visitor


def test_the_index_and_sql_count_alike(index: Any, world: World) -> None:
    qualified(world)
    declare(world.actor("second"), areas=["630000"])
    declare(world.actor("third"), areas=["630100", "632801"])
    world.settled()
    drain()
    rebuild_index()
    for asked in (
        Query(),
        Query(region="630102"),
        Query(region="632801"),
        Query(region="630000", words="河湟"),
        Query(item="WAT-01", grade="B"),
        Query(words="河湟"),
        Query(region="632800", held=HELD),
        Query(region="630100"),
    ):
        counted = [
            backend.search(db.session, replace(asked, counts=True)).counts
            for backend in (index.backend, index.sql)
        ]
        assert counted[0] == counted[1]
        assert sum(counted[0]["grade"].values()) == index.search(db.session, replace(asked, grade="")).total
        assert (
            counted[0]["items"].get("WAT-01", 0)
            == index.search(db.session, replace(asked, item="WAT-01")).total
        )
        assert (
            in_region(counted[0]["regions"], "632800")
            == index.search(db.session, replace(asked, region="632800")).total
        )
        assert counted[0]["held"].get(HELD, 0) == index.search(db.session, replace(asked, held=HELD)).total
    everything = index.search(db.session, Query(counts=True)).counts
    assert (everything["grade"]["B"], everything["held"], everything["items"]) == (
        1,
        {HELD: 1},
        {"WAT-01": 3},
    )


HELD = "水资源论证单位水平评价"


def qualified(world: World) -> None:
    publishing.add_qualification(
        world.actor("second"),
        kind=HELD,
        number="Z-1",
        level="甲级",
        issuer="水利部",
        valid_from=world.day(-1),
        valid_until=world.day(300),
    )


def test_what_was_asked_for_is_marked_and_filters_count(app: Flask, index: Any) -> None:
    page = Visitor(app).get("/agencies?q=河湟&grade=none").soup
    assert [mark.get_text() for mark in page.select("td mark")] == ["河湟"]
    assert [o.get_text() for o in page.select("select[name=grade] option")][-1] == "未评 · 1"
    assert marked("<b>河湟环境</b>", "环境 (<") == [("<b>河湟", False), ("环境", True), ("</b>", False)]
    every = Visitor(app).get("/agencies").soup
    assert [o.get_text(strip=True) for o in every.select("select[name=item] option")] == [
        "不限",
        "水土保持方案报告书(表)编制 · 3",
    ]
    assert {o["value"]: o.get_text() for o in every.select("#region-list option")} == {
        "青海省": "4",
        "海西蒙古族藏族自治州": "4",
        "海西蒙古族藏族自治州格尔木市": "4",
    }


def test_prices_order_and_limit_where_an_item_makes_them_comparable(
    app: Flask, index: Any, world: World
) -> None:
    world.fees("second", 3_000_000)
    drain()
    by_price = [world.identifiers[name] for name in ("second", "third", "agency")]
    assert index.search(db.session, Query(item="WAT-01", order="price")).keys == by_price
    assert index.search(db.session, Query(item="WAT-01", most=4_700_000, order="price")).keys == by_price[:2]
    assert index.search(db.session, Query(item="WAT-01", least=4_700_000)).keys == by_price[2:]
    assert (
        index.search(db.session, Query(item="WAT-01", least=4_700_000, counts=True)).counts["grade"]["none"]
        == 1
    )
    assert index.search(db.session, Query(order="price")).total == 4, (
        "without an item there is no price to compare"
    )
    page = Visitor(app).get("/agencies?item=WAT-01&order=price&most=47000")
    listed = [a["href"].rsplit("/", 1)[-1].partition("?")[0] for a in page.soup.select("td > a")]
    assert listed == by_price[:2]
    assert "¥ 30,000.00" in page.text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("水土保", "WAT-01"),
        ("shuitu", "WAT-01"),
        ("stbc", "WAT-01"),
        ("地质", "LND-02"),
        ("soil cons", "WAT-01"),
        ("kaog", "CUL-01"),
    ],
)
def test_what_is_being_typed_is_guessed(app: Flask, index: Any, typed: str, meant: str) -> None:
    answer = Visitor(app).get(f"/suggest?q={typed}")
    assert f"/items/{meant}" in [a["href"] for a in answer.soup.select("a")], typed
    assert "<html" not in answer.text
    assert Visitor(app).get("/suggest?q=heh").soup.select("a[href^='/agencies/']"), (
        "and agencies by the start of their sound"
    )
    assert not Visitor(app).get("/suggest?q=").soup.select("a")


def test_pages_never_overlap_and_follow_the_order_asked_for(index: Any) -> None:
    made = documents(300)
    written(index, made)
    by_key = {document["key"]: document for document in made}
    tried = (
        Query(words="环境影响"),
        Query(words="hjyx", grade="A"),
        Query(region="632800"),
        Query(words="没有"),
        Query(words="水保", item="WAT-01"),
        Query(item="WAT-01", order="price"),
        Query(item="WAT-01", words="水保", order="speed", most=5_000_000),
        Query(words="环境", order="grade"),
    )
    for asked in tried:
        whole = index.search(db.session, replace(asked, size=1000))
        assert whole.backend == index.backend.name
        assert len(set(whole.keys)) == len(whole.keys) == whole.total
        pages = [
            index.search(db.session, replace(asked, size=7, page=page)).keys
            for page in range(1, whole.total // 7 + 2)
        ]
        assert [key for page in pages for key in page] == whole.keys
        for field, value in asked.filters.items():
            assert all(set(value) & {*by_key[key][field]} for key in whole.keys)
        ranked = [_place(by_key[key], asked) for key in whole.keys]
        assert ranked == sorted(ranked)


def _place(document: Any, asked: Query) -> float:
    """What the documents are ordered by, the first the least; nothing where words decide."""
    if asked.order in ("price", "speed"):
        return float(document["offers"][asked.item][asked.order == "speed"])
    return 0.0 if asked.words and asked.order != "grade" else -float(document["score"])


def test_both_backends_find_and_count_the_same(app: Flask, tmp_path: Path) -> None:
    """On PostgreSQL, beside the embedded index over the same documents."""
    search = app.extensions["search"]
    if not search.backend.in_database:
        pytest.skip("the other index is in PostgreSQL")
    made, embedded = documents(400), Whoosh(tmp_path / "other")
    written(search, made)
    embedded.write(None, made)
    for asked in (
        Query(words="环境影响"),
        Query(words="hehuang"),
        Query(item="EIA-01", grade="B"),
        Query(words="审计", region="632800"),
        Query(order="grade"),
    ):
        ours, theirs = (
            backend.search(db.session, replace(asked, size=400, counts=True))
            for backend in (search.backend, embedded)
        )
        assert (ours.total, ours.counts, set(ours.keys)) == (theirs.total, theirs.counts, set(theirs.keys))
        near = [key for key in ours.keys[:20] if key in theirs.keys[:30]]
        assert len(near) >= min(15, len(ours.keys)), (asked, "the two rank alike")


def test_filters_and_pages(index: Any, world: World) -> None:
    def found(**asked: Any) -> set[str]:
        return set(index.search(db.session, Query(**asked)).keys)

    offering = {world.identifiers[name] for name in ("agency", "second", "third")}
    assert found(item="WAT-01") == offering
    assert found(item="WAT-01", region="632800") == offering
    assert found(region="632801") == {*offering, world.identifiers["河湟环境"]}
    assert found(region="630100") == set()
    assert found(grade="none") == {*offering, world.identifiers["河湟环境"]}
    assert found(words="河湟") == {world.identifiers["河湟环境"]}
    assert found(words="没有这样的机构名称啊啊") == set()
    hits = index.search(db.session, Query(size=3))
    assert (hits.total, len(hits.keys)) == (4, 3)
    assert index.search(db.session, Query(size=3, page=2)).total == 4
    assert len(index.search(db.session, Query(size=3, page=2)).keys) == 1
    assert index.search(db.session, Query(size=3, page=9)).keys == []
