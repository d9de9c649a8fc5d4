"""The index on disk, read as arrays: each term's documents and gains are kept until the index changes.

Whoosh walks postings in Python, document by document, for every query; here a term is walked once, and a
query is a few additions in numpy. Scoring is Okapi BM25 (Robertson and others 1994) with the usual k1 = 1.2
and b = 0.75.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.reading import TermNotFound

from search.analysis import is_plain
from search.query import K1, WHOLE, B

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """What a question matches.

    Every document's points, those that match but for the filters, and each filter's mask.
    """

    ranked: bool
    points: Floats
    base: NDArray[np.bool_]
    masks: dict[str, NDArray[np.bool_]]

    def by_all_but(self, field: str) -> NDArray[np.bool_]:
        """Which documents match, one field's filter left out."""
        mask = self.base
        for name, one in self.masks.items():
            if name != field:
                mask = mask & one
        return mask


class Postings:
    """One generation of an index. Safe to share among threads."""

    def __init__(self, reader: Any) -> None:
        self._reader, self._lock = reader, Lock()
        self.size: int = reader.doc_count_all()
        self._alive = np.array([not reader.is_deleted(n) for n in range(self.size)], dtype=bool)
        lengths = np.array([reader.doc_field_length(n, "words") for n in range(self.size)], dtype=np.float32)
        self._norm = K1 * (1 - B + B * lengths / max(float(lengths.mean()) if self.size else 1.0, 1.0))
        scores = reader.column_reader("score") if self.size else []
        self._credit = np.array([scores[n] for n in range(self.size)], dtype=np.float32)
        self._gains: dict[str, tuple[Ids, Floats]] = {}
        self._masks: dict[tuple[str, str], NDArray[np.bool_]] = {}
        self._facets: dict[str, tuple[list[str], Ids, Ids]] = {}
        self._offers: dict[str, tuple[Floats, Floats]] = {}

    def _walk(self, field: str, text: str) -> tuple[Ids, Floats]:
        """The documents of a term and how often it stands in each."""
        ids: list[int] = []
        weights: list[float] = []
        with self._lock:
            try:
                matcher = self._reader.postings(field, text)
            except TermNotFound:
                return np.array([], dtype=np.int32), np.array([], dtype=np.float32)
            while matcher.is_active():
                ids.append(matcher.id())
                weights.append(matcher.weight())
                matcher.next()
        return np.array(ids, dtype=np.int32), np.array(weights, dtype=np.float32)

    def _gain(self, term: str) -> tuple[Ids, Floats]:
        """The documents of a word and what each gains by it: idf × saturated frequency."""
        if term not in self._gains:
            ids, often = self._walk("words", term)
            if not len(ids):  # not kept: there is no end to the words people may type
                return ids, often
            idf = np.float32(np.log(self.size / (len(ids) + 1)) + 1) if self.size else np.float32(0)
            self._gains[term] = ids, (idf * often * (K1 + 1) / (often + self._norm[ids])).astype(np.float32)
        return self._gains[term]

    def _mask(self, field: str, text: str) -> NDArray[np.bool_]:
        """Which documents have exactly this in a field."""
        if (field, text) not in self._masks:
            ids, mask = self._walk(field, text)[0], np.zeros(self.size, dtype=bool)
            if not len(ids):
                return mask
            mask[ids] = True
            self._masks[field, text] = mask
        return self._masks[field, text]

    def _facet(self, field: str) -> tuple[list[str], Ids, Ids]:
        """The values of a field, and which document has which: pairs of document and value."""
        if field not in self._facets:
            with self._lock:
                texts = [text.decode() for text in self._reader.lexicon(field)]
            walked = [self._walk(field, text)[0] for text in texts]
            codes = [np.full(len(ids), code, dtype=np.int32) for code, ids in enumerate(walked)]
            empty = np.array([], dtype=np.int32)
            self._facets[field] = texts, np.concatenate([empty, *walked]), np.concatenate([empty, *codes])
        return self._facets[field]

    def _offered(self, item: str) -> tuple[Floats, Floats]:
        """Every document's price for an item's example job, and its promised days.

        Without end where it offers none.
        """
        if item not in self._offers:
            price, days = np.full(self.size, np.inf), np.full(self.size, np.inf)
            places = np.flatnonzero(self._mask("items", item))  # which takes the lock, too
            if not len(places):  # whatever a stranger makes up is not kept
                return price, days
            with self._lock:
                for place in places:
                    offers = self._reader.stored_fields(int(place)).get("offers", {})
                    price[place], days[place] = offers.get(item, (np.inf, np.inf))
            self._offers[item] = price, days
        return self._offers[item]

    def _expanded(self, wanted: dict[str, float]) -> dict[str, float]:
        """The wanted words; a beginning (`…*`) becomes the words that begin so, at the most 40."""
        found: dict[str, float] = {}
        for term, weight in wanted.items():
            if not term.endswith("*"):
                found[term] = max(weight, found.get(term, 0))
                continue
            with self._lock:
                begun = [text.decode() for text in islice(self._reader.expand_prefix("words", term[:-1]), 40)]
            found |= {word: max(weight, found.get(word, 0)) for word in begun}
        return found

    def find(
        self,
        wanted: dict[str, float],
        filters: dict[str, tuple[str, ...]],
        item: str = "",
        least: int | None = None,
        most: int | None = None,
    ) -> Found:
        """What matches the words, the filters and the limits on the price.

        Any of the wanted words, one value of each filter, and a price for the item within the limits (fen).
        """
        points = np.zeros(self.size, dtype=np.float32)
        whole, known = np.zeros(self.size, dtype=np.int16), 0
        for term, weight in self._expanded(wanted).items():
            ids, gains = self._gain(term)
            points[ids] += np.float32(weight) * gains
            if len(ids) and is_plain(term):
                whole[ids] += 1
                known += 1
        if known > 1:
            points[whole == known] += WHOLE
        base = self._alive & (points > 0) if wanted else self._alive
        if item and (least is not None or most is not None):
            price = self._offered(item)[0]
            base = (
                base
                & np.isfinite(price)
                & (price >= (least or 0))
                & (price <= (np.inf if most is None else most))
            )
        masks = {
            name: np.logical_or.reduce([self._mask(name, text) for text in texts])
            for name, texts in filters.items()
        }
        return Found(bool(wanted), points, base, masks)

    def count(self, found: Found, field: str) -> dict[str, int]:
        """How many of what was found, by all but the field's own filter, have each of the field's values."""
        texts, documents, codes = self._facet(field)
        counted = np.bincount(codes[found.by_all_but(field)[documents]], minlength=len(texts))
        return {text: int(number) for text, number in zip(texts, counted, strict=True) if number}

    def page(self, found: Found, order: str, item: str, first: int, size: int) -> tuple[list[str], int]:
        """The keys at these places, and how many there are in all.

        By the points of the wanted words or as ordered, then by credit.
        """
        mask = found.by_all_but("")
        matched = np.flatnonzero(mask)
        if first >= len(matched):
            return [], len(matched)
        near, ranked_by = matched, -found.points
        if order in ("price", "speed"):
            ranked_by = self._offered(item)[0 if order == "price" else 1]
        elif order == "grade":
            ranked_by = -self._credit
        elif (
            found.ranked and len(matched) > first + size
        ):  # whatever equals the last place stays in, so that pages never overlap
            least = np.partition(found.points[matched], len(matched) - first - size)[
                len(matched) - first - size
            ]
            near = matched[found.points[matched] >= least]
        ordered = near[np.lexsort((near, -self._credit[near], ranked_by[near]))][first : first + size]
        with self._lock:
            return [self._reader.stored_fields(int(n))["key"] for n in ordered], len(matched)
