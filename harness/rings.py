"""A market of known quality, and rings of buyers in it: what the mean of ratings is measured with.

Agencies have a true quality in stars that drifts a little over three years; buyers have habits; some ratings
are about contracts whose outcome an authority recorded or whose money a bank saw. Ratings are whole stars. A
ring buys for one agency: each of its buyers has so many false contracts with it in the last sixty days that
nobody else has seen, of the highest value class, and gives the most stars, or the fewest; with camouflage a
third of them give one star less extreme, and each buyer has two honest contracts elsewhere. Linked, the
ring's buyers are one rater. It may pass a part of each price through a bank, which is seen for what it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.credit.policy import CreditPolicy
from models.credit.rating_facts import first_mean, half_life
from models.credit.rating_mean import Rated, baseline, leniency, rating_mean
from models.credit.running import Running
from models.credit.weighing import Parts

TODAY = datetime(2026, 11, 1, tzinfo=UTC)
Floats = NDArray[np.float64]
ITEMS, USUAL, SEEN = 16, 3.9, 0.65
CLASSES, SHARES = (1.0, 1.2, 1.4), (0.5, 0.35, 0.15)
UNSEEN = Parts(0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Given:
    """A rating somebody gave: to whom, for which item, by whom, days ago, stars, what of it was seen."""

    agency: int
    item: int
    buyer: int
    days: float
    stars: float
    parts: Parts


@dataclass(frozen=True, slots=True)
class Attack:
    """A ring of so many buyers with so many false contracts each, which gives these stars."""

    size: int
    contracts: int
    stars: float


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
    told = ([value.item() for value in row] for row in rows)
    ratings = tuple(Given(*row, of_class(known, one)) for *row, known, one in told)
    return RatedMarket(quality, ratings, tuple(int(t) for t in targets), buyers, {})


def of_class(seen: bool, value_class: float) -> Parts:
    """What a rating of a contract that was seen whole, or not at all, weighs."""
    return Parts(value_class, 0.0, 1.0) if seen else UNSEEN


def with_rings(
    market: RatedMarket,
    attack: Attack,
    *,
    camouflage: bool,
    linked: bool,
    passed: Parts = UNSEEN,
) -> RatedMarket:
    """The same market with such a ring for every target.

    `passed` is what the money that it passed makes of each.
    """
    size, contracts, stars = attack.size, attack.contracts, attack.stars
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
                false.append(Given(target, items[target], buyer, days, given, passed))
            for _ in range(2 if camouflage else 0):
                agency = int(chance.integers(0, len(market.quality)))
                honest = float(np.round(USUAL + market.quality[agency] + chance.normal(0, 0.75)).clip(1, 5))
                days, seen = float(chance.uniform(0, 400)), bool(chance.random() < 0.5)
                false.append(Given(agency, items[agency], buyer, days, honest, of_class(seen, 1.0)))
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
    half = half_life(rules)
    running = [first_mean(rules, TODAY - timedelta(days=2000)) for _ in range(ITEMS)]
    others: list[list[float]] = [[0.0, 0.0] for _ in market.quality]
    of: list[list[tuple[Given, datetime, float, float]]] = [[] for _ in market.quality]
    habits: dict[int, list[Running]] = defaultdict(list)
    for each in sorted(market.ratings, key=lambda each: -each.days):
        at, seen, share = TODAY - timedelta(days=each.days), others[each.agency], each.parts.share
        item_mean = running[each.item].mean
        above = each.stars - baseline(rules, *seen, item_mean)
        running[each.item] = running[each.item].plus(each.stars, 1, at, half)
        others[each.agency] = [seen[0] + share * each.stars, seen[1] + share]
        before = habits[each.buyer][-1] if habits[each.buyer] else Running(0.0, 0.0, at)
        habits[each.buyer].append(before.plus(above, _weight(each), at, half))
        of[each.agency].append((each, at, item_mean, above))
    return np.array([_mean(rules, market.raters, habits, ratings) for ratings in of])


def _mean(
    rules: CreditPolicy,
    raters: dict[int, int],
    habits: dict[int, list[Running]],
    ratings: list[tuple[Given, datetime, float, float]],
) -> float:
    half, newest = half_life(rules), max(at for _each, at, *_rest in ratings)
    elsewhere = {}
    for buyer in {each.buyer for each, *_rest in ratings}:
        given = habits[buyer]
        until = given[bisect_right(given, newest, key=lambda one: one.at) - 1]
        elsewhere[buyer] = until.until(newest, half)
    for each, at, _item_mean, above in ratings:
        elsewhere[each.buyer] = elsewhere[each.buyer].plus(above, -_weight(each), at, half)
    here = dict(elsewhere)
    for each, at, _item_mean, above in ratings:
        here[each.buyer] = here[each.buyer].plus(above, each.parts.seen, at, half)
    voices = Counter(raters.get(each.buyer, each.buyer) for each, *_rest in ratings)

    def of(one: Running) -> float:
        return leniency(rules, one.total, max(one.weight, 0.0))

    rated = [
        Rated(
            "",
            at,
            each.stars,
            voices[raters.get(each.buyer, each.buyer)],
            each.parts.seen,
            each.parts.unseen,
            item_mean,
            of(here[each.buyer]),
            of(elsewhere[each.buyer]),
        )
        for each, at, item_mean, _above in ratings
    ]
    return rating_mean(rules, rated, USUAL).mean


def _weight(given: Given) -> float:
    return given.parts.seen + given.parts.unseen


def places(scores: Floats) -> Floats:
    """The share of agencies below each, in hundredths; equals share their middle."""
    order = np.argsort(scores, kind="stable")
    place: Any = np.empty(len(scores))
    place[order] = np.arange(len(scores))
    _values, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return np.asarray(100 * (np.bincount(which, place) / counts)[which] / len(scores))


def places_among(scores: Floats, others: Floats) -> Floats:
    """The share of these scores below each of the others, in hundredths; equals count half."""
    ordered = np.sort(scores)
    below: Any = np.searchsorted(ordered, others, "left") + np.searchsorted(ordered, others, "right")
    return np.asarray(50 * below / len(scores))


def agreement(scores: Floats, truth: Floats) -> float:
    """Spearman's correlation of scores with the truth."""
    return float(np.corrcoef(places(scores), places(truth))[0, 1])
