"""What a red flag is made of: the sign it is, what a sign reads, and what it found.

A sign is a fact about bids or the market that somebody who oversees should look at. It is never a verdict:
nothing follows from it by itself, and each names what else may be behind it. Each is declared once, in a
module of `models/oversight/signs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from models.policy import Policy

Figure = tuple[str, str, float]  # what it is called, its unit (of UNITS), and the value
UNITS = ("count", "share", "fen", "days", "ratio")


@dataclass(frozen=True, slots=True)
class Answer:
    """A bid or quote that may be read: its number, whose it is, fen, and when it came.

    `struck` where it was found void.
    """

    identifier: str
    agency: int
    price: int | None
    struck: bool
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How an organisation fared so far: sealed bids (received, of a buyer), void ones, those that won.

    `lines` is of how many departments the items are that it was awarded.
    """

    bids: int = 0
    struck: int = 0
    won: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A tender whose answers are open, and what the market did before.

    `days` are the working days there were to answer. `winner` is whose award stands, at which `price` (fen).
    `links` are the groups of answers that are linked, with their ties, `files` the bids of each file of the
    same bytes. Of the newest others as many as the policy's `red_flags.most`: `differences` between the
    lowest and the second, `prices` awarded for the item (fen), `together` (tender, winner) of tenders that
    the same agencies answered, oldest first and this one last, `buyers` of the winner's awards. `tallies` are
    those of whoever takes part, `agencies` and `purchasers` samples to hold them against.
    """

    tender: str
    buyer: int
    competitive: bool
    price_only: bool
    sealed: bool
    days: int
    deadline: datetime
    answers: Sequence[Answer]
    winner: Answer | None = None
    price: int | None = None
    links: Sequence[tuple[Sequence[str], Sequence[str]]] = ()
    files: Sequence[Sequence[str]] = ()
    differences: Sequence[float] = ()
    prices: Sequence[int] = ()
    group: str = ""
    together: Sequence[tuple[str, int | None]] = ()
    buyers: Sequence[int] = ()
    tallies: Mapping[int, Tally] = field(default_factory=dict)
    agencies: Sequence[Tally] = ()
    purchasers: Sequence[Tally] = ()

    @property
    def valid(self) -> list[Answer]:
        """The answers that stand and name a price, lowest first."""
        found = [each for each in self.answers if not each.struck and each.price is not None]
        return sorted(found, key=lambda each: (each.price, each.identifier))

    @property
    def bids(self) -> list[int]:
        return [each.price for each in self.valid if each.price is not None]

    @property
    def difference(self) -> float | None:
        """By which share the second lowest valid bid is above the winning one, which is the lowest."""
        bids = self.bids
        won = self.winner is not None and self.winner.price == bids[0] if bids else False
        return (bids[1] - bids[0]) / bids[0] if self.price_only and won and len(bids) > 1 else None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The newest deliverables of an agency that were accepted, and those of them by silence alone."""

    agency: int
    deliverables: Sequence[str]
    silent: Sequence[str]


@dataclass(frozen=True, slots=True)
class Found:
    """That a sign is there: its figures, the cases it rests on, and how many observations were looked at.

    About the tender itself, or about this `organisation`; `key` is what it is kept under where it is about
    neither alone, such as a group.
    """

    figures: Sequence[Figure]
    cases: Sequence[str]
    sample: int
    organisation: int | None = None
    key: str = ""


Finds = Callable[[Policy, Any], Iterable[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One kind of sign. `find` is a pure function of the policy and what was seen.

    `about` is what a flag of it is about, `source` who published the `definition`, `least` the key of the
    policy's `red_flags` that says of how few observations nothing is said (empty: of one). `innocent` are
    what else may be behind it, to be checked first. `reads` is Seen, or Accepted.
    """

    name: str
    label: str
    about: str
    definition: str
    source: str
    innocent: Sequence[str]
    find: Finds
    least: str = ""
    reads: type = Seen


def fences(values: Sequence[float], reach: float) -> tuple[float, float]:
    """Tukey's fences: Q1 - reach · IQR and Q3 + reach · IQR, beyond which a value is an outlier."""
    first, third = np.percentile(values, [25, 75])
    return float(first - reach * (third - first)), float(third + reach * (third - first))
