"""How a text that is read comes apart: into letters, words, sounds, and what is only said around the rest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice, product

import rjieba
from pypinyin import lazy_pinyin

from search import pinyin
from search.lexicon import Piece

SOMETHING = re.compile("[^\0]+")
_FEW, _READINGS = 5, 24  # characters whose every reading is tried, and how many of them
_SOUND = 30  # letters of one thing that is said
_PHRASE = 10  # characters of what is only said


def is_letter(char: str) -> bool:
    """Whether a character says something: no blank, no punctuation, no picture."""
    return unicodedata.category(char)[0] in "LMN"


def bounds(run: str, start: int) -> Iterator[int]:
    """Where the words of a run of characters end, counted from where it begins."""
    for word in rjieba.cut(run):
        start += len(word)
        yield start


def is_words(text: str) -> bool:
    """Whether a text is nothing but words of two characters and more."""
    return all(len(word) > 1 for word in rjieba.cut(text))


def readings(text: str) -> list[str]:
    """How a few characters may be read aloud, the usual way first."""
    usual = "".join(lazy_pinyin(text))
    ways = product(*(pinyin.of_character(char) for char in text)) if len(text) <= _FEW else ()
    return list(dict.fromkeys([usual, *islice(map("".join, ways), _READINGS)]))


def split(said: str, table: dict[str, Piece]) -> list[Piece]:
    """The fewest known parts that make up what was said; none where it is not made up of them."""
    best: list[list[Piece] | None] = [[], *([None] * len(said))]
    for end in range(1, len(said) + 1):
        for start in range(max(0, end - _SOUND), end):
            before, piece, least = best[start], table.get(said[start:end]), best[end]
            if before is not None and piece and (least is None or len(before) + 1 < len(least)):
                best[end] = [*before, piece]
    return best[-1] or []


def edges(text: str, first: int, last: int, spoken: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Which of these phrases begin or end a part of a text, again and again, the longest first.

    None of a single character: it may belong to a name.
    """
    start, end = first, last
    while start < end:
        most = min(end - start, _PHRASE)
        begun = next((n for n in range(most, 1, -1) if text[start : start + n] in spoken), 0)
        closed = next((n for n in range(most, 1, -1) if text[end - n : end] in spoken), 0)
        if not begun and not closed:
            return
        yield (start, start + begun) if begun >= closed else (end - closed, end)
        start, end = (start + begun, end) if begun >= closed else (start, end - closed)
