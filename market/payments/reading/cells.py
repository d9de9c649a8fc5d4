"""What stands in a cell of a bank's statement: a day, a sum, a direction, in every form in which banks write them."""

from __future__ import annotations

import re
from datetime import date

from models import days, money
from models.spelling import plain

FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:\s*日)?(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\s*[T ]?\s*\d{2}:?\d{2}(?::?\d{2})?(?:\.\d+)?)?")
_MONTH_NAMED = re.compile(r"(\d{1,2})[-\s/]([A-Za-z]{3})[A-Za-z]*[-\s/,]+(\d{4})(?!\d)|([A-Za-z]{3})[A-Za-z]*\.?\s+(\d{1,2}),?\s+(\d{4})(?!\d)")
_MONTHS = {name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1)}
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s?(?:Z|[+-]\d{2}:?\d{2})", re.IGNORECASE)
IN, OUT = "in", "out"
_DIRECTIONS = {
    **dict.fromkeys(("收入", "收", "收款", "贷", "贷方", "贷记", "入账", "存入", "存", "转入", "来账", "入", "c", "cr", "crdt", "credit", "in", "+"), IN),
    **dict.fromkeys(("支出", "支", "付款", "付", "借", "借方", "借记", "出账", "支取", "取", "转出", "往账", "出", "付出", "d", "dr", "dbit", "debit", "out", "-"), OUT),
}  # fmt: skip
_NOTHING = frozenset({"", "-", "--", "—", "/", "0", "0.0", "0.00", "-0.00", "无"})


def day(text: str) -> date:
    """The day in Beijing: `2026/3/2`, `20260302`, `2026年3月2日`, `2026-03-02 10:11:12`, an instant with its offset, a spreadsheet's `46083`.
    ValueError for what is no day of our time."""
    found = days.day(_bare(plain(text[:60]).strip("[]'\" ")))
    if not FIRST <= found <= LAST:
        raise ValueError(f"not a day of our time: {found}")
    return found


def _bare(told: str) -> str:
    """A day without what banks write around it, as `days` reads it."""
    if _INSTANT.fullmatch(told):
        return f"{told[:10]}T{told[11:].upper().replace(' ', '')}"
    if match := _YEAR_FIRST.match(told) or _COMPACT.fullmatch(told):
        return "-".join(match.groups())
    if match := _MONTH_NAMED.match(told):
        number, name, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
        return f"{year}-{_MONTHS.get(name.lower(), 0)}-{number}"
    return told


def fen(text: str) -> int:
    """A sum in fen, below zero where it is written so; nothing, a dash and a zero are 0. ValueError for anything else, and for a part of a
    fen."""
    return 0 if plain(text[:60]).strip() in _NOTHING else money.parse(text, signed=True, exact=True)


def direction(text: str) -> str:
    """`IN`, `OUT`, or an empty text for what says neither."""
    return _DIRECTIONS.get(plain(text[:20]).strip("[]() ").lower(), "")
