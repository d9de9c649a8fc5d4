"""Finding agencies and items: the index, what it becomes without itself, and how it follows events."""

from __future__ import annotations

import shutil
import threading
from contextlib import nullcontext
from contextvars import Context
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from sqlalchemy import select, text

from bench.agencies import documents
from bench.judging import judged, ndcg
from market.agencies import actions as agencies
from market.cli import rebuild_index
from market.extensions import db
from market.jobs import drain
from market.transaction import transaction
from models.catalogue import current_items
from models.events import Event
from search import Query, readings
from search.embedded import Whoosh
from search.words import marked, query_terms, sounds, terms
from tests.factories import World
from tests.web import Visitor


@pytest.fixture
def index(app: Flask, world: World) -> Any:
    index = app.extensions["search"]
    world.agency("河湟环境", 5_000_000, "EIA-02", verified=False)
    agencies.verify(world.actor("regulator"), world.identifiers["河湟环境"])
    db.session.rollback()
    rebuild_index()
    return index


def written(index: Any, made: list[Any]) -> None:
    """Put these documents in the place of the index, however it is kept."""
    db.session.rollback()
    with transaction() if index.backend.in_database else nullcontext() as session:
        index.backend.write(session, made)


def changed(index: Any, documents: dict[str, Any]) -> None:
    db.session.rollback()
    with transaction() if index.backend.in_database else nullcontext() as session:
        index.backend.update(session, documents)


SAID = {
    "我要办环评": "EIA-01",
    "水保": "WAT-01",
    "环境影响报告": "EIA-01",
    "soil conservation": "WAT-01",
    "防雷": "MET-01",
    "地灾": "LND-02",
    "hjyx": "EIA-01",
    "huanjing": "EIA-01",
    "huan jing": "EIA-01",
    "环镜影响": "EIA-01",
    "水士保持": "WAT-01",
    "paiwukou": "EIA-03",
    "kaogu": "CUL-01",
}


def test_what_people_say_finds_the_item(index: Any) -> None:
    for said, found in SAID.items():
        hits = index.search(db.session, Query(words=said, kind="item", size=3))
        assert hits.backend == index.backend.name
        assert found in hits.keys, said


def test_the_judged_queries_find_what_is_meant_first(index: Any) -> None:
    codes = {item.code for item in current_items(db.session)}
    assert len(judged()) >= 60
    assert all(set(meant) <= codes for meant in judged().values())
    found = {
        said: index.backend.search(db.session, Query(words=said, kind="item", size=10)).keys
        for said in judged()
    }
    mean = sum(ndcg(found[said], meant) for said, meant in judged().items()) / len(judged())
    assert mean > 0.9, {
        said: (keys[:3], judged()[said]) for said, keys in found.items() if ndcg(keys, judged()[said]) < 0.7
    }


def test_an_agency_is_found_by_the_sound_of_its_name(index: Any, world: World) -> None:
    for said in ("hehuang", "hhhj", "河煌环境"):
        assert index.search(db.session, Query(words=said)).keys[0] == world.identifiers["河湟环境"], said


READ = {
    "都兰测绘": "dulan",
    "朝阳环境": "chaoyang",
    "单县评估": "shanxian",
    "乐都咨询": "ledu",
    "单国强律师事务所": "shanguoqiang",
    "解放军会计师事务所": "xiefangjun",
    "仇英测绘": "qiuying",
    "西宁查良测绘": "zhaliang",
    "翟让评估": "zhairang",
    "尉迟恭咨询": "yuchigong",
    "青海曾国测绘": "zengguo",
    "尖扎监测": "jianzha",
}


def test_places_and_surnames_are_found_by_every_way_they_are_read(index: Any) -> None:
    made = documents(50)
    for number, name in enumerate(READ):
        made[number] = {
            **made[number],
            "words": " ".join([*terms(f"{name}有限公司"), *sounds(f"{name}有限公司")]),
        }
    written(index, made)
    for number, (name, said) in enumerate(READ.items()):
        for asked in (Query(words=said), Query(words=said[:-1], typing=True)):
            hits = index.search(db.session, asked)
            assert hits.backend == index.backend.name
            assert made[number]["key"] in hits.keys, (name, asked.words)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("唐山市", "tangshan"),
        ("静海区", "jinghai"),
        ("任丘市", "renqiu"),
        ("称多县", "chenduo"),
        ("乐陵市", "laoling"),
        ("乐陵市", "leling"),
        ("宕昌县", "tanchang"),
    ],
)
def test_a_place_is_found_by_its_short_name_in_each_reading(place: str, said: str) -> None:
    assert "p:" + said in sounds(f"{place}水利局")


def test_every_place_is_found_by_its_short_name() -> None:
    for place in readings._places():
        for kind in ("", "市", "区", "县"):
            assert "p:" + "".join(lazy_pinyin(place)) in sounds(f"{place}{kind}水利局"), place


