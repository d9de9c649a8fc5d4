"""What a question means: the item and the place are taken out of what was typed, and what surrounds them.

环评报告多少钱, 我要在格尔木办环评, eia in Xining and xining huanping are questions about one item; what was
not understood stays, word for word, to be looked for in names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations
from typing import Protocol

from models import regions
from search.analysis import HAN
from search.lexicon import Lexicon, Named, Piece, blurred, lexicon, normal, said, stem
from search.spoken import SOMETHING, bounds, edges, is_letter, is_words, readings, split

_CODE = re.compile(r"(?<![a-z0-9])([a-z]{2,4})[-_ .]?([0-9]{1,3})(?![a-z0-9-])")
_LATIN = re.compile("[a-z]+")
# 青海某某环境咨询有限公司 is what somebody is called, whatever words stand in it.
_NAME = re.compile("(?:有限(?:责任)?公司|股份公司|集团|合伙\\)?)$")
_SIZE = re.compile(
    "(?:19|20)[0-9]{2}年|[0-9][0-9,.]*(?:[多余来]?[千万亿]*)(?:元|块|亩|公顷|平方米|平方公里|平米|平方|平|公里|米|吨|兆瓦|家|个|套|台|天|年|人|kv|kw|mw|m2|km|m|t)?"
)
_SPACED = re.compile(f"(?<!{HAN.pattern[:-1]})(?:{HAN.pattern[:-1]}(?: +|$)){{2,}}")
_MOST_TOKENS = 8  # words in Latin letters that are read together
_SURE = 4  # characters of what may be other words altogether
_LONGEST = 12  # characters of what is looked for with one of them wrong
_MOST = 100  # characters of a question that are read
_MERELY = ("polite", "price", "time")  # what is only said, whatever is looked for
_EVERYTHING = (*_MERELY, "generic", "subjects")
_CLEARLY = 1.1  # by how much the item meant is nearer to the words than the next
_OTHERS = 5


class Item(Protocol):
    """What the catalogue says of an item."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Interpretation:
    """A question, understood as far as it could be.

    `words` are what was not understood, as it is looked for; `item` the code of the item it is about,
    `others` those it may be about as well, or instead where there is no `item`; `region` the code of the
    place it names; `priced` whether it asks for a price.
    """

    words: str = ""
    item: str = ""
    others: tuple[str, ...] = ()
    region: str = ""
    priced: bool = False

    @property
    def items(self) -> list[str]:
        """The items it may be about, the likeliest first."""
        return [*([self.item] if self.item else []), *self.others]


def interpret(text: str, area: str, candidates: Iterable[Item]) -> Interpretation:
    """What a text asks for, of these items and of the places of an area."""
    told = normal(text)[:_MOST].strip()
    if _NAME.search(told):
        return Interpretation(words=text.strip())
    told = _SPACED.sub(lambda run: run[0].replace(" ", ""), told)
    names = tuple(Named(item.code, item.name, item.name_en) for item in candidates)
    return _Reading(told, lexicon(names, area), area).result(text.strip())


