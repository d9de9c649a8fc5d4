"""How the agencies of the demonstration work: each has a character by its number, and keeps it.

Most are in time and pass at once, some do so now and then, a few seldom. What anybody does in a story goes by
these shares, so that the market's scores can be held against what is declared here.
"""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Character:
    """What an agency does, as shares of all times.

    `in_time` its deliverables are handed in, and how many working days late the others; `first_pass` they
    pass their review at once; `pleases` (0 to 1) how far its clients and experts like the work; `to_blame`
    its contracts come to a dispute that is decided against it; `replies` it answers a rating, and `mends`
    what a bad one is about; `asks` of its published price; `sought` says how much more often than the least
    known it is among those who answer. `gives_up` what it has won; `gone`: nobody is
    found at its address.
    """

    in_time: float
    late_days: tuple[int, int]
    first_pass: float
    pleases: float
    to_blame: float
    replies: float
    mends: float
    asks: Span
    sought: float
    gives_up: bool = False
    gone: bool = False

    @property
    def quality(self) -> float:
        """From 0 to 1: what its score should follow."""
        work = (self.in_time + self.first_pass + self.pleases) / 3
        return work / 2 if self.gives_up else work


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of agency: the least and the most of what its character is made of."""

    in_time: Span
    late_days: tuple[int, int]
    first_pass: Span
    pleases: Span
    to_blame: float
    replies: float
    mends: float
    asks: Span


GOOD = Kind((0.85, 1.0), (1, 4), (0.8, 1.0), (0.6, 0.92), 0.0, 0.45, 0.9, (0.78, 0.97))
MIDDLING = Kind((0.65, 0.85), (2, 6), (0.65, 0.88), (0.45, 0.68), 0.0, 0.3, 0.7, (0.75, 0.92))
BAD = Kind((0.1, 0.5), (3, 9), (0.1, 0.65), (0.05, 0.55), 0.34, 0.1, 0.2, (0.7, 0.8))  # the cheapest
# Who is none of the good ones, by their places; and of the bad ones how near each is to the best of them.
SOME = (12, 13, 17, 25, 36, 39, 41, 51, 54)
FEW = {27: 0.0, 28: 1.0, 34: 0.4, 44: 0.9, 48: 0.5}
GONE = (34, 41)
# Who gave up what it had won, and whom three buyers under one head praise.
GAVE_UP, PRAISED = 31, 54


def of(number: int, luck: float) -> Character:
    """The character of an agency by its number.

    `luck` (0 to 1, mostly high; its fourth power is spread about evenly) says where in its kind it stands.
    """
    kind = BAD if number in FEW else MIDDLING if number in SOME else GOOD
    place = FEW.get(number, luck**4)
    return Character(
        in_time=_within(kind.in_time, place),
        late_days=kind.late_days,
        first_pass=_within(kind.first_pass, place),
        pleases=_within(kind.pleases, place),
        to_blame=kind.to_blame,
        replies=kind.replies,
        mends=kind.mends,
        asks=kind.asks,
        sought=1 + 2 * place if kind is GOOD else 1.0,
        gives_up=number == GAVE_UP,
        gone=number in GONE,
    )


def _within(span: Span, place: float) -> float:
    return round(span[0] + (span[1] - span[0]) * place, 2)


TYPICAL = of(0, 0.9)
