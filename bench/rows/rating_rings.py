"""What a ring of buyers gains, and what holding it back costs in truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from bench.measure import Row
from harness import rings
from models.credit import policy

STARS = {"praise": 5.0, "slander": 1.0}
SMALLEST = 0.01  # points, so that a ratio stands


def rating_rings(
    folder: Path, agencies: int, seeds: int, sizes: tuple[int, ...], contracts: tuple[int, ...]
) -> Iterator[Row]:
    """Hundredths of the ranking by which the worst of these rings moves its agency: the mean of all targets.

    `rating-rings-<praise|slander>-<linked|unlinked>` against a plain mean, `…-bayesian` against one shrunk to
    the mean of all; `rating-rings-agreement` is Spearman's correlation with the true quality, against the
    shrunken.
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
            attacked = rings.with_rings(
                market, size, each, STARS[way], camouflage=camouflage, linked=link == "linked"
            )
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
