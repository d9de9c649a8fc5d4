"""统一社会信用代码: one spelling, one right check character, and what spreadsheets make of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import code
from models import uscc
from models.errors import RuleViolation

WEIGHTS = [pow(3, place, 31) for place in range(17)]  # GB 32100
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(number=st.integers(0, 10**12), digit=st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_only_one_check_digit_is_right(number: int, digit: str) -> None:
    sound = code(number)
    assert uscc.check(f" {sound.lower()} ") == sound
    if digit != sound[-1]:
        with pytest.raises(RuleViolation):
            uscc.check(sound[:-1] + digit)
        assert uscc.check(sound[:-1] + digit, as_printed=True) == sound[:-1] + digit


@given(number=st.integers(0, 10**12))
def test_the_check_character_is_that_of_the_standard(number: int) -> None:
    """GB 32100-2015: 31 less the weighted sum modulo 31, with weights 3^i mod 31."""
    body = code(number)[:17]
    total = sum(LETTERS.index(letter) * weight for letter, weight in zip(body, WEIGHTS, strict=True))
    assert uscc.check_character(body) == LETTERS[-total % 31]


@pytest.mark.parametrize("written", [" {} ", "统一社会信用代码:{}", "{}(副本)"])
def test_what_stands_around_a_code_does_not_count(written: str) -> None:
    assert uscc.check(written.format(code(7))) == code(7)


def test_full_width_letters_and_dashes_do_not_count() -> None:
    sound = code(7)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in sound)
    assert uscc.check(wide) == sound == uscc.check(f"{sound[:8]}-{sound[8:]}")


@pytest.mark.parametrize("text", ["9.16328E+17", "916328000000000000", "91632800"])
def test_what_a_spreadsheet_made_of_a_code_is_refused(text: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        uscc.check(text)
    assert refused.value.field == "uscc"
