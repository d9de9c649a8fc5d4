"""Make `fonts.json` and `models/data/printable.json` anew: `python -m market.sandboxed.record`.

Done when Typst brings other fonts. The fonts lie in its library as they are; what one has and Typst still
does not set (it does not look into every font) is found by printing it.
"""

from __future__ import annotations

import io
import json
import mmap
import re
import struct
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typst

from market.sandboxed import fonts, printing

_HEAD = re.compile(rb"(?:OTTO|\x00\x01\x00\x00)\x00[\x05-\x28].{6}(?=[A-Z][\w /]{3})", re.DOTALL)
PAPER = {
    "identifier": "",
    "title": "",
    "platform": "",
    "to": "",
    "by": "",
    "rows": [],
    "after": [],
    "date": "",
    "link": "",
}
PRINTABLE = Path(__file__).parents[2] / "models" / "data" / "printable.json"
QR = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def embedded() -> dict[str, list[int]]:
    """What each font inside Typst has, by its name."""
    library = next(Path(typst.__file__).parent.glob("*typst*.so"))
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = {
            str(fonts.TTFont(io.BytesIO(font), lazy=True)["name"].getDebugName(4)): fonts.characters(
                io.BytesIO(font)
            )
            for font in _fonts(content)
        }
    return dict(sorted(found.items()))


def _fonts(content: Any) -> Iterator[bytes]:
    for head in _HEAD.finditer(content):
        start, count = head.start(), content[head.start() + 5]
        tables = [
            struct.unpack(">4s4xLL", content[start + 12 + 16 * n : start + 28 + 16 * n]) for n in range(count)
        ]
        if [tag for tag, _, _ in tables] == sorted(tag for tag, _, _ in tables) and any(
            tag == b"cmap" for tag, _, _ in tables
        ):
            yield content[start : start + max(offset + length for _, offset, length in tables)]


def not_set(numbers: list[int]) -> set[int]:
    """Those of these characters that Typst cannot print by themselves."""
    if not numbers or _prints(numbers):
        return set()
    if len(numbers) == 1:
        return set(numbers)
    half = len(numbers) // 2
    return not_set(numbers[:half]) | not_set(numbers[half:])


def _prints(numbers: list[int]) -> bool:
    try:
        printing._compiled("letter", QR, 0, {**PAPER, "before": [" ".join(map(chr, numbers))]})
    except typst.TypstError:
        return False
    return True


def made() -> dict[str, list[list[int]]]:
    """The record: what of each font can be printed."""
    found, ours = embedded(), frozenset.union(*fonts.own(), *fonts.beside())
    beside = sorted({c for has in found.values() for c in has} - ours)
    never = not_set([c for c in beside if unicodedata.category(chr(c))[0] not in "MC"]) | {
        c for c in beside if unicodedata.category(chr(c))[0] == "C"
    }
    return {name: fonts.runs(c for c in has if c not in never) for name, has in found.items()}


def union() -> list[list[int]]:
    """What can be printed at all."""
    return fonts.runs(sorted(frozenset.union(*fonts.every())))


if __name__ == "__main__":
    fonts.RECORD.write_text(json.dumps(made(), separators=(",", ":")).replace("]],", "]],\n") + "\n")
    fonts.every.cache_clear()
    PRINTABLE.write_text(json.dumps(union(), separators=(",", ":")) + "\n")
