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
    "text", ["", "-5", "abc", "1.234", "1,23", "1e5", "NaN", "∞", "9" * 20, "1 000", "١٢"]
)
def test_money_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        money.parse(text)


@given(value=st.fractions(-1000, 1000))
def test_rounding_is_to_the_nearest_fen(value: Fraction) -> None:
    assert abs(money.round_fen(value) - value) <= Fraction(1, 2)
    assert money.round_fen(-value) == -money.round_fen(value)
