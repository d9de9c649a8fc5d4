"""The index on disk, read as arrays: each term's documents and gains are kept until the index changes.

Whoosh walks postings in Python, document by document, for every query; here a term is walked once, and a query is a
few additions in numpy. Scoring is Okapi BM25 (Robertson and others 1994) with the usual k1 = 1.2 and b = 0.75.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.reading import TermNotFound

K1, B = 1.2, 0.75
Ids = NDArray[np.int32]
Floats = NDArray[np.float32]


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

    def _matching(self, wanted: dict[str, float], must: list[tuple[str, str]]) -> tuple[NDArray[np.bool_], Floats]:
        """Which documents have all of `must` and any of the wanted words, and every document's points."""
        mask = self._alive.copy()
        for field, text in must:
            mask &= self._mask(field, text)
        points = np.zeros(self.size, dtype=np.float32)
        for term, weight in wanted.items():
            ids, gains = self._gain(term)
            points[ids] += np.float32(weight) * gains
        return (mask & (points > 0) if wanted else mask), points

    def count(self, wanted: dict[str, float], must: list[tuple[str, str]], field: str, values: Iterable[str]) -> dict[str, int]:
        """How many of the matching documents have each of these values in a field."""
        mask, _points = self._matching(wanted, must)
        return {value: int(np.count_nonzero(mask & self._mask(field, value))) for value in values}

    def search(self, wanted: dict[str, float], must: list[tuple[str, str]], first: int, size: int) -> tuple[list[str], int]:
        """The keys at these places and how many documents there are in all: by the weighted gains of the wanted words,
        then by credit; without any, by credit alone. `must` are (field, text) pairs every document has."""
        mask, points = self._matching(wanted, must)
        found = np.flatnonzero(mask)
        if first >= len(found):
            return [], len(found)
        near = found
        if wanted and len(found) > first + size:  # whatever equals the last place stays in, so that pages never overlap
            least = np.partition(points[found], len(found) - first - size)[len(found) - first - size]
            near = found[points[found] >= least]
        ranked = near[np.lexsort((near, -self._credit[near], -points[near]))][first : first + size]
        with self._lock:
            return [self._reader.stored_fields(int(n))["key"] for n in ranked], len(found)
