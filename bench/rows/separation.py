"""Whether the score tells agencies apart: how well it agrees with a known quality, and how it grades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.measure import Row
from harness.known_quality import known
from harness.rings import agreement
from models.credit import policy


def separation(folder: Path, agencies: int, seeds: int) -> Iterator[Row]:
    """Spearman's correlation of the score with the true quality, against that of the plain mean of stars.

    `credit-separation-<contracts>` at so many contracts an agency; `credit-separation-grade-<A to E>` is the
    hundredths of agencies in each grade at 20, against a fifth; `credit-separation-late` the best score of
    those that were in time less than one time in ten, against the least of a B.
    """
    rules = policy.current()
    for contracts in (5, 20):
        found = [known(rules, agencies, contracts, seed) for seed in range(seeds)]
        agreed, plain = [], []
        for market in found:
            quality = np.array([each.quality for each in market])
            stars = np.array([each.sheet.lines[0].plain or 0.0 for each in market])
            agreed.append(agreement(np.array([each.sheet.score for each in market]), quality))
            plain.append(agreement(stars, quality))
        figures = (float(np.mean(agreed)), float(np.mean(plain)))
        yield Row(f"credit-separation-{contracts}", agencies, *figures, unit="Spearman")
    grades = Counter(each.sheet.grade for market in found for each in market)
    for grade in policy.GRADES:
        share = max(100 * grades[grade] / grades.total(), 0.01)
        yield Row(f"credit-separation-grade-{grade}", agencies, share, 20.0, unit="points")
    late = [each.sheet.score for market in found for each in market if each.in_time < 0.1]
    floor = float(rules.number("grades.B"))
    yield Row("credit-separation-late", agencies, max([0.01, *late]), floor, unit="points")
