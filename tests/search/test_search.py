"""Finding agencies and items: the index, what it becomes without itself, and how it follows events."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from bench.agencies import documents
from bench.judging import judged, ndcg
from market.agencies import actions as agencies
from market.extensions import db
from market.jobs import drain
from models.catalogue import current_items
from search import Query
from search.index import Whoosh
from search.words import marked, query_terms, terms
from tests.factories import World
from tests.web import Visitor


@pytest.fixture
def index(app: Flask, world: World) -> Any:
    index = app.extensions["search"]
    world.agency("河湟环境", 5_000_000, "EIA-02", verified=False)
    agencies.verify(world.actor("regulator"), world.identifiers["河湟环境"])
    db.session.rollback()
    index.whoosh.rebuild(db.session)
    return index


@pytest.mark.parametrize(
    ("said", "found"),
    [("我要办环评", "EIA-01"), ("水保", "WAT-01"), ("环境影响报告", "EIA-01"), ("soil conservation", "WAT-01"), ("防雷", "MET-01"), ("地灾", "LND-02"), ("hjyx", "EIA-01"), ("huanjing", "EIA-01"), ("huan jing", "EIA-01"), ("环镜影响", "EIA-01"), ("水士保持", "WAT-01"), ("paiwukou", "EIA-03"), ("kaogu", "CUL-01")],
)
def test_what_people_say_finds_the_item(index: Any, said: str, found: str) -> None:
    hits = index.search(db.session, Query(words=said, kind="item", size=3))
    assert hits.backend == "whoosh"
    assert found in hits.keys


def test_the_judged_queries_find_what_is_meant_first(index: Any) -> None:
    codes = {item.code for item in current_items(db.session)}
    assert len(judged()) >= 60
    assert all(set(meant) <= codes for meant in judged().values())
    found = {said: index.whoosh.search(db.session, Query(words=said, kind="item", size=10)).keys for said in judged()}
    mean = sum(ndcg(found[said], meant) for said, meant in judged().items()) / len(judged())
    assert mean > 0.9, {said: (keys[:3], judged()[said]) for said, keys in found.items() if ndcg(keys, judged()[said]) < 0.7}


def test_an_agency_is_found_by_the_sound_of_its_name(index: Any, world: World) -> None:
    for said in ("hehuang", "hhhj", "河煌环境"):
        assert index.search(db.session, Query(words=said)).keys[0] == world.identifiers["河湟环境"], said


def test_both_backends_count_the_grades_of_the_same_question(index: Any, world: World) -> None:
    world.settled()
    drain()
    for asked in (Query(), Query(item="WAT-01", grade="B"), Query(words="河湟"), Query(region="630100")):
        counted = [backend.search(db.session, asked).grades for backend in (index.whoosh, index.sql)]
        assert counted[0] == counted[1]
        assert sum(counted[0].values()) == index.search(db.session, replace(asked, grade="")).total
    assert index.search(db.session, Query()).grades["B"] == 1


def test_what_was_asked_for_is_marked(app: Flask, index: Any) -> None:
    page = Visitor(app).get("/agencies?q=河湟&grade=none").soup
    assert [mark.get_text() for mark in page.select("td mark")] == ["河湟"]
    assert [o.get_text() for o in page.select("select[name=grade] option")][-1] == "未评 · 1"
    assert marked("<b>河湟环境</b>", "环境 (<") == [("<b>河湟", False), ("环境", True), ("</b>", False)]


def test_pages_never_overlap_and_follow_relevance_then_credit(tmp_path: Path) -> None:
    made = documents(300)
    index = Whoosh(tmp_path / "index")
    index.write(made)
    by_key = {document["key"]: document for document in made}
    for asked in (Query(words="环境影响"), Query(words="hjyx", grade="A"), Query(region="632800"), Query(words="没有"), Query(words="水保", item="WAT-01")):
        whole = index.search(cast(Any, None), replace(asked, size=1000))
        assert len(set(whole.keys)) == len(whole.keys) == whole.total
        pages = [index.search(cast(Any, None), replace(asked, size=7, page=page)).keys for page in range(1, whole.total // 7 + 2)]
        assert [key for page in pages for key in page] == whole.keys
        for field, text in (("grade", asked.grade), ("regions", asked.region), ("items", asked.item)):
            assert all(text in by_key[key][field].split() for key in whole.keys if text)
        if not asked.words:
            assert [by_key[key]["score"] for key in whole.keys] == sorted((by_key[key]["score"] for key in whole.keys), reverse=True)


def test_an_index_written_anew_is_read_anew(tmp_path: Path) -> None:
    reading, writing = Whoosh(tmp_path / "index"), Whoosh(tmp_path / "index")
    made = documents(20)
    for count in (5, 20, 3):
        writing.write(made[:count])
        assert reading.search(cast(Any, None), Query()).total == count
    writing.update({made[0]["key"]: None, made[19]["key"]: made[19]})
    assert reading.search(cast(Any, None), Query()).total == 3
    assert made[0]["key"] not in reading.search(cast(Any, None), Query()).keys
    writing.write([])
    assert reading.search(cast(Any, None), Query(words="环境")).keys == []


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
    assert found(words="没有这样的机构名称啊啊") <= {*offering, world.identifiers["河湟环境"]}
    hits = index.search(db.session, Query(size=3))
    assert (hits.total, len(hits.keys)) == (4, 3)
    assert index.search(db.session, Query(size=3, page=2)).total == 4
    assert len(index.search(db.session, Query(size=3, page=2)).keys) == 1
    assert index.search(db.session, Query(size=3, page=9)).keys == []


def test_the_index_follows_events(index: Any, world: World) -> None:
    def grade_of(name: str) -> list[str]:
        return [g for g in "ABCDE" if world.identifiers[name] in index.search(db.session, Query(grade=g)).keys]

    assert grade_of("agency") == []
    world.settled()
    assert grade_of("agency") == ["B"]
    agencies.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    before = index.search(db.session, Query()).total
    drain()
    assert index.search(db.session, Query()).total == before - 1
    drain()
    assert index.search(db.session, Query()).total == before - 1


def test_without_an_index_the_same_questions_go_to_sql(app: Flask, index: Any, world: World) -> None:
    asked = [Query(item="WAT-01"), Query(region="632800"), Query(grade="none"), Query(words="河湟"), Query(words="水土保持方案"), Query()]
    by_index = [set(index.search(db.session, query).keys) for query in asked]
    shutil.rmtree(index.whoosh.folder)
    hits = [index.search(db.session, query) for query in asked]
    assert {hit.backend for hit in hits} == {"sql"}
    assert [set(hit.keys) for hit in hits] == by_index
    assert "WAT-01" in index.search(db.session, Query(words="水保", kind="item")).keys
    assert Visitor(app).get("/agencies?q=水保").status == 200
    world.settled()
    assert not index.whoosh.exists(), "an event makes no index; a command does"
    assert index.whoosh.rebuild(db.session) > 45
    assert index.search(db.session, Query(item="WAT-01")).backend == "whoosh"


def test_a_broken_index_degrades_too(app: Flask, index: Any) -> None:
    for path in index.whoosh.folder.glob("*.seg"):
        path.unlink()
    index.whoosh._index = None
    assert index.search(db.session, Query(item="WAT-01")).backend == "sql"
    assert Visitor(app).get("/agencies?q=水保").status == 200


@given(text=st.text(max_size=60))
def test_any_text_has_terms_and_a_query_finds_its_own(text: str) -> None:
    assert set(terms(text)) <= set(query_terms(text))
    assert all(term == term.strip() and term for term in terms(text))
