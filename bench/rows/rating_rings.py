"""What a ring of buyers gains, and what holding it back costs in truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from bench.measure import Row
from harness import known_quality, rings
from harness.known_quality import Ring
from models.credit import policy
from models.credit.weighing import Parts, parts

CONTRACTS = 8  # of an agency that a ring buys shares for
PRICE = 600_000_00  # fen, of a false contract
# What a ring passes through a bank: a tenth of the price, or all of it; or all of the price of one yuan.
PASSED = {"one-yuan": (1_00, 1_00), "tenth": (PRICE, PRICE // 10), "whole": (PRICE, PRICE)}
STARS = {"praise": 5.0, "slander": 1.0}
SMALLEST = 0.01  # points, so that a ratio stands


def rating_rings(
    folder: Path, agencies: int, seeds: int, sizes: tuple[int, ...], contracts: tuple[int, ...]
) -> Iterator[Row]:
    """Hundredths of the ranking by which the worst of these rings moves its agency: the mean of all targets.

    `rating-rings-<praise|slander>-<linked|unlinked>` against a plain mean, `…-bayesian` against one shrunk to
    the mean of all; `rating-rings-agreement` is Spearman's correlation with the true quality, against the
    shrunken. `rating-rings-paid-<what>` is what the largest ring gains by praise, unlinked, that passes money
    through a bank, against one that passes none: it costs it that. `rating-rings-shares-…` is what the worst
    of the rings gains in time and without dispute, against what it would if every contract counted alike.
    """
    kept = policy.current()
    methods: dict[str, Callable[[rings.RatedMarket], rings.Floats]] = {
        "ours": partial(rings.means, kept),
        "plain": rings.plain_means,
        "bayesian": rings.bayesian_means,
    }
    gains: dict[tuple[str, str, str], dict[tuple[object, ...], list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    agreed: dict[str, list[float]] = defaultdict(list)
    for seed in range(seeds):
        market = rings.rated_market(agencies, seed)
        targets = list(market.targets)
        before = {name: method(market) for name, method in methods.items()}
        for name, scores in before.items():
            agreed[name].append(rings.agreement(scores, market.quality))
        attacks = product(STARS, ("linked", "unlinked"), sizes, contracts, (False, True))
        for way, link, size, each, camouflage in attacks:
            ring = rings.Attack(size, each, STARS[way])
            attacked = rings.with_rings(market, ring, camouflage=camouflage, linked=link == "linked")
            for name, method in methods.items():
                moved = rings.places(method(attacked))[targets] - rings.places(before[name])[targets]
                gain = float(np.mean(moved)) * (1 if way == "praise" else -1)
                gains[name, way, link][size, each, camouflage].append(gain)

    def worst(name: str, way: str, link: str) -> float:
        return max(SMALLEST, *(float(np.mean(found)) for found in gains[name, way, link].values()))

    for way, link in product(STARS, ("unlinked", "linked")):
        for name, suffix in (("plain", ""), ("bayesian", "-bayesian")):
            figures = (worst("ours", way, link), worst(name, way, link))
            yield Row(f"rating-rings-{way}-{link}{suffix}", agencies, *figures, unit="points")
    figures = (float(np.mean(agreed["ours"])), float(np.mean(agreed["bayesian"])))
    yield Row("rating-rings-agreement", agencies, *figures, unit="Spearman")
    largest = rings.Attack(max(sizes), max(contracts), STARS["praise"])
    for name, seen in _passed().items():
        figures = tuple(_gain(agencies, seeds, largest, of) for of in (seen, rings.UNSEEN))
        yield Row(f"rating-rings-paid-{name}", agencies, *figures, unit="points")
    every = {"": rings.UNSEEN, **{f"-{name}": of for name, of in _passed().items()}}
    for link, (suffix, of) in product(("unlinked", "linked"), every.items()):
        figures = _shares(
            agencies, seeds, [Ring(*one, link == "linked", of) for one in product(sizes, contracts)]
        )
        yield Row(f"rating-rings-shares-{link}{suffix}", agencies, *figures, unit="points")


def _passed() -> dict[str, Parts]:
    return {name: parts(policy.current(), *money, reviewed=False) for name, money in PASSED.items()}


def _gain(agencies: int, seeds: int, attack: rings.Attack, passed: Parts) -> float:
    """By how many places an unlinked ring that passes so much lifts its agency."""
    found = []
    for seed in range(seeds):
        market = rings.rated_market(agencies, seed)
        attacked = rings.with_rings(market, attack, camouflage=False, linked=False, passed=passed)
        places = [rings.places(rings.means(policy.current(), each)) for each in (attacked, market)]
        found.append(float(np.mean((places[0] - places[1])[list(market.targets)])))
    return max(SMALLEST, float(np.mean(found)))


def _shares(agencies: int, seeds: int, attacks: list[Ring]) -> tuple[float, float]:
    """Places that the worst ring gains by shares for agencies around the thirtieth of a hundred.

    As records weigh, and if each counted as one.
    """
    rules, found = policy.current(), defaultdict(list)
    for seed in range(seeds):
        market = known_quality.known(rules, agencies, CONTRACTS, seed)
        scores = np.array([each.sheet.score for each in market])
        half, middle = max(agencies // 200, 1), int(0.3 * agencies)
        targets = np.argsort([each.quality for each in market])[middle - half : middle + half]
        for ring, weighed in product(attacks, (True, False)):
            bought = [
                known_quality.in_hands_of(rules, market[one], ring, CONTRACTS, weighed=weighed).score
                for one in targets
            ]
            gains = rings.places_among(scores, np.array(bought)) - rings.places_among(scores, scores[targets])
            found[ring, weighed].append(float(np.mean(gains)))
    worst = [
        max(SMALLEST, *(float(np.mean(of)) for (_ring, was), of in found.items() if was == weighed))
        for weighed in (True, False)
    ]
    return worst[0], worst[1]
