"""Sums that fade: what a weight is after a time, said once for every line, mean and simulation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


def left(earlier: datetime, later: datetime, half_life_days: float) -> float:
    """How much of a weight is left after the time between: half of it after a half-life."""
    return float(2 ** (-max((later - earlier).total_seconds(), 0) / 86400 / half_life_days))


@dataclass(frozen=True, slots=True)
class Running:
    """A weighted sum and its weight as they stand at an instant."""

    total: float
    weight: float
    at: datetime

    def until(self, at: datetime, half_life_days: float) -> Running:
        """The same, faded to a later instant."""
        share = left(self.at, at, half_life_days)
        return Running(self.total * share, self.weight * share, max(at, self.at))

    def plus(self, value: float, weight: float, at: datetime, half_life_days: float) -> Running:
        """With one value more, of so much weight at that instant. A weight below 0 takes one out again."""
        share = left(at, self.at, half_life_days)
        now = self.until(at, half_life_days)
        return Running(now.total + share * weight * value, now.weight + share * weight, now.at)

    @property
    def mean(self) -> float:
        return self.total / self.weight
