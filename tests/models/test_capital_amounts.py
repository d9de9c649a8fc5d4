"""Sums written out, as contracts and vouchers have them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import money

# Of 《支付结算办法》 annex 1, two, and of its other forms the one without a zero where that may be left out.
ANNEX = {
    1_409_50: "壹仟肆佰零玖元伍角",
    6_007_14: "陆仟零柒元壹角肆分",
    1_680_32: "壹仟陆佰捌拾元叁角贰分",
    107_000_53: "壹拾万柒仟元伍角叁分",
    16_409_02: "壹万陆仟肆佰零玖元零贰分",
    325_04: "叁佰贰拾伍元零肆分",
    1_000_001_000_00: "壹拾亿壹仟元整",
    1_000_010_000_00: "壹拾亿零壹万元整",
    0: "零元整",
    5: "伍分",
    70: "柒角",
    10_00: "壹拾元整",
}
DIGITS, PLACES = "零壹贰叁肆伍陆柒捌玖", {"仟": 1000, "佰": 100, "拾": 10, "": 1}


@pytest.mark.parametrize(("fen", "said"), ANNEX.items())
def test_a_sum_is_written_out_as_the_rules_say(fen: int, said: str) -> None:
    assert money.capital(fen) == said


def _group(said: str) -> int:
    return sum(
        DIGITS.index(digit) * PLACES[place]
        for digit, place in re.findall(r"([壹贰叁肆伍陆柒捌玖])([仟佰拾]?)", said)
    )


@given(fen=st.text("00001234567890", min_size=1, max_size=13).map(int))
def test_what_is_written_out_can_be_read_back(fen: int) -> None:
    said = money.capital(fen)
    parts = re.fullmatch(r"(?:(?:(.*)亿)?(?:(.*)万)?(.*)元)?(?:(.*)角)?(?:(.*)分)?整?", said)
    assert parts
    groups = [_group(part or "") for part in parts.groups()]
    assert sum(a * b for a, b in zip(groups, (10**10, 10**6, 100, 10, 1), strict=True)) == fen
    assert said.endswith("整") == (fen % 100 == 0)
    assert "零零" not in said
    assert re.fullmatch("零元整|[^零].*", said)


def test_nothing_below_zero_is_written_out() -> None:
    with pytest.raises(ValueError, match="written out"):
        money.capital(-1)
