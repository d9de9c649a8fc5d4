"""What the fonts of our papers can print (market/sandboxed/fonts.py).

A name that would stand on a contract as 〓 is refused where it is typed, and nothing is signed with one in
it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from models.errors import RuleViolation
from models.i18n import N_

UNPRINTABLE = N_("“%(characters)s”在通知书、合同和签章上打印不出来,请改用别的写法。")
RECORD = (
    Path(__file__).parent / "data" / "printable.json"
)  # first and last of each run; `python -m market.sandboxed.record`
_COMMON = re.compile("[\t\n\r -~\u3001-\u3011\u4e00-\u9fa5\uff01-\uff5e]*")
SELECTORS = frozenset(
    map(chr, [0x34F, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)


@cache
def _runs() -> tuple[list[int], list[int]]:
    pairs: list[list[int]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return [first for first, _last in pairs], [last for _first, last in pairs]


def _has(character: str) -> bool:
    firsts, lasts = _runs()
    place = bisect_right(firsts, ord(character)) - 1
    return place >= 0 and ord(character) <= lasts[place]


def missing(*texts: str) -> list[str]:
    """The characters no font here has, each once.

    What is not seen (joiners, marks of direction, selectors) is none.
    """
    rare = dict.fromkeys(c for text in texts if not _COMMON.fullmatch(text) for c in text)
    return [
        c
        for c in rare
        if unicodedata.category(c) not in ("Cf", "Zs", "Zl", "Zp", "Cc")
        and c not in SELECTORS
        and not _has(c)
    ]


def words(characters: Iterable[str]) -> str:
    """Characters as a message names them: `𰀀 (U+30000)`."""
    return "、".join(f"{c} (U+{ord(c):04X})" for c in list(characters)[:5])


def check(text: str, field: str) -> str:
    """The text; RuleViolation at `field` for one that would stand as 〓 on the papers it goes onto."""
    if lacking := missing(text):
        raise RuleViolation(UNPRINTABLE, field, characters=words(lacking))
    return text
