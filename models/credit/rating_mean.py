"""The mean of an agency's ratings, such that a ring of buyers cannot buy it.

Of the ratings an agency has, each with the stars x (1 to 5) of its five dimensions:

- Weight: w = 2 ** (-days / half-life) * value class / n. The days count back from the agency's newest rating,
  not from today, so that a time without work neither raises nor lowers a mean and nothing has to be computed
  anew by the night. n is how many of its ratings one rater gave: one rater has one voice, however often it
  bought, and buyers that are linked are one rater (identities.py).
- Seen and unseen: a rating is seen when an authority recorded an outcome for its contract, or a bank or
  gateway saw its money. The value class counts only where it was seen.
- Leniency of a rater: e = sum(v (x - b)) / (sum(v) + weight) over the ratings it gave until the agency's
  newest, v their weight without the n, b what the rated agency was taken for by its seen ratings alone when
  each was published. Of what it gave this agency only what was seen is in it, and for what was not seen
  nothing is. x' = x - e is what a rating says.
- A = (sum(w x') + k g) / (sum(w) + k) over the seen ratings, g the running mean of the items they are about
  (a fixed prior ages, for ratings inflate over the years), k the prior's weight.
- What is unseen is read as at most so many stars from A, weighs in all at most a share of what is seen (and
  at least as one fresh rating), and moves the mean by at most a share of A's standard error.

Each rule holds one way of attack: many false contracts (share and shift), few with the lowest stars (stars
from A), one owner with many companies (one voice), a rater who praises everybody or nobody (leniency). What
money really moved through a bank for is seen, and beyond this: the signals for the regulator are for that
(signals.py).

Measured by `make bench ROWS=rating-rings`; docs/credit.md has an example by hand and the sources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from models.credit.policy import CreditPolicy


@dataclass(frozen=True, slots=True)
class Rated:
    """A published rating as the mean reads it.

    `stars` 1 to 5, `item_mean` the running mean of its item then, `above` by how many stars it was above what
    the agency was taken for.
    """

    case_identifier: str
    at: datetime
    stars: float
    rater: str
    seen: bool
    value_class: float
    item_mean: float
    above: float


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


def baseline(rules: CreditPolicy, total: float, count: int, item_mean: float) -> float:
    """What an agency is taken for by its seen ratings alone: b, in stars.

    `total` is the sum of their stars.
    """
    weight = float(rules.rate("rating.baseline_weight"))
    return (total + weight * item_mean) / (count + weight)


def rating_mean(
    rules: CreditPolicy,
    ratings: Sequence[Rated],
    habits: Mapping[str, tuple[float, float]],
    market_mean: float,
) -> RatingMean:
    """The mean of an agency's ratings by the module's formula.

    `habits` has for each rater sum(v (x - b)) and sum(v) of what it gave other agencies, nothing where it is
    missing; `market_mean` is the prior of an agency that nobody rated. The order of the ratings changes
    nothing.
    """
    prior_weight = float(rules.rate("rating.prior_weight"))
    deviation = float(rules.rate("rating.deviation"))
    if not ratings:
        return RatingMean(market_mean, deviation / sqrt(prior_weight), market_mean)
    half_life = float(rules.rate("rating.half_life_days"))
    newest, voices = max(each.at for each in ratings), Counter(each.rater for each in ratings)
    fresh = [
        2 ** (-(newest - each.at).days / half_life) * (each.value_class if each.seen else 1)
        for each in ratings
    ]
    weights = [v / voices[each.rater] for v, each in zip(fresh, ratings, strict=True)]
    elsewhere = {rater: habits.get(rater, (0.0, 0.0)) for rater in voices}
    here = dict(elsewhere)
    for v, each in zip(fresh, ratings, strict=True):
        if each.seen:
            above, weight = here[each.rater]
            here[each.rater] = above + v * each.above, weight + v
    said = [each.stars - leniency(rules, *(here if each.seen else elsewhere)[each.rater]) for each in ratings]
    prior = sum(w * each.item_mean for w, each in zip(weights, ratings, strict=True)) / sum(weights)

    def mean(of: Iterable[tuple[float, float]]) -> tuple[float, float]:
        pairs = list(of)
        total = sum(w for w, _x in pairs) + prior_weight
        return (sum(w * x for w, x in pairs) + prior_weight * prior) / total, total

    anchor, anchor_weight = mean((w, x) for w, x, r in zip(weights, said, ratings, strict=True) if r.seen)
    seen_weight = anchor_weight - prior_weight
    unseen_weight = sum(w for w, r in zip(weights, ratings, strict=True) if not r.seen)
    most = max(
        float(rules.rate("rating.unseen_least")),
        seen_weight * float(rules.rate("rating.unseen_share")),
    )
    share, span = (
        min(1.0, most / unseen_weight) if unseen_weight else 1.0,
        float(rules.rate("rating.unseen_stars")),
    )
    weighed = tuple(
        Weighed(r, x if r.seen else min(max(x, anchor - span), anchor + span), w if r.seen else w * share)
        for w, x, r in zip(weights, said, ratings, strict=True)
    )
    together, total = mean((each.weight, each.stars) for each in weighed)
    shift = float(rules.rate("rating.unseen_shift")) * deviation / sqrt(anchor_weight)
    return RatingMean(
        min(max(together, anchor - shift, 1.0), anchor + shift, 5.0), deviation / sqrt(total), prior, weighed
    )
