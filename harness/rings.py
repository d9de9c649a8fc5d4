"""A market of known quality, and rings of buyers in it: what the mean of ratings is measured with.

Agencies have a true quality in stars that drifts a little over three years; buyers have habits; some ratings
are about contracts whose outcome an authority recorded or whose money a bank saw. Ratings are whole stars. A
ring buys for one agency: each of its buyers has so many false contracts with it in the last sixty days that
nobody else has seen, of the highest value class, and gives the most stars, or the fewest; with camouflage a
third of them give one star less extreme, and each buyer has two honest contracts elsewhere. Linked, the
ring's buyers are one rater.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.credit.policy import CreditPolicy
from models.credit.rating_mean import Rated, baseline, rating_mean

TODAY = datetime(2026, 11, 1, tzinfo=UTC)
Floats = NDArray[np.float64]
ITEMS, USUAL, SEEN = 16, 3.9, 0.65
CLASSES, SHARES = (1.0, 1.2, 1.4), (0.5, 0.35, 0.15)


@dataclass(frozen=True, slots=True)
class Given:
    """A rating somebody gave: to whom, for which item, by whom, days ago, stars, seen or not, class."""

    agency: int
    item: int
    buyer: int
    days: float
    stars: float
    seen: bool
    value_class: float


@dataclass(frozen=True, slots=True)
class RatedMarket:
    """The true quality of each agency in stars, the ratings, targets of rings, and which buyers are one."""

    quality: Floats
    ratings: tuple[Given, ...]
    targets: tuple[int, ...]
    buyers: int
    raters: dict[int, int]


def rated_market(agencies: int, seed: int) -> RatedMarket:
    """Agencies with six ratings at the median.

    The targets, a hundredth of all, are around the thirtieth of a hundred by true quality and have eight
    ratings each.
    """
    chance = np.random.default_rng(seed)
    quality = chance.normal(0, 0.45, agencies)
    before = chance.normal(0, 0.15, (agencies, 3)).cumsum(1)
    counts = np.maximum(1, np.round(np.exp(chance.normal(np.log(6), 0.8, agencies)))).astype(int)
    half = max(agencies // 200, 1)
    middle = int(0.3 * agencies)
    targets = np.argsort(quality)[middle - half : middle + half]
    counts[targets] = 8
    of = np.repeat(np.arange(agencies), counts)
    buyers = max(40, len(of) // 3)
    busy = chance.pareto(1.5, buyers) + 0.3
    by = chance.choice(buyers, len(of), p=busy / busy.sum())
    habits, days = chance.normal(0, 0.3, buyers), chance.uniform(0, 1095, len(of))
    then = quality[of] - before[of, (days // 365).astype(int).clip(max=2)]
    stars = USUAL + then + habits[by] - 0.05 * days / 365 + chance.normal(0, 0.75, len(of))
    items, seen = chance.integers(0, ITEMS, agencies)[of], chance.random(len(of)) < SEEN
    classes = chance.choice(CLASSES, len(of), p=SHARES)
    rows = zip(of, items, by, days, np.round(stars).clip(1, 5), seen, classes, strict=True)
    ratings = tuple(Given(*(value.item() for value in row)) for row in rows)
    return RatedMarket(quality, ratings, tuple(int(t) for t in targets), buyers, {})


def with_rings(
    market: RatedMarket, size: int, contracts: int, stars: float, *, camouflage: bool, linked: bool
) -> RatedMarket:
    """The same market with a ring of so many buyers, of so many false contracts each, for every target."""
    chance = np.random.default_rng(size * 100 + contracts)
    items = {each.agency: each.item for each in market.ratings}
    less_extreme = stars + (1 if stars < USUAL else -1)
    false, raters = [], {}
    for number, target in enumerate(market.targets):
        first = market.buyers + number * size
        for buyer in range(first, first + size):
            raters[buyer] = first if linked else buyer
            for _ in range(contracts):
                given = less_extreme if camouflage and chance.random() < 0.3 else stars
                days = float(chance.uniform(0, 60))
                false.append(Given(target, items[target], buyer, days, given, False, CLASSES[-1]))
            for _ in range(2 if camouflage else 0):
                agency = int(chance.integers(0, len(market.quality)))
                honest = float(np.round(USUAL + market.quality[agency] + chance.normal(0, 0.75)).clip(1, 5))
                days, seen = float(chance.uniform(0, 400)), bool(chance.random() < 0.5)
                false.append(Given(agency, items[agency], buyer, days, honest, seen, 1.0))
    buyers = market.buyers + size * len(market.targets)
    return replace(market, ratings=market.ratings + tuple(false), buyers=buyers, raters=raters)


def plain_means(market: RatedMarket) -> Floats:
    """The mean of each agency's stars."""
    total, count = _sums(market, np.ones(len(market.ratings)))
    return total / np.maximum(count, 1)


