"""Which characters the fonts that come with us can print.

Our papers are set in two; beside them are one with the Han of the other planes (𠮷, 𫚉: what
《通用规范汉字表》 and household registers have beyond the first) and one with Tibetan. What is printed with
those Typst carries inside is recorded in `fonts.json`, which `python -m market.sandboxed.record` makes anew.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import noto_cjk_sans_jp_regular
import pylopdf_fonts_zh_cn
from fontTools.ttLib import TTFont

RECORD = Path(__file__).with_name("fonts.json")
FOLDER = pylopdf_fonts_zh_cn.sans_path().parent
OTHER_PLANES = Path(str(noto_cjk_sans_jp_regular.FONT_PATH))
TIBETAN = Path(__file__).with_name("typefaces") / "NotoSerifTibetan-Regular.ttf"
FOLDERS = (FOLDER, OTHER_PLANES.parent, TIBETAN.parent)


def characters(font: Any) -> list[int]:
    """What a font (path or file) has a glyph for."""
    with TTFont(font, lazy=True) as opened:
        return sorted(opened.getBestCmap() or ())


@cache
def own() -> tuple[frozenset[int], ...]:
    """What each of the fonts our papers are set in can print."""
    return tuple(frozenset(characters(path)) for path in sorted(FOLDER.glob("*.otf")))


@cache
def beside() -> tuple[frozenset[int], ...]:
    """What those fonts can print that stand in where ours have nothing."""
    ours = frozenset.union(*own())
    return tuple(
        frozenset(c for c in characters(path) if c not in ours and unicodedata.category(chr(c))[0] != "C")
        for path in (OTHER_PLANES, TIBETAN)
    )


@cache
def every() -> tuple[frozenset[int], ...]:
    """What each font can print that there is: ours first, then those beside them, then those Typst brings."""
    recorded: dict[str, list[list[int]]] = json.loads(RECORD.read_text())
    return (
        *own(),
        *beside(),
        *(frozenset(c for first, last in runs for c in range(first, last + 1)) for runs in recorded.values()),
    )


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Ascending numbers as first and last of each unbroken run."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found
