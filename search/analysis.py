"""Words: how a text becomes the terms it is found by, the same for documents and queries."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

import rjieba
from pypinyin import lazy_pinyin

from models import spelling
from search import pinyin

_WORD = re.compile(r"\w+")
HAN = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+"
)  # of every plane: 𠮷 stands in the second
_TIBETAN = re.compile("[\u0f00-\u0fff]+")
_BETWEEN = re.compile("[\u0f0b-\u0f14\u0f34\u0f3a-\u0f3d]+")  # what stands between syllables
_LETTERS = re.compile(r"[a-z]+")
_LONGEST = 8  # characters that people abbreviate or sound out in one go
_EMPTY = frozenset(
    [
        "我",
        "我要",
        "要",
        "办",
        "办理",
        "的",
        "和",
        "与",
        "及",
        "请",
        "找",
        "做",
        "一个",
        "需要",
        "想",
        "、",
        "中介",
    ]
)


def plainly(text: str) -> str:
    """A text as it is indexed and asked for: one spelling, small letters."""
    return spelling.plain(text).lower()


@cache
def romanised() -> dict[str, str]:
    """Places' own spellings in Latin letters, to their names."""
    table: dict[str, str] = tomllib.loads(
        (Path(__file__).parent / "romanised.toml").read_text(encoding="utf-8")
    )["places"]
    return table


def _pinyins(text: str) -> dict[str, float]:
    """The pinyin somebody may have typed, each word and all together, with its weight.

    Ü stands as ü, v or yu, and as u, which it need not be.
    """
    said = re.sub("(?<=[jqxy])v", "u", re.sub("(?<=[ln])yu", "v", text.replace("ü", "v")))
    found: dict[str, float] = {}
    for typed in {
        *_LETTERS.findall(text.replace("ü", "v")),
        *_LETTERS.findall(said),
        "".join(_LETTERS.findall(said)),
    }:
        if len(typed) > 1:
            found |= {re.sub("(?<=[ln])u(?![anoi])", "v", typed): 0.8, typed: 1.0}
    return found


def terms(text: str) -> list[str]:
    """The terms of a text, in order.

    Segmented Chinese words, their single characters where a word is longer than one (so that a part still
    matches, weakly), lower-cased Latin words and numbers, Tibetan syllables.
    """
    found: list[str] = []
    said = plainly(text)
    for word in rjieba.cut_for_search(said):
        if _WORD.fullmatch(word) and word not in _EMPTY and not _TIBETAN.fullmatch(word):
            found.append(word)
    return found + [
        syllable for run in _TIBETAN.findall(said) for syllable in _BETWEEN.split(run) if syllable
    ]


def sounds(name: str) -> list[str]:
    """What else a name is found by: `p:` the pinyin of its words and of neighbouring words together.

    `i:` the initials from each word's start on; `b:` its pairs of characters, which survive one wrong
    character. A place, and a surname at a word's start, is read in every way it may be, one at a time; a
    place also without its kind (唐山 of 唐山市).
    """
    return [term for run in HAN.findall(plainly(name)) for term in _sounds(run)]


@lru_cache(maxsize=4096)
def _sounds(run: str) -> tuple[str, ...]:
    syllables = lazy_pinyin(run)
    if len(syllables) != len(run):
        return ()
    found: list[str] = []
    words = {(run.find(word), run.find(word) + len(word)) for word in rjieba.cut_for_search(run)}
    starts = sorted({start for start, _end in words})
    others = pinyin.others(run, syllables, starts)
    for start in starts:
        ends = sorted({end for _start, end in words if start + 2 <= end <= start + _LONGEST})
        found += ["p:" + "".join(said) for end in ends for said in _said(syllables, others, start, end)]
        most = min(_LONGEST, len(run) - start)
        for end in range(start + 2, start + most + 1):
            found += dict.fromkeys(
                "i:" + "".join(s[0] for s in said) for said in _said(syllables, others, start, end)
            )
    # 唐山市 is one word, and people type tangshan.
    found += [
        "p:" + "".join(said)
        for at, end in pinyin.places(run)
        if (at, end) not in words
        for said in _said(syllables, others, at, end)
    ]
    return (*found, *("b:" + run[at : at + 2] for at in range(len(run) - 1)))


def _said(syllables: list[str], others: list[pinyin.Other], start: int, end: int) -> list[tuple[str, ...]]:
    """The syllables of a part.

    As they are usually read, and with each other reading of a place or surname that lies in it.
    """
    ways = [
        (*syllables[start:at], *other, *syllables[at + len(other) : end])
        for at, other in others
        if start <= at and at + len(other) <= end
    ]
    return list(dict.fromkeys([tuple(syllables[start:end]), *ways]))


def query_terms(text: str, *, typing: bool = False) -> dict[str, float]:
    """The terms a query asks for, each with its weight: its own words and the names of its places fully.

    What it may have meant by sound (pinyin, initials, a character of the same sound) or with a character
    wrong, less. While somebody is typing the last word may go on: a term that ends in `*` stands for all that
    begin so.
    """
    text = plainly(text)
    extra = [
        term
        for said in re.findall("[a-z]+", text.replace("ü", "u"))
        if said in romanised()
        for term in terms(romanised()[said])
    ]
    extra += [term for name in pinyin.other_names(text) for term in terms(name) if len(term) > 1]
    wanted = dict.fromkeys(terms(text) + extra, 1.0)
    letters = "".join(_LETTERS.findall(text))
    for typed, weight in _pinyins(text).items():
        wanted |= {"p:" + typed: max(weight, wanted.get("p:" + typed, 0)), "i:" + typed: weight}
    for term in list(wanted):
        if HAN.fullmatch(term) and len(term) > 1:
            wanted["p:" + "".join(lazy_pinyin(term))] = 0.4
    asked = "".join(char for char in text if char not in "我要办找请的")
    for run in HAN.findall(asked):
        wanted |= {"b:" + run[at : at + 2]: 0.2 for at in range(len(run) - 1)}
    if typing and wanted:
        begun = {terms(text)[-1] if terms(text) else ""} | (
            {"p:" + letters, "i:" + letters} if letters else set()
        )
        wanted |= {f"{term}*": 0.8 for term in begun if term}
    return wanted


def marked(text: str, words: str) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it is one of the words asked for.

    The longest first where they overlap.
    """
    typed = plainly(words).split()
    asked = sorted(
        {term for term in [*typed, *plain(query_terms(words))] if len(term) > 1}, key=len, reverse=True
    )
    if not asked:
        return [(text, False)]
    pieces = re.split(f"({'|'.join(map(re.escape, asked))})", text, flags=re.IGNORECASE)
    return [(piece, bool(place % 2)) for place, piece in enumerate(pieces) if piece]


def is_plain(term: str) -> bool:
    """Whether a term is a word as it is written."""
    return term[1:2] != ":" and not term.endswith("*")


def plain(wanted: dict[str, float]) -> list[str]:
    """Those of a query's terms that are."""
    return [term for term in wanted if is_plain(term)]
