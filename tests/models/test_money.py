"""Amounts: integer fen, read, written and rounded."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import money


@given(fen=st.integers(0, money.MOST))
def test_money_reads_what_it_writes(fen: int) -> None:
    assert money.parse(money.show(fen)) == fen == money.parse(money.plain(fen))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-5",
        "abc",
        "1.234",
        "1,23",
        "1e5",
        "NaN",
        "∞",
        "9" * 20,
        "1 000",
        "١٢",
        "5十万",
        "万",
        "一亿三",
        "亿万",
        "五千万万",
    ],
)
def test_money_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        money.parse(text)


@given(fen=st.integers(money.FEN, money.MOST))
def test_money_reads_what_vouchers_write_out(fen: int) -> None:
    assert money.parse(money.capital(fen)) == fen


@given(value=st.fractions(-1000, 1000))
def test_rounding_is_to_the_nearest_fen(value: Fraction) -> None:
    assert abs(money.round_fen(value) - value) <= Fraction(1, 2)
    assert money.round_fen(-value) == -money.round_fen(value)


_WIDE = str.maketrans("0123456789,.", "0123456789,.".translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}))


@given(wan=st.integers(1, 1_000_000))
def test_a_sum_is_the_same_however_it_is_written(wan: int) -> None:
    yuan, yi = wan * 10_000, f"{wan // 10_000}.{wan % 10_000:04d}"
    for text in (
        f"{yuan}",
        f"{yuan:,}",
        f"{yuan:,}.00 元",
        f"¥{yuan:,}",
        f"\uffe5 {wan}万",
        f"{wan}万",
        f"{wan:,} 万元",
        f"{yi}亿",
        f"{yi} 亿元整",
    ):
        assert money.parse(text) == yuan * money.FEN, text
        assert money.parse(text.translate(_WIDE)) == yuan * money.FEN, text
