"""What questions mean, and that nothing is lost of what was not understood."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import regions
from models.catalogue import published_items
from models.synonyms import synonyms_of
from search.interpretation import Interpretation, interpret
from search.lexicon import Named, normal

ITEMS = [Named(row["code"], row["name"], row["name_en"]) for row in published_items()]
AREA = "630000"


def read(text: str) -> Interpretation:
    return interpret(text, AREA, ITEMS)


@pytest.mark.parametrize(
    ("text", "item", "region", "words", "priced"),
    [
        ("环评", "EIA-01", "", "", False),
        ("环评报告多少钱", "EIA-01", "", "", True),
        ("格尔木 环评", "EIA-01", "632801", "", False),
        ("我要办环评", "EIA-01", "", "", False),
        ("请问西宁市城北区污水处理厂环评报告怎么收费啊?", "EIA-01", "630105", "", True),
        ("投资3000万的加油站安评要多少钱", "SAF-01", "", "", True),
        ("eia", "EIA-01", "", "", False),
        ("ＥＩＡ－０１", "EIA-01", "", "", False),
        ("eia 1", "EIA-01", "", "", False),
        ("huanping", "EIA-01", "", "", False),
        ("xininghuanpingduoshaoqian", "EIA-01", "630100", "", True),
        ("shui bao golmud", "WAT-01", "632801", "", False),
        ("how much is an EIA in Xining", "EIA-01", "630100", "", True),
        ("water and soil conservation plan Golmud", "WAT-01", "632801", "", False),
        ("enviromental impact", "EIA-01", "", "", False),
        ("construction cost", "CON-03", "", "", True),
        ("cost of an audit", "FIN-01", "", "", True),
        ("西宁", "", "630100", "", False),
        ("玉树", "", "632700", "", False),
        ("agencies in Xining", "", "630100", "", False),
        ("西宁的机构", "", "630100", "", False),
        ("格而木环平", "EIA-01", "632801", "", False),
        ("水士保持方案", "WAT-01", "", "", False),
        ("環評報告", "EIA-01", "", "", False),
        ("环 评", "EIA-01", "", "", False),
        ("河湟 环评", "EIA-01", "", "河湟", False),
        ("河湟环境", "", "", "河湟环境", False),
        ("hehuang", "", "", "hehuang", False),
        ("我要找河湟环境", "", "", "河湟环境", False),
        ("祁连某某", "", "", "祁连某某", False),  # what stands among other letters belongs to a name
        ("青海西宁资产评估有限公司", "", "", "青海西宁资产评估有限公司", False),
        ("西宁 格尔木 环评", "EIA-01", "630100", "格尔木", False),
        ("功能", "", "", "功能", False),
        ("多少钱", "", "", "多少钱", True),
        ("", "", "", "", False),
        ("。", "", "", "。", False),
    ],
)
def test_a_question_means(text: str, item: str, region: str, words: str, priced: bool) -> None:
    found = read(text)
    assert (found.item, found.region, found.words, found.priced) == (item, region, words, priced)


def test_two_items_and_a_word_for_two() -> None:
    assert read("环评和水保").items == ["EIA-01", "WAT-01"]
    assert read("安评").items == ["SAF-01", "SAF-02"]


def test_an_abbreviation_is_not_cut_out_of_two_other_words() -> None:
    assert read("功能评估报告").item != "DRC-01"


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_every_name_and_synonym_means_its_item(item: Named) -> None:
    for said in (item.code, item.name, item.name_en, *synonyms_of(item.code)):
        assert item.code in read(said).items[:4], said


def test_every_place_means_itself_beside_an_item() -> None:
    for row in regions.published():
        if regions.covers(AREA, row["code"]) and row["name"] not in regions._SILENT:
            for said in (row["full_name"], row["full_name"].removeprefix("青海省")):
                if said:
                    found = read(f"{said}环评")
                    assert (found.region, found.item) == (row["code"], "EIA-01"), said


ANYTHING = st.text(max_size=40)
PIECES = st.lists(
    st.sampled_from(
        ["环评", "西宁", "多少钱", "huanping", "eia", "报告", "我要办", "?", " ", "3000万", "水宝", "in"]
    ),
    max_size=6,
).map("".join)
UNKNOWN = "甯埮璟骉犇"  # characters no place, item or phrase has, and that sound like none


@given(st.one_of(ANYTHING, PIECES, st.tuples(ANYTHING, PIECES).map("".join)))
def test_anything_may_be_typed_and_means_something_that_is_there(text: str) -> None:
    found = read(text)
    assert set(found.items) <= {item.code for item in ITEMS}
    assert not found.region or regions.covers(AREA, found.region)
    left = "".join(char for char in found.words if unicodedata.category(char)[0] in "LMN")
    assert set(left) <= set(normal(text)) | set(text), "nothing is looked for that was not typed"
    if not found.items and not found.region and text.strip():
        assert found.words


@given(before=PIECES, name=st.text(UNKNOWN, min_size=1, max_size=6), after=PIECES)
def test_no_letter_that_was_not_understood_is_lost(before: str, name: str, after: str) -> None:
    assert name in read(f"{before} {name} {after}").words
    assert name in read(f"{before}{name}{after}").words.replace(" ", "")
