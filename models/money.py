"""Money: integer fen (1/100 CNY), never a float."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

FEN = 100
MOST = 10_000_000_000_00  # 10 billion yuan: above this a sum is a slip of the hand
_WRITTEN = re.compile(r"(?:[¥￥]\s*)?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]{1,2}))?")


def parse(text: str) -> int:
    """Fen from what a person writes: `12345.6`, `12,345.60`, `¥ 12,345.60`, full-width digits included.

    Raises ValueError for anything else: signs, words, misplaced commas, a third decimal, or more
    than 10 billion yuan.
    """
    match = _WRITTEN.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not match:
        raise ValueError(f"not an amount: {text!r}")
    fen = int(match[1].replace(",", "")) * FEN + int((match[2] or "").ljust(2, "0"))
    if fen > MOST:
        raise ValueError(f"too large an amount: {text!r}")
    return fen


def show(fen: int) -> str:
    """Fen as people read them: `¥ 12,345.60`."""
    sign = "−" if fen < 0 else ""
    return f"{sign}¥ {abs(fen) // FEN:,}.{abs(fen) % FEN:02d}"


def plain(fen: int) -> str:
    """Fen as an exact decimal for files and forms: `12345.60`."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // FEN}.{abs(fen) % FEN:02d}"


def round_fen(value: Fraction) -> int:
    """A fraction of fen to whole fen, halves away from zero (as invoices are rounded)."""
    whole, rest = divmod(abs(value.numerator), value.denominator)
    rounded = whole + (2 * rest >= value.denominator)
    return -rounded if value < 0 else rounded


def share(fen: int, rate: Fraction) -> int:
    """`rate` of `fen`, to whole fen."""
    return round_fen(fen * rate)
