"""What is asked of an index, what it answers, and what every index does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.orm import Session

from models.regions import above
from search.documents import ALL, Document

GRADES = ("A", "B", "C", "D", "E", "none")
K1, B = 1.2, 0.75  # BM25's usual ones
WHOLE = (
    1000.0  # points for having every word that was asked for and is known at all: such documents come first
)
ORDERS = ("relevance", "grade", "price", "speed")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words, and exact filters.

    `region` is a place that is served, or any in it; `held` is a kind of qualification; `least` and `most`
    are fen for the item's example job. `order` by price, speed (promised days) and the two limits need an
    `item`: without one prices cannot be compared. `typing` takes the last word for a beginning.
    """

    words: str = ""
    kind: str = "agency"
    item: str = ""
    region: str = ""
    grade: str = ""
    held: str = ""
    least: int | None = None
    most: int | None = None
    order: str = "relevance"
    typing: bool = False
    counts: bool = False
    page: int = 1
    size: int = 20

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """The exact filters that are set, by the documents' field, each with the values one of which will do.

        A place is served by who serves it or some place in it, and by who serves all of an area it lies in.
        """
        every = {"items": self.item, "grade": self.grade, "held": self.held}
        found: dict[str, tuple[str, ...]] = {name: (text,) for name, text in every.items() if text}
        if self.region:
            place, *around = above(self.region)
            found["regions"] = (place, *(area + ALL for area in around))
        return found

    @property
    def order_by(self) -> str:
        """The order that can be had."""
        return self.order if self.order in ORDERS and (self.item or self.order == "grade") else "relevance"


FACETS = ("grade", "items", "regions", "held")
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of identifiers (agencies) or codes (items), best first, and how many there are in all.

    `counts` has every field of FACETS; where they were asked for, they say per field how many there are of
    each of its values for the same question without that field's own filter.
    """

    keys: list[str] = field(default_factory=list)
    total: int = 0
    counts: Counts = field(default_factory=lambda: {name: {} for name in FACETS})
    backend: str = ""


def in_region(counts: dict[str, int], code: str) -> int:
    """How many serve a place, by the counts of the field `regions`."""
    place, *around = above(code)
    return counts.get(place, 0) + sum(counts.get(area + ALL, 0) for area in around)


class Backend(Protocol):
    """What every index does.

    Only the jobs and the commands write; what is kept `in_database` needs their transaction.
    """

    name: str
    in_database: bool

    def exists(self, session: Session) -> bool: ...

    def forget(self) -> None:
        """Trust nothing that was kept of the index in memory."""

    def alone(self, session: Session | None) -> AbstractContextManager[None]:
        """Wait until nobody else writes the index or swaps it for another, and keep it so.

        What the session reads inside is what is there then.
        """

    def update(self, session: Session, documents: dict[str, Document | None]) -> None:
        """Put these documents in, or take them out where None. Doing it twice changes nothing."""

    def write(
        self,
        session: Session,
        documents: Iterable[Document],
        late: Callable[[], dict[str, Document | None]] = dict,
    ) -> int:
        """Make the index anew and put it in the place of the old one, which answers until then.

        Of these documents, then of those that are `late`. Returns how many it holds but for the late ones.
        """

    def search(self, session: Session, query: Query) -> Hits: ...
