"""What a tender's closing, opening, draws and scores came to, as it is stored with the tender."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Self

from models.base import Json


@dataclass(frozen=True, slots=True)
class Link:
    """Linked answers: their identifiers, the one that is heeded first, and what ties them."""

    answers: list[str]
    ties: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The reference price in fen, and all it was reckoned from.

    The mean of the `counted` prices that were `kept` times the drawn percentage, rounded half up. `dropped`
    are the lowest and the highest where there were `trim_from` bids or more. What was reckoned before the
    prices were stored with it has none: `kept` is empty.
    """

    mean: int
    percent: str
    price: int
    counted: int
    kept: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    trim_from: int = 0
    source: str = ""

    def to_json(self) -> Json:
        """The stored form."""
        stored = asdict(self)
        return (
            stored if self.kept else {name: stored[name] for name in ("mean", "percent", "price", "counted")}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known of a tender so far.

    From the closing `linked`; from the opening (of an auction from its end) the drawn `order` of all bids,
    the drawn `percent`, the `reference` price and the `ranking`, best first; of merit `points` by bid and
    line, and their `totals`, both rounded to hundredths for people.
    """

    linked: list[Link] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    percent: str | None = None
    reference: Reference | None = None
    ranking: list[str] = field(default_factory=list)
    points: dict[str, dict[str, float]] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, stored: Json) -> Self:
        """The outcome in its stored form, of whichever release."""
        reference = stored.get("reference")
        return cls(
            **{
                **stored,
                "linked": [Link(**link) for link in stored.get("linked", [])],
                "reference": Reference(**reference) if reference else None,
            }
        )

    def to_json(self) -> Json:
        """The stored form: what is not known yet is not in it."""
        stored: Json = {"linked": [asdict(link) for link in self.linked]}
        if self.order:
            stored |= {"order": self.order, "ranking": self.ranking}
        if self.percent is not None:
            stored["percent"] = self.percent
        if self.reference is not None:
            stored["reference"] = self.reference.to_json()
        if self.totals:
            stored |= {"points": self.points, "totals": self.totals}
        return stored