class _Reading:
    """A text that is being read: which of its letters are understood, and what they said."""

    def __init__(self, text: str, words: Lexicon, area: str) -> None:
        self.text, self.lexicon, self.area = text, words, area
        self.known = [not is_letter(char) for char in text]
        self.items: list[tuple[int, tuple[str, ...]]] = []  # where, and the codes
        self.places: list[tuple[int, int, str]] = []
        self.priced = False

    def result(self, typed: str) -> Interpretation:
        self._codes()
        self._phrases()
        self._places()
        self._around(*(_EVERYTHING if self.items else _MERELY))
        self._latin()
        self._sounds()
        if not self.items:
            self._nearly()
        if self.items:
            self._sizes()
            self._around(*_EVERYTHING)
        else:
            self._give_back_names()
        codes = list(dict.fromkeys(code for _at, codes in sorted(self.items) for code in codes))
        region = self._region()
        words = " ".join(self.text[start:end] for start, end in self._unknown())
        if not codes and not region:
            said_more = len(words.replace(" ", "")) < sum(map(is_letter, self.text))
            return Interpretation(words=words if words and said_more else typed, priced=self.priced)
        clear = bool(self.items) and min(self.items)[0] >= 0
        return Interpretation(
            words, codes[0] if clear else "", tuple(codes[clear:][:_OTHERS]), region, self.priced
        )

    # What is left, and what is taken.

    def _unknown(self, pattern: re.Pattern[str] | None = None) -> list[tuple[int, int]]:
        """The longest runs of letters nobody understood yet, or of those a pattern takes."""
        hidden = "".join("\0" if known else char for known, char in zip(self.known, self.text, strict=True))
        return [match.span() for match in (pattern or SOMETHING).finditer(hidden)]

    def _take(self, start: int, end: int, *, known: bool = True) -> None:
        self.known[start:end] = [known] * (end - start)

    def _heard(self, start: int, end: int, pieces: Sequence[Piece]) -> None:
        """These letters said this."""
        self._take(start, end)
        for piece in pieces:
            if piece.kind == "item":
                self.items.append((start, piece.codes))
            elif piece.kind == "place":
                self.places.append((start, end, piece.codes[0]))
            self.priced = self.priced or piece.kind == "price"

    # Characters.

    def _codes(self) -> None:
        for match in _CODE.finditer(self.text):
            code = self.lexicon.codes.get((match[1], int(match[2])))
            if code:
                self._heard(*match.span(), [Piece("item", (code,))])

    def _phrases(self) -> None:
        """What the catalogue calls its items, the longest first from the left."""
        for start, end in self._unknown(HAN):
            at = start
            while at < end:
                longest = min(end, at + self.lexicon.longest)
                stop = next((n for n in range(longest, at + 1, -1) if self._is_phrase(at, n, start, end)), 0)
                if stop:
                    self._heard(at, stop, [Piece("item", self.lexicon.phrases[self.text[at:stop]])])
                at = max(stop, at + 1)

    def _is_phrase(self, at: int, stop: int, start: int, end: int) -> bool:
        """Whether the catalogue says so, and does not cut two other words in half: 功能评估 is no 能评."""
        if self.text[at:stop] not in self.lexicon.phrases:
            return False
        whole = {start, *bounds(self.text[start:end], start)} if stop - at == 2 else {at}
        return at in whole or stop in whole or self.text[at - 1 : at] in said("polite")  # 办能评

    def _places(self) -> None:
        for first, end in self._unknown(HAN):
            for start, stop, code in regions.mentioned(self.text[first:end], self.area):
                self._heard(first + start, first + stop, [Piece("place", (code,))])

    def _around(self, *kinds: str) -> None:
        """What only surrounds the question: all that is left, or its ends.

        At an end a single character does not count: it may belong to a name.
        """
        spoken, prices = said(*kinds), said("price")
        table = {phrase: Piece("price" if phrase in prices else "polite") for phrase in spoken}
        for first, last in self._unknown(HAN):
            pieces = split(self.text[first:last], table)
            if pieces:
                self._heard(first, last, pieces)
                continue
            for start, end in edges(self.text, first, last, spoken):
                self._take(start, end)
                self.priced = self.priced or self.text[start:end] in prices

    def _sizes(self) -> None:
        for match in _SIZE.finditer(self.text):
            self._take(*match.span())

    # Sounds and Latin letters.

    def _sounds(self) -> None:
        """Characters that sound like an item or a place: typed by sound, and the wrong one taken (环平).

        Beside an item also those that sound like what only surrounds one (报高).
        """
        for start, end in self._unknown(HAN):
            sounds = readings(self.text[start:end]) if end - start > 1 else []
            pieces = next(filter(None, map(self._said, sounds)), [])
            if any(piece.short for piece in pieces):  # too many characters sound like 的
                continue
            if pieces and (not self.items or all(piece.kind != "item" for piece in pieces)):
                self._heard(start, end, pieces)
            elif self.items and any(sound in self.lexicon.sounds for sound in sounds):
                self._take(start, end)

    def _said(self, sound: str) -> list[Piece]:
        """What a sound says: the fewest known sounds it consists of, an item or a place among them."""
        for table, typed in ((self.lexicon.sounds, sound), (self.lexicon.blurred, blurred(sound))):
            pieces = split(typed, table)
            if any(piece.kind in ("item", "place") for piece in pieces):
                return pieces
        return []

    def _latin(self) -> None:
        english = self.lexicon.words | said("stop", "price", "time", "kinds", language="english")
        runs: list[list[tuple[int, int]]] = [[]]
        before = 0
        for start, end in self._unknown(_LATIN):
            if any(map(is_letter, self.text[before:start])):
                runs.append([])
            before = end
            if self.text[start:end] in english and self.text[start:end] not in self.lexicon.sounds:
                runs.append([])
            else:
                runs[-1].append((start, end))
        for run in runs:
            self._pinyin(run[: 2 * _MOST_TOKENS])
        self._english()
        if not self.items:
            self._initials()

    def _pinyin(self, run: list[tuple[int, int]]) -> None:
        """Words that are read aloud as Chinese, the longest row of them first."""
        rows = sorted(combinations(range(len(run) + 1), 2), key=lambda row: row[0] - row[1])
        for first, last in rows:
            if last - first <= _MOST_TOKENS:
                pieces = self._said("".join(self.text[start:end] for start, end in run[first:last]))
                if pieces:
                    self._heard(run[first][0], run[last - 1][1], pieces)
                    self._pinyin(run[:first])
                    self._pinyin(run[last:])
                    return

    def _english(self) -> None:
        """The item whose English name has the most, and the most telling, of the words."""
        tokens = [(start, end, self._word(self.text[start:end])) for start, end in self._unknown(_LATIN)]
        prices = said("price", language="english")
        every = {stem(word) for _start, _end, word in tokens}
        whole = {code for code, name in self.lexicon.english if len(name) > 1 and name <= every}
        best = self._nearest(every - (set() if whole else set(map(stem, prices)))) or self._nearest(every)
        if best:
            first = min(start for start, _end, word in tokens if stem(word) in self.lexicon.rarity)
            self.items.append((first if len(best) == 1 else -1, tuple(best)))
        if best or self.items or self.places:
            small = said("stop", "price", "time", "kinds", language="english")
            for start, end, word in tokens:
                if word in small or (self.items and stem(word) in self.lexicon.rarity):
                    self._take(start, end)
                    self.priced = self.priced or word in prices

    def _word(self, typed: str) -> str:
        """An English word as it is meant, one letter wrong or not."""
        known = self.lexicon.words | said("stop", "price", "time", "kinds", language="english")
        if len(typed) < 5 or typed in known or stem(typed) in self.lexicon.rarity:
            return typed
        return next(iter(get_close_matches(typed, sorted(self.lexicon.words), 1, 0.84)), typed)

    def _nearest(self, stems: set[str]) -> list[str]:
        """The items whose names have the most of these stems; several where they do not tell them apart."""
        points: dict[str, float] = {}
        for code, name in self.lexicon.english:
            has = sum(self.lexicon.rarity[one] for one in name & stems)
            lacks = sum(self.lexicon.rarity[one] for one in name - stems)
            points[code] = max(points.get(code, 0), has / (1 + 0.1 * lacks))
        best = max(points.values(), default=0)
        return sorted(
            (code for code, gained in points.items() if gained > 0 and gained * _CLEARLY > best),
            key=lambda code: -points[code],
        )

    def _initials(self) -> None:
        for start, end in self._unknown(_LATIN):
            codes = self.lexicon.initials.get(self.text[start:end])
            if codes:
                self._heard(start, end, [Piece("item", codes)])

    def _nearly(self) -> None:
        """Phrases with one character wrong, missing or too many, between two words: the longest first."""
        for first, last in self._unknown(HAN):
            ends = [first, *bounds(self.text[first:last], first)]
            spans = [span for span in combinations(ends, 2) if 2 < span[1] - span[0] <= _LONGEST]
            for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
                meant = self._almost(self.text[start:end])
                if meant:
                    self._heard(start, end, [Piece("item", meant)])
                    break

    def _almost(self, text: str) -> tuple[str, ...]:
        known, nearly = self.lexicon.phrases, self.lexicon.nearly
        if len(text) <= _SURE and is_words(text):  # 功能评估 is no slip for 节能评估
            return ()
        shorter = [text[:at] + text[at + 1 :] for at in range(len(text))]
        found = [*nearly.get(text, ()), *(one for one in shorter if one in known and len(one) > 2)]
        found += [one for part in shorter for one in nearly.get(part, ()) if len(one) == len(text)]
        return known[found[0]] if found else ()

    # Places.

    def _give_back_names(self) -> None:
        """A place that stands among letters nobody understood is part of a name: 祁连测绘."""
        for start, end, _code in list(self.places):
            beside = [at for at in (start - 1, end) if 0 <= at < len(self.text)]
            if any(not self.known[at] and HAN.match(self.text[at]) for at in beside):
                self._take(start, end, known=False)
                self.places = [place for place in self.places if place[0] != start]

    def _region(self) -> str:
        """The place, or the one that lies in those that were named with it; others stay to be looked for."""
        found = ""
        for start, end, code in sorted(self.places):
            if not found or regions.covers(found, code):
                found = code
            elif not regions.covers(code, found):
                self._take(start, end, known=False)
        return found