@settings(deadline=None)  # the tables are read by whoever comes first
@given(st.text("都单朝乐查翟长重行海西宁曾区任", max_size=14))
def test_the_readings_of_a_name_add_up_and_do_not_multiply(name: str) -> None:
    spans = len(name) * 8 * 2
    assert len(sounds(name)) <= spans * (1 + len(name) * (readings.MOST * 5 + 3)) + len(name)
    assert all(len(ways) <= readings.MOST for ways in map(readings._of_place, readings._places()))


def test_a_county_by_its_former_name_finds_who_bears_the_new_one_and_the_other_way(index: Any) -> None:
    made = documents(20)
    for number, name in enumerate(("湟中区", "湟中县", "乐都区")):
        made[number] = {
            **made[number],
            "words": " ".join([*terms(f"{name}测绘"), *sounds(f"{name}测绘")]),
            "regions": ["630202", "630200", "630000"],
        }
    written(index, made)
    for said in ("湟中县", "湟中区"):
        assert {made[0]["key"], made[1]["key"]} <= set(index.search(db.session, Query(words=said)).keys)
    assert index.search(db.session, Query(words="乐都县")).keys[0] == made[2]["key"]
    assert {made[n]["key"] for n in range(3)} <= set(index.search(db.session, Query(region="632123")).keys)


