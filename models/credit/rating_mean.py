"""The mean of an agency's ratings, such that a ring of buyers cannot buy it.

Of the ratings an agency has, each with the stars x (1 to 5) of its five dimensions:

- Weight: w = 2 ** (-days / half-life) * its part / n. The days count back from the agency's newest rating,
  not from today, so that a time without work neither raises nor lowers a mean and nothing has to be computed
  anew by the night. n is how many of its ratings one rater gave: one rater has one voice, however often it
  bought, and buyers that are linked are one rater (identities.py).
- Seen and unseen parts: a rating is seen where an authority recorded an outcome for its contract, and else
  for the part of its price that a bank or gateway saw. The value class of what was seen counts (weighing.py).
- Leniency of a rater: e = sum(v (x - b)) / (sum(v) + weight) over the ratings this organisation gave until
  the agency's newest, v their weight without the n, b what the rated agency was taken for by its seen ratings
  alone when each was published. Of what it gave this agency only the seen part is in it, with the weight of
  that part, and for what was not seen nothing is. x' = x - e is what a rating says. Habits are not added up
  over linked buyers: two ratings with one habit would tell which buyers are held for one.
- A = (sum(w x') + k g) / (sum(w) + k) over the seen parts, g the running mean of the items they are about
  (a fixed prior ages, for ratings inflate over the years), k the prior's weight.
- What is unseen is read as at most so many stars from A, weighs in all at most a share of what is seen (and
  at least as one fresh rating), and moves the mean by at most a share of A's standard error.

Each rule holds one way of attack: many false contracts (share and shift), few with the lowest stars (stars
from A), one owner with many companies (one voice), a rater who praises everybody or nobody (leniency). Whose
money really moves through a bank is seen for what moved, and beyond this: that costs, and the signals for the
regulator are for it (signals.py).

Measured by `make bench ROWS=rating-rings`; docs/credit.md has an example by hand and the sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from models.credit.evidence import faded, unseen_cut
from models.credit.policy import CreditPolicy


@dataclass(frozen=True, slots=True)
class Rated:
    """A published rating as the mean reads it.

    `stars` 1 to 5, `n` the ratings of its rater here, `seen` and `unseen` the weights of its parts on its
    day, `item_mean` the running mean of its item then, `habit` and `habit_unseen` the leniency of its rater
    as it is taken off the one part and the other, in stars.
    """

    case_identifier: str
    at: datetime
    stars: float
    n: int
    seen: float
    unseen: float
    item_mean: float
    habit: float = 0.0
    habit_unseen: float = 0.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """A rating in the mean: what it was read as, in stars, and the weight that it has in the end."""

    rated: Rated
    stars: float
    weight: float


@dataclass(frozen=True, slots=True)
class RatingMean:
    """`mean` and `half_width` (one standard error) in stars, the `prior` it starts from, and its ratings."""

    mean: float
    half_width: float
    prior: float
    ratings: tuple[Weighed, ...] = ()

    @property
    def observed(self) -> float | None:
        """The mean of the stars as they were read, by their weights; None without a rating."""
        weight = sum(each.weight for each in self.ratings)
        return sum(each.weight * each.stars for each in self.ratings) / weight if weight else None


def leniency(rules: CreditPolicy, weighted: float, weight: float) -> float:
    """How many stars a rater gives above what others see, from sum(v (x - b)) and sum(v) of what it gave."""
    return weighted / (weight + float(rules.rate("rating.leniency_weight")))


def baseline(rules: CreditPolicy, total: float, seen: float, item_mean: float) -> float:
    """What an agency is taken for by its seen ratings alone: b, in stars.

    `seen` is the sum of what of each was seen, `total` that of their stars, weighed so.
    """
    weight = float(rules.rate("rating.baseline_weight"))
    return (total + weight * item_mean) / (seen + weight)


def rating_mean(rules: CreditPolicy, ratings: Sequence[Rated], market_mean: float) -> RatingMean:
    """The mean of an agency's ratings by the module's formula.

    `market_mean` is the prior of an agency that nobody rated. The order of the ratings changes nothing.
    """
    prior_weight, deviation, span, shift = (
        float(rules.rate(f"rating.{key}"))
        for key in ("prior_weight", "deviation", "unseen_stars", "unseen_shift")
    )
    if not ratings:
        return RatingMean(market_mean, deviation / sqrt(prior_weight), market_mean)
    fresh = faded([each.at for each in ratings], float(rules.rate("rating.half_life_days")))
    seen = [(w * r.seen / r.n, r.stars - r.habit) for w, r in zip(fresh, ratings, strict=True)]
    unseen = [(w * r.unseen / r.n, r.stars - r.habit_unseen) for w, r in zip(fresh, ratings, strict=True)]
    weights = [one + other for (one, _x), (other, _y) in zip(seen, unseen, strict=True)]
    prior = sum(w * r.item_mean for w, r in zip(weights, ratings, strict=True)) / sum(weights)

    def mean(of: Iterable[tuple[float, float]]) -> tuple[float, float]:
        pairs = list(of)
        total = sum(w for w, _x in pairs) + prior_weight
        return (sum(w * x for w, x in pairs) + prior_weight * prior) / total, total

    anchor, anchor_weight = mean(seen)
    cut = unseen_cut(rules, anchor_weight - prior_weight, sum(w for w, _x in unseen))
    read = [(w * cut, min(max(x, anchor - span), anchor + span)) for w, x in unseen]
    together, total = mean([*seen, *read])
    most = shift * deviation / sqrt(anchor_weight)
    return RatingMean(
        min(max(together, anchor - most, 1.0), anchor + most, 5.0),
        deviation / sqrt(total),
        prior,
        tuple(
            Weighed(each, (w * x + v * y) / (w + v), w + v)
            for each, (w, x), (v, y) in zip(ratings, seen, read, strict=True)
        ),
    )