def bayesian_means(market: RatedMarket, weight: float = 5) -> Floats:
    """The usual remedy: faded by half each year, shrunk to the mean of all as if it had so many ratings."""
    fading = 2.0 ** (-np.array([each.days for each in market.ratings]) / 365)
    total, count = _sums(market, fading)
    return (total + weight * total.sum() / count.sum()) / (count + weight)


def _sums(market: RatedMarket, weights: Floats) -> tuple[Floats, Floats]:
    agencies = np.array([each.agency for each in market.ratings])
    stars = np.array([each.stars for each in market.ratings])
    most = len(market.quality)
    sums: Any = np.bincount(agencies, weights * stars, most), np.bincount(agencies, weights, most)
    return sums


def means(rules: CreditPolicy, market: RatedMarket) -> Floats:
    """The mean of each agency's ratings as the market makes it."""
    ordered = sorted(market.ratings, key=lambda each: -each.days)
    running = [[USUAL, 1.0, 0.0] for _ in range(ITEMS)]  # sum, weight, and days ago of the last
    seen: list[list[float]] = [[] for _ in market.quality]
    of: list[list[tuple[Given, str, float, float]]] = [[] for _ in market.quality]
    habits: dict[str, _Habit] = defaultdict(_Habit)
    given: dict[tuple[int, str], _Habit] = defaultdict(_Habit)
    for each in ordered:
        rater, item = f"{market.raters.get(each.buyer, each.buyer)}", running[each.item]
        faded = 2 ** ((each.days - item[2]) / 365) if item[2] else 1.0
        item_mean, others = item[0] / item[1], seen[each.agency]
        above = each.stars - baseline(rules, sum(others), len(others), item_mean)
        weight = each.value_class if each.seen else 1
        habits[rater].gives(each.days, above, weight)
        if each.seen:
            others.append(each.stars)
        item[:] = [item[0] * faded + each.stars, item[1] * faded + 1, each.days]
        of[each.agency].append((each, rater, item_mean, above))
        given[each.agency, rater].gives(each.days, above, weight)
    found = []
    for agency, ratings in enumerate(of):
        newest = min(each.days for each, *_rest in ratings)
        raters = {rater for _each, rater, *_rest in ratings}
        elsewhere = {}
        for rater in raters:
            all_of, here = habits[rater].until(newest), given[agency, rater].until(newest)
            elsewhere[rater] = all_of[0] - here[0], max(all_of[1] - here[1], 0.0)
        rated = [
            Rated(
                "",
                TODAY - timedelta(days=each.days),
                each.stars,
                rater,
                each.seen,
                each.value_class,
                item_mean,
                above,
            )
            for each, rater, item_mean, above in ratings
        ]
        found.append(rating_mean(rules, rated, elsewhere, USUAL).mean)
    return np.array(found)


class _Habit:
    """What a rater gave above what others see, faded, up to any day."""

    def __init__(self) -> None:
        self.days: list[float] = []
        self.sums: list[tuple[float, float]] = [(0.0, 0.0)]

    def gives(self, days: float, residual: float, weight: float) -> None:
        faded = 2 ** (-days / 365) * weight
        before = self.sums[-1]
        self.days.append(-days)
        self.sums.append((before[0] + faded * residual, before[1] + faded))

    def until(self, days: float) -> tuple[float, float]:
        """The weighted sum of residuals and the weight, as of so many days ago."""
        weighted, weight = self.sums[bisect_right(self.days, -days)]
        return weighted * 2 ** (days / 365), weight * 2 ** (days / 365)


def places(scores: Floats) -> Floats:
    """The share of agencies below each, in hundredths; equals share their middle."""
    order = np.argsort(scores, kind="stable")
    place: Any = np.empty(len(scores))
    place[order] = np.arange(len(scores))
    _values, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return np.asarray(100 * (np.bincount(which, place) / counts)[which] / len(scores))


def agreement(scores: Floats, truth: Floats) -> float:
    """Spearman's correlation of scores with the truth."""
    return float(np.corrcoef(places(scores), places(truth))[0, 1])
