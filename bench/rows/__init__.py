"""The rows of the bench.

What each measures, at the sizes its figure is told for and at the smallest at which it runs at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Row
from bench.rows import (
    acting,
    crediting,
    nightly,
    rating_rings,
    redflags,
    searching,
    separation,
    serving,
    uploading,
)

DEMO, SMALL_DEMO = {"tenders": 80, "days": 150}, {"tenders": 4, "days": 30}


@dataclass(frozen=True, slots=True)
class Bench:
    """A measurement, which takes an empty folder and its sizes and yields rows."""

    measure: Callable[..., Iterator[Row]]
    sizes: dict[str, Any]
    smallest: dict[str, Any]

    def __call__(self, folder: Path, *, small: bool = False) -> Iterator[Row]:
        return self.measure(folder, **(self.smallest if small else self.sizes))


ROWS = {
    "hello": Bench(serving.hello, {"rounds": 500}, {"rounds": 10}),
    "lifecycle": Bench(acting.lifecycle, {"rounds": 5, **DEMO}, {"rounds": 1, **SMALL_DEMO}),
    "agency-page": Bench(serving.agency_page, {"rounds": 100, **DEMO}, {"rounds": 5, **SMALL_DEMO}),
    "search": Bench(
        searching.search,
        {"rounds": 50, "agencies": (2_000, 20_000, 100_000)},
        {"rounds": 5, "agencies": (200,)},
    ),
    "search-relevance": Bench(searching.relevance, {}, {}),
    "nightly": Bench(nightly.nightly, {"agencies": 20_000, "acts": 150}, {"agencies": 20, "acts": 5}),
    "rating-rings": Bench(
        rating_rings.rating_rings,
        {"agencies": 2_000, "seeds": 4, "sizes": (3, 10, 20), "contracts": (1, 3, 5)},
        {"agencies": 400, "seeds": 1, "sizes": (20,), "contracts": (5,)},
    ),
    "redflags": Bench(
        redflags.redflags,
        {"repeats": 10, "trees": 500, "samples": 2_000},
        {"repeats": 1, "trees": 20, "samples": 20},
    ),
    "credit": Bench(
        crediting.credit, {"sizes": (1_000, 10_000), "rounds": 20}, {"sizes": (40,), "rounds": 2}
    ),
    "credit-separation": Bench(
        separation.separation, {"agencies": 2_000, "seeds": 4}, {"agencies": 200, "seeds": 1}
    ),
    "upload": Bench(uploading.upload, {"rounds": 3, "megabytes": 200}, {"rounds": 1, "megabytes": 64}),
    "ledger": Bench(acting.ledger, {"rounds": 5, "postings": 300}, {"rounds": 1, "postings": 10}),
}
