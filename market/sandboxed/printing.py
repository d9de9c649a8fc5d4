"""Papers as PDF: a Typst template filled with its data.

Tagged PDF/A-2b, the same bytes for the same input.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
import typst

from market.sandboxed import fonts

TEMPLATES = Path(__file__).parents[2] / "templates" / "print"
UNPRINTABLE = "〓"  # as printers have always set it
_LINES = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_SELECTORS = frozenset(
    map(chr, [0x34F, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)


@cache
def _fonts() -> typst.Fonts:
    """Only the fonts that come with us, so that every machine prints the same."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=list(fonts.FOLDERS)
    )


def pdf(template: str, data: dict[str, Any], link: str, timestamp: int) -> bytes:
    """The PDF of `templates/print/<template>.typ` filled with `data`.

    `link` becomes its QR code, `timestamp` its date.
    """
    code = BytesIO()
    if link:
        segno.make(link, error="m").save(code, kind="svg", border=0)
    compiled, data = partial(_compiled, template, code.getvalue().decode(), timestamp), {**data, "link": link}
    for change in (
        printable,
        unmarked,
    ):  # rarely a font has a mark and its letter, and Typst does not look into it
        try:
            return compiled(_mapped(data, change))
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
    return compiled(_mapped(data, plain))


def _compiled(template: str, code: str, timestamp: int, data: Any) -> bytes:
    made = typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=_fonts(),
        pdf_standards=["a-2b"],
        timestamp=timestamp,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False), "qr": code},
    )
    assert isinstance(made, bytes)
    return made


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


@cache
def _common() -> frozenset[str]:
    """What all our own fonts have, and nothing that joins with its neighbours."""
    shared = map(chr, frozenset.intersection(*fonts.own()))
    return frozenset(c for c in shared if unicodedata.category(c)[0] not in "MC") | {"\n", "\t"}


def plain(text: str) -> str:
    """The text with 〓 for whatever our own fonts do not have."""
    return "".join(c if c in _common() else UNPRINTABLE for c in text)


def unmarked(text: str) -> str:
    """The text as `printable` makes it, without marks."""
    return "".join(c for c in printable(text) if unicodedata.category(c)[0] != "M")


def printable(text: str) -> str:
    """The text as it can be printed.

    What is not seen (joiners, marks of direction, selectors) left out, 〓 for each character no font here
    has, and for a mark no font has together with what it stands on.
    """
    if _common().issuperset(text):
        return text
    made: list[str] = []
    able: tuple[int, ...] = ()  # the fonts that have all of the last character and its marks
    for character in _LINES.sub("\n", text):
        kind = unicodedata.category(character)
        if kind == "Cf" or character in _SELECTORS:
            continue
        have = _having(character)
        if kind[0] == "M":
            have = able = tuple(font for font in able if font in have)
        elif character in "\n\t":
            have, able = (0,), ()
        else:
            able = have
        if not have and kind == "Zs":
            character, have = " ", (0,)
        made.append(character if have else UNPRINTABLE)
    return "".join(made)


@lru_cache(maxsize=100_000)
def _having(character: str) -> tuple[int, ...]:
    """Which fonts have a character, by their place."""
    return tuple(place for place, font in enumerate(fonts.every()) if ord(character) in font)