def test_the_index_and_sql_count_alike(index: Any, world: World) -> None:
    qualified(world)
    world.settled()
    drain()
    rebuild_index()
    for asked in (
        Query(),
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
            counted[0]["regions"].get("632800", 0)
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
    agencies.add_qualification(
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
        "生产建设项目水土保持方案报告书(表)编制 · 3",
    ] or any(o.get_text().endswith("· 3") for o in every.select("select[name=item] option"))
    assert "· 4" in every.select("select[name=region] option")[1].get_text()


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
    assert [a["href"].rsplit("/", 1)[-1] for a in page.soup.select("td > a")] == by_price[:2]
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
            assert all(value in by_key[key][field] for key in whole.keys)
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


def test_an_index_written_anew_is_read_anew(index: Any) -> None:
    made = documents(20)
    for count in (5, 20, 3):
        written(index, made[:count])
        assert index.search(db.session, Query()).total == count
    changed(index, {made[0]["key"]: None, made[19]["key"]: made[19]})
    assert index.search(db.session, Query()).total == 3
    assert made[0]["key"] not in index.search(db.session, Query()).keys
    written(index, [])
    assert index.search(db.session, Query(words="环境")).keys == []


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
        return [
            g for g in "ABCDE" if world.identifiers[name] in index.search(db.session, Query(grade=g)).keys
        ]

    assert grade_of("agency") == []
    world.settled()
    assert grade_of("agency") == ["B"]
    agencies.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    before = index.search(db.session, Query()).total
    drain()
    db.session.rollback()
    assert index.search(db.session, Query()).total == before - 1
    drain()
    assert index.search(db.session, Query()).total == before - 1


def lose(index: Any) -> None:
    """The index is gone, as after an accident."""
    if not index.backend.in_database:
        shutil.rmtree(index.backend.folder)
        return
    db.session.rollback()
    index.backend.forget()
    with transaction() as session:
        session.execute(text("DROP SCHEMA search CASCADE"))


def test_without_an_index_the_same_questions_go_to_sql(app: Flask, index: Any, world: World) -> None:
    asked = [
        Query(item="WAT-01"),
        Query(region="632800"),
        Query(grade="none"),
        Query(words="河湟"),
        Query(words="水土保持方案"),
        Query(),
    ]
    by_index = [set(index.search(db.session, query).keys) for query in asked]
    lose(index)
    hits = [index.search(db.session, query) for query in asked]
    assert {hit.backend for hit in hits} == {"sql"}
    assert [set(hit.keys) for hit in hits] == by_index
    assert "WAT-01" in index.search(db.session, Query(words="水保", kind="item")).keys
    assert Visitor(app).get("/agencies?q=水保").status == 200
    world.settled()
    assert not index.backend.exists(db.session), "an event makes no index; a command does"
    assert rebuild_index() > 45
    assert index.search(db.session, Query(item="WAT-01")).backend == index.backend.name


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_broken_index_degrades_too(app: Flask, index: Any) -> None:
    for path in index.backend.folder.glob("*.seg"):
        path.unlink()
    index.backend.forget()
    assert index.search(db.session, Query(item="WAT-01")).backend == "sql"
    assert Visitor(app).get("/agencies?q=水保").status == 200


@given(said=st.text(max_size=60))
def test_any_text_has_terms_and_a_query_finds_its_own(said: str) -> None:
    assert set(terms(said)) <= set(query_terms(said))
    assert all(term == term.strip() and term for term in terms(said))


def test_what_happens_while_the_index_is_made_anew_is_not_lost(
    index: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price changes once every document was read.

    The consumer puts it into the old index, and is done with it.
    """
    every = index._every

    def slowly(session: Any) -> Any:
        yield from every(session)
        Context().run(elsewhere)

    def elsewhere() -> None:
        with app.app_context():
            world.fees("third", 1_000_000)
            drain()
            assert index.search(db.session, Query(item="WAT-01", most=2_000_000)).keys == [
                world.identifiers["third"]
            ]

    app = current_app._get_current_object()
    monkeypatch.setattr(index, "_every", slowly)
    rebuild_index()
    monkeypatch.undo()
    assert index.search(db.session, Query(item="WAT-01", most=2_000_000)).keys == [world.identifiers["third"]]
    assert index.search(db.session, Query(item="WAT-01")).backend == index.backend.name


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_at_no_moment_is_there_no_index(app: Flask, index: Any) -> None:
    """Asked without a pause while it is made anew and swapped.

    By this process and, as another one would, from the files alone.
    """
    made, other, stop, seen = documents(60), Whoosh(index.backend.home), threading.Event(), set()

    def ask() -> None:
        while not stop.is_set():
            hits = other.search(None, Query(size=1))
            seen.add((other.exists(), hits.backend, hits.total))

    written(index, made)
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(6):
            written(index, made)
    finally:
        stop.set()
        asking.join()
    assert seen == {(True, "whoosh", 60)}
    assert len([path for path in index.backend.home.iterdir() if path.is_dir()]) == 2, (
        "the last one, and the one before for who still reads it"
    )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_index_kept_as_it_once_was_is_read_and_then_replaced(index: Any, tmp_path: Path) -> None:
    index.backend.write(None, documents(5))
    old = tmp_path / "old"
    shutil.copytree(index.backend.folder, old)
    backend = Whoosh(old)
    assert backend.search(None, Query()).total == 5
    for count in (7, 8):
        backend.write(None, documents(count))
        assert backend.search(None, Query()).total == count
    assert sorted(path.name for path in old.iterdir()) == ["current", "g1", "g2"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "asked",
    [
        Query(item="WAT-01", most=5_000_000),
        Query(item="WAT-01", order="price"),
        Query(words="环境", counts=True),
        Query(words="huan", typing=True),
    ],
)
def test_any_question_may_be_the_first_of_a_new_index(index: Any, asked: Query) -> None:
    """The reader's lock was taken twice where a price limit came before any other question.

    It, and everyone after it, hung for ever.
    """
    reader = Whoosh(index.backend.home)
    answered: list[int] = []
    asking = threading.Thread(target=lambda: answered.append(reader.search(None, asked).total), daemon=True)
    asking.start()
    asking.join(30)
    assert len(answered) == 1


def test_two_who_write_the_index_at_once_leave_the_newest_in_it(app: Flask, index: Any, world: World) -> None:
    """Whoever comes second reads what is there once it may write, and not what it saw before."""
    backend, order = index.backend, []
    happened = db.session.scalars(_of_agencies()).all()
    db.session.expunge_all()

    def follow() -> None:
        with app.app_context(), transaction() if backend.in_database else nullcontext(db.session) as session:
            session.scalars(_of_agencies()).all()
            started.set()
            index.follow(session, happened)
            order.append("followed")

    started = threading.Event()
    with transaction() if backend.in_database else nullcontext(db.session) as session, backend.alone(session):
        thread = threading.Thread(target=lambda: Context().run(follow))
        thread.start()
        assert started.wait(30)
        world.fees("third", 900_000)
        order.append("changed")
    thread.join()
    assert order == ["changed", "followed"]
    db.session.rollback()
    assert index.search(db.session, Query(item="WAT-01", most=1_000_000)).keys == [world.identifiers["third"]]


def _of_agencies() -> Any:
    return select(Event).where(Event.case_type == "organisation")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("shaanxi", "陕西"),
        ("lyuliang", "吕梁市"),
        ("lüliang", "吕梁市"),
        ("lvliang", "吕梁市"),
        ("luliang", "吕梁市"),
        ("lübu", "吕布"),
        ("lüeyang", "略阳县"),
        ("xüyi", "盱眙"),
        ("hohhot", "呼和浩特"),
        ("ürümqi", "乌鲁木齐"),
        ("urumqi", "乌鲁木齐"),
        ("Lhasa", "拉萨"),
        ("tibet", "西藏"),
        ("xizang", "西藏"),
        ("kashgar", "喀什"),
        ("harbin", "哈尔滨"),
        ("qiqihar", "齐齐哈尔"),
        ("kuaiji", "会稽"),
        ("luoyang", "洛阳"),
        ("luanxian", "滦县"),
    ],
)
def test_a_place_is_found_by_its_spellings_in_latin_letters(typed: str, name: str) -> None:
    wanted = query_terms(typed)
    assert max(wanted.get(term, 0) for term in [*terms(name), *sounds(name)]) >= 0.8
