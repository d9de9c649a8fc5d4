"""Places in Latin letters: what readers of English call them, and which one is meant that is sounded out.

格尔木 is Golmud City, Haixi Prefecture; `geermu`, `gem`, `Golmud` and `ge'ermu shi` mean it as well as its
name and its code do.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from pypinyin import lazy_pinyin

from models import regions, spelling
from search.analysis import romanised
from search.pinyin import readings

_HAN = re.compile("[\u3400-\u9fff]")
_SOUND = re.compile(r"[a-zü\s'’,.-]+")


def _short(name: str) -> str:
    """The shortest way to say a division's name: 大通 of 大通回族土族自治县."""
    return min(regions.forms(name) or (name,), key=len)


@cache
def _own_spellings() -> dict[str, list[str]]:
    """A place's short name to its own spellings in Latin letters, the usual one first."""
    found: dict[str, list[str]] = defaultdict(list)
    for spelled, name in romanised().items():
        found[name].append(spelled)
    return found


def _spelled(name: str) -> str:
    """A division's name without its kind, in Latin letters: Golmud, Datong."""
    short = _short(name)
    if own := _own_spellings().get(short):
        return own[0].capitalize()
    first, *others = readings(short)[0]
    return (first + "".join(f"'{one}" if one[0] in "aeo" else one for one in others)).capitalize()


@cache
def _rows() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in regions.published()}


@cache
def sounded_out(code: str) -> str:
    """A region's pinyin and its initials, for a list one searches by typing."""
    said = readings(_short(_rows()[code]["name"]))[0]
    return f"{''.join(said)} {''.join(syllable[0] for syllable in said)}"


def _letters(text: str) -> str:
    """What is left of a text that is sounded out: `Ge'ermu Shi` gives `geermushi`; nothing of any other."""
    said = spelling.plain(text).lower()
    return re.sub("[^a-z]", "", said.replace("ü", "v")) if _SOUND.fullmatch(said) else ""


def _sounds(code: str, name: str, area: str) -> Iterator[tuple[int, str]]:
    """How a division is sounded out, each with its rank: 0 as usual, 1 as some read it, 2 by its initials."""
    short = _short(name)
    english = regions.name_in_english(code)
    for said in (_spelled(name), english.partition(",")[0], english, regions.name_in_english(code, area)):
        yield 0, _letters(said)
    for form in regions.forms(name):
        kind = lazy_pinyin(form[len(short) :])
        for own in _own_spellings().get(short, ()):
            yield 0, own + "".join(kind)
        for nth, syllables in enumerate(readings(short)):
            yield min(nth, 1), _letters("".join([*syllables, *kind]))
            yield 2, _letters("".join(syllable[0] for syllable in [*syllables, *kind]))


@cache
def _sounded(area: str) -> dict[str, tuple[str, ...]]:
    """Whatever the divisions of an area sound like, with the codes it may mean; the usual way goes first."""
    ranks: tuple[dict[str, set[str]], ...] = (defaultdict(set), defaultdict(set), defaultdict(set))
    for code, row in _rows().items():
        if regions.covers(area, code) and regions.forms(row["name"]):
            for rank, said in _sounds(code, row["name"], area):
                ranks[rank][said].add(code)
    found: dict[str, tuple[str, ...]] = {}
    for sounds in ranks:
        for said, codes in sounds.items():
            found.setdefault(said, tuple(sorted(codes)))
    return found


def meant(text: str, area: str = "") -> tuple[str, ...]:
    """The codes of the divisions of an area a text may mean: a name, a code, or what it sounds like.

    None it cannot be; several it does not tell apart.
    """
    found = regions.find(text, area)
    return found or _sounded(area).get(_letters(text), ())


def near(text: str, area: str = "", most: int = 8) -> tuple[str, ...]:
    """The divisions of an area whose names hold a text, or sound as if they began with it."""
    said, letters = spelling.name(text), _letters(text)
    if _HAN.search(text):
        codes = [
            code
            for code, row in _rows().items()
            if regions.covers(area, code) and said in spelling.name(row["full_name"])
        ]
    else:
        codes = [
            code for key, of in _sounded(area).items() if letters and key.startswith(letters) for code in of
        ]
    return tuple(sorted(set(codes)))[:most]
