"""Places in Latin letters: every region is found by whatever people type of it, and called so in English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from models import regions
from search import places

QINGHAI = "630000"
LYING_THERE = [row for row in regions.published() if regions.covers(QINGHAI, row["code"])]


@pytest.mark.parametrize(
    "typed",
    [
        "格尔木",
        "格尔木市",
        "geermu",
        "Ge'ermu",
        "ge er mu shi",
        "gem",
        "GEM",
        "ｇｅｍ",
        "632801",
        "Golmud",
        "golmud city",
    ],
)
def test_golmud_is_found_however_it_is_typed(typed: str) -> None:
    assert places.meant(typed, QINGHAI) == ("632801",)


@given(st.sampled_from(LYING_THERE), st.booleans(), st.sampled_from(["", " ", "'", "-"]))
def test_every_region_is_found_by_its_name_code_pinyin_and_english_name(
    row: dict[str, str], capital: bool, between: str
) -> None:
    short = min(regions.forms(row["name"]), key=len)
    sounded = between.join(lazy_pinyin(short))
    initials = "".join(syllable[0] for syllable in lazy_pinyin(short))
    for typed in (row["name"], row["full_name"], row["code"], short, sounded, initials):
        typed = typed.upper() if capital else typed
        assert row["code"] in places.meant(typed, QINGHAI), typed
    for english in (regions.name_in_english(row["code"]), regions.name_in_english(row["code"], QINGHAI)):
        assert places.meant(english, QINGHAI) == (row["code"],), english


@given(st.text(max_size=30))
def test_whatever_is_typed_means_regions_of_the_market_or_nothing(typed: str) -> None:
    codes = {row["code"] for row in LYING_THERE}
    assert {*places.meant(typed, QINGHAI), *places.near(typed, QINGHAI)} <= codes


def test_who_is_not_understood_is_offered_what_begins_so() -> None:
    assert places.meant("德令", QINGHAI) == ()
    assert places.near("德令", QINGHAI) == ("632802",)
    assert places.near("deling", QINGHAI) == ("632802",)
    assert places.near("火星", QINGHAI) == ()
    assert len(places.near("海西", QINGHAI)) == 8
    assert places.meant("yushu", QINGHAI) == ("632700", "632701")


def test_a_name_said_briefly_keeps_its_kind() -> None:
    said = [regions.short_name(code) for code in ("632801", "632800", "630121", "632857", "630000", "x")]
    assert said == ["格尔木市", "海西州", "大通县", "大柴旦行委", "青海省", "x"]
