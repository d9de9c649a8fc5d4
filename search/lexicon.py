"""What the words of a question may stand for: items of the catalogue, places, and what is only said.

Made once for a catalogue and an area, and looked up by everything that is typed: characters, their sound,
initials, a character too few, English words.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from math import log
from pathlib import Path
from typing import NamedTuple

from pypinyin import lazy_pinyin

from models import regions, spelling
from models.synonyms import synonyms_of
from search import analysis, pinyin

Phrases = dict[str, tuple[str, ...]]  # what is said, to the codes of the items it may mean
_BRACKETED = re.compile(r"\(([^()]*)\)")
_BEFORE = ("建设项目", "生产建设项目", "固定资产投资项目", "特殊建设工程", "建设工程", "重大项目")
_AFTER = (
    "编制",
    "出具",
    "报告书",
    "报告",
    "方案",
    "评估",
    "评价",
    "论证",
    "检测",
    "审查",
    "咨询",
    "鉴定",
    "测绘",
    "服务",
)
_SHORTEST = 4  # characters of what is left of a name


class Named(NamedTuple):
    """An item as it is called: its code, and its name in either language."""

    code: str
    name: str
    name_en: str


class Piece(NamedTuple):
    """What a sound stands for: an item (its codes), a place (its code), or what is only said.

    That is `short` where it is a single character.
    """

    kind: str
    codes: tuple[str, ...] = ()
    short: bool = False


@cache
def phrases() -> dict[str, dict[str, list[str]]]:
    """What people put around what they look for, by language and kind."""
    return tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))


@cache
def _simpler() -> dict[int, str]:
    pairs = str(phrases()["simpler"])
    return str.maketrans(dict(zip(pairs[::2], pairs[1::2], strict=True)))


def normal(text: str) -> str:
    """A question in the form it is looked at: plain, small letters, one dash, simplified characters."""
    return spelling.reference(text).lower().translate(_simpler())


def said(*kinds: str, language: str = "han") -> frozenset[str]:
    """The phrases of these kinds."""
    return _said(language, kinds)


@cache
def _said(language: str, kinds: tuple[str, ...]) -> frozenset[str]:
    return frozenset(chain.from_iterable(phrases()[language][kind] for kind in kinds))


def blurred(sound: str) -> str:
    """A sound as those write it who do not tell zh from z, -ng from -n, or one letter from two."""
    return re.sub(r"(.)\1", r"\1", re.sub("(?<=[zcs])h", "", sound).replace("ng", "n"))


def stem(word: str) -> str:
    """What an English word begins with, whatever its ending: `environmental`, `environment`."""
    return (word.removesuffix("s") if len(word) > 3 else word)[:6]


def short_names(name: str) -> list[str]:
    """What is left of an item's name without what stands in brackets, before and after its subject."""
    plain = normal(name)
    found = [*_BRACKETED.sub("", plain).split("、"), *_BRACKETED.findall(plain)]
    for one in found:
        found += [one.removeprefix(start) for start in _BEFORE if one.startswith(start)]
        found += [one.removesuffix(end) for end in _AFTER if one.endswith(end)]
    return [one for one in dict.fromkeys([plain, *found]) if len(one) >= _SHORTEST]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything a question is looked up in.

    `nearly` has what is left of a phrase without one character; `english` the words (stems) of each English
    name, with the item's code; `rarity` how much a stem tells.
    """

    codes: dict[tuple[str, int], str]
    phrases: Phrases
    longest: int
    nearly: dict[str, tuple[str, ...]]
    initials: Phrases
    sounds: dict[str, Piece]
    blurred: dict[str, Piece]
    english: list[tuple[str, frozenset[str]]]
    rarity: dict[str, float]
    words: frozenset[str]


@lru_cache(maxsize=8)
def lexicon(items: tuple[Named, ...], area: str) -> Lexicon:
    """The lexicon of these items and the places of an area."""
    known = _phrases(items)
    sounds = _sounds(known, area)
    english = [(item.code, stems) for item in items for stems in _english(item)]
    often: dict[str, set[str]] = defaultdict(set)
    for code, stems in english:
        for one in stems:
            often[one].add(code)
    return Lexicon(
        codes={_numbered(item.code): item.code for item in items if _numbered(item.code)[0]},
        phrases=known,
        longest=max(map(len, known), default=0),
        nearly=_nearly(known),
        initials=_initials(known),
        sounds=sounds,
        blurred={blurred(sound): piece for sound, piece in reversed(sounds.items())},
        english=english,
        rarity={one: log(1 + len(items) / len(codes)) for one, codes in often.items()},
        words=frozenset(word for item in items for text in _latin(item) for word in _words(text)),
    )


def _numbered(code: str) -> tuple[str, int]:
    """`EIA-01` as letters and number, however many zeros it is written with."""
    letters, _, number = code.lower().partition("-")
    return (letters, int(number)) if number.isdigit() else ("", 0)


def _phrases(items: Iterable[Named]) -> Phrases:
    """The synonyms of the items, and what is left of their names where that is no synonym."""
    found: dict[str, list[str]] = defaultdict(list)
    rest: dict[str, list[str]] = defaultdict(list)
    for item in items:
        for text in synonyms_of(item.code):
            if analysis.HAN.search(text):
                found[normal(text)].append(item.code)
        for text in short_names(item.name):
            rest[text].append(item.code)
    return {text: tuple(codes) for text, codes in (rest | found).items()}


def _nearly(known: Phrases) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for text in known:
        if len(text) >= _SHORTEST:
            for at in range(len(text)):
                found[text[:at] + text[at + 1 :]].append(text)
    return {text: tuple(dict.fromkeys(every)) for text, every in found.items()}


def _initials(known: Phrases) -> Phrases:
    """The initials of phrases of three characters and more."""
    found: dict[str, list[str]] = defaultdict(list)
    for text, codes in known.items():
        if len(text) > 2:
            found["".join(one[0] for one in lazy_pinyin(text) if one)].extend(codes)
    return {text: tuple(dict.fromkeys(codes)) for text, codes in found.items()}


def _sounds(known: Phrases, area: str) -> dict[str, Piece]:
    """How items, places and what is only said sound; an item goes before a place of the same sound."""
    found: dict[str, Piece] = {}
    items: dict[str, list[str]] = defaultdict(list)
    for text, codes in known.items():
        items["".join(lazy_pinyin(text))].extend(codes)
    for sound, every in items.items():
        found[sound] = Piece("item", tuple(dict.fromkeys(every)))
    for name, places in regions.names_of(area).items():
        code = regions.widest(places)
        if code and len(name) <= 6:
            for sound in pinyin.spoken(name):
                found.setdefault(sound, Piece("place", (code,)))
    for sound, name in analysis.romanised().items():
        code = regions.widest(regions.find(name, area))
        if code:
            found[sound] = Piece("place", (code,))
    for kind in ("price", "polite", "time", "generic"):
        for text in sorted(said(kind), key=len, reverse=True):
            found.setdefault("".join(lazy_pinyin(text)), Piece(kind, short=len(text) == 1))
    return found


def _latin(item: Named) -> list[str]:
    others = [text for text in synonyms_of(item.code) if not analysis.HAN.search(text)]
    return [item.name_en.lower(), *map(str.lower, others)]


def _words(text: str) -> list[str]:
    return [word for word in re.findall("[a-z]+", text) if word not in said("stop", language="english")]


def _english(item: Named) -> list[frozenset[str]]:
    return [frozenset(map(stem, _words(text))) for text in _latin(item)]
