"""Items, agencies and places are found by whatever people call them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from harness.agencies import documents
from harness.factories import World
from harness.judging import judged, mean_by_kind
from market.extensions import db
from models.catalogue import current_items
from search import Query, Search, pinyin
from search.analysis import query_terms, sounds, terms
from search.interpretation import interpret
from search.plain import NoIndex
from tests.search.writing import written

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
    """By each kind, from the index and where there is none."""
    items = current_items(db.session)
    meant = [code for queries in judged().values() for every in queries.values() for code in every]
    assert {code for code in meant if not code.startswith("@")} == {item.code for item in items}
    assert sum(map(len, judged().values())) >= 150

    def answer(search: Search, said: str) -> list[str]:
        understood = interpret(said, "630000", items)
        place = ["@" + understood.region] if understood.region else []
        return [*place, *search.items(db.session, understood, said)]

    for search, least in ((index, 0.95), (Search(NoIndex()), 0.93)):
        found = mean_by_kind(partial(answer, search))
        assert min(found.values()) > least, found


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
    for place in pinyin._places():
        for kind in ("", "市", "区", "县"):
            assert "p:" + "".join(lazy_pinyin(place)) in sounds(f"{place}{kind}水利局"), place


@given(st.text("都单朝乐查翟长重行海西宁曾区任", max_size=14))
def test_the_readings_of_a_name_add_up_and_do_not_multiply(name: str) -> None:
    spans = len(name) * 8 * 2
    assert len(sounds(name)) <= spans * (1 + len(name) * (pinyin.MOST * 5 + 3)) + len(name)
    assert all(len(ways) <= pinyin.MOST for ways in map(pinyin.readings, pinyin._places()))


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


@given(said=st.text(max_size=60))
def test_any_text_has_terms_and_a_query_finds_its_own(said: str) -> None:
    assert set(terms(said)) <= set(query_terms(said))
    assert all(term == term.strip() and term for term in terms(said))


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
