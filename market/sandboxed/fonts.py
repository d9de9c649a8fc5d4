"""Which characters the fonts that come with us can print. Two of them lie beside us as files; what is printed with those Typst carries
inside is recorded in `fonts.json`, which `python -m market.sandboxed.record` makes anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
from fontTools.ttLib import TTFont

RECORD = Path(__file__).with_name("fonts.json")
FOLDER = pylopdf_fonts_zh_cn.sans_path().parent


def characters(font: Any) -> list[int]:
    """What a font (path or file) has a glyph for."""
    with TTFont(font, lazy=True) as opened:
        return sorted(opened.getBestCmap() or ())


@cache
def own() -> tuple[frozenset[int], ...]:
    """What each of the fonts our papers are set in can print."""
    return tuple(frozenset(characters(path)) for path in sorted(FOLDER.glob("*.otf")))


@cache
def every() -> tuple[frozenset[int], ...]:
    """What each font can print that there is: ours first, then those Typst falls back to."""
    recorded: dict[str, list[list[int]]] = json.loads(RECORD.read_text())
    return (*own(), *(frozenset(c for first, last in runs for c in range(first, last + 1)) for runs in recorded.values()))


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Ascending numbers as first and last of each unbroken run."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found
