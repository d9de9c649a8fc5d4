"""Screens: figures of how the bids of one tender lie to each other, by which rigged bidding has been found.

H. Wallimann, D. Imhof, M. Huber, "A machine learning approach for flagging incomplete bid-rigging cartels",
Computational Economics 62 (2023), working paper 513 of Fribourg (2020). What each is, in the bids b1 ≤ … ≤ bn
with mean m and standard deviation s (of n - 1):

- `variation`: coefficient of variation, s / m. Rigged bids lie close together: low.
- `spread`: (bn - b1) / b1. Low likewise.
- `difference`: percentage difference of the two lowest, (b2 - b1) / b1, as a fraction.
- `distance`: relative distance, (b2 - b1) / standard deviation (of n - 2) of the losing bids b2 … bn. Where
  losers only cover the winner, they keep away from it and close to each other: high, above 1.
- `distance_alternative`: alternative relative distance, (b2 - b1) / mean of the gaps between neighbouring
  losing bids, (bn - b2) / (n - 2). High likewise.
- `skewness`: n / ((n - 1)(n - 2)) · Σ((b - m) / s)³, of three bids or more. Covering leaves a tail to the
  left: negative.
- `kurtosis`: excess kurtosis, n(n + 1) / ((n - 1)(n - 2)(n - 3)) · Σ((b - m) / s)⁴
  - 3(n - 1)² / ((n - 2)(n - 3)), of four bids or more. Bids that converge have a high one.

All are plain numbers without a unit: no screen changes when all bids are told in another currency, or in
another order. A screen that cannot be reckoned (too few bids, equal ones, a bid of nothing) is None, never
infinite. None of them is a proof: thin margins, a published estimate or a price list bring bids together,
too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Figures = dict[str, float | None]

SCREENS = (
    "variation",
    "spread",
    "difference",
    "distance",
    "distance_alternative",
    "skewness",
    "kurtosis",
)
SUBGROUPS = (3, 4)  # bids in one
SUMMARIES = ("min", "median", "mean", "max")
# Of how many bids all subgroups are looked at: 4,845 of four. Of more bids the lowest so many are taken,
# among them the winner and whoever might have been.
MOST_BIDS = 20
# Bids that differ by less than this share of the largest are equal: what is left is the rounding of a float.
EQUAL = 1e-9


def screens(bids: Sequence[float]) -> Figures:
    """Every screen over all bids of a tender, in any one unit."""
    found = _screens(np.array([bids], dtype=np.float64)) if len(bids) else {}
    return {name: _told(found[name][0]) if name in found else None for name in SCREENS}


def subgroup_screens(bids: Sequence[float]) -> Figures:
    """The screens over all subgroups of three and of four bids, summarised.

    As `variation_3_min`: the lowest coefficient of variation of any three of the bids. Where some of the
    bidders are in league and others are not, the screen over all bids hides it and that of a subgroup does
    not. Of more than MOST_BIDS the lowest MOST_BIDS are looked at.
    """
    lowest, figures = sorted(bids)[:MOST_BIDS], {}
    for size in SUBGROUPS:
        found = _screens(_groups(lowest, size)) if len(lowest) >= size else {}
        for name in SCREENS:
            values = found.get(name, np.array([]))
            for summary, value in zip(SUMMARIES, _summaries(values[np.isfinite(values)]), strict=True):
                if name != "kurtosis" or size > 3:
                    figures[f"{name}_{size}_{summary}"] = value
    return figures


def all_screens(bids: Sequence[float]) -> Figures:
    """Both, in one."""
    return screens(bids) | subgroup_screens(bids)


def _told(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None


def _summaries(values: Floats) -> list[float | None]:
    if not len(values):
        return [None] * len(SUMMARIES)
    return [float(value) for value in (values.min(), np.median(values), values.mean(), values.max())]


def _groups(bids: Sequence[float], size: int) -> Floats:
    places = np.fromiter(
        (place for group in combinations(range(len(bids)), size) for place in group),
        dtype=np.intp,
        count=size * comb(len(bids), size),
    )
    return np.array(bids, dtype=np.float64)[places].reshape(-1, size)


def _screens(groups: Floats) -> dict[str, Floats]:
    """The screens of each row of bids; what cannot be reckoned is nan, and stays within this module."""
    count = groups.shape[1]
    bids = np.sort(groups, axis=1)
    usable = np.isfinite(bids).all(axis=1) & (bids[:, 0] > 0)
    if count < 2 or not usable.any():
        return {}
    bids = np.where(usable[:, None], bids, np.nan)
    bids = bids / bids[:, -1:]  # of the highest: no sum is too large and no square too small
    gap = _ungrained(bids[:, 1] - bids[:, 0])
    mean, deviation = bids.mean(axis=1), _ungrained(bids.std(axis=1, ddof=1))
    with np.errstate(all="ignore"):
        found = {
            "variation": deviation / mean,
            "spread": _ungrained(bids[:, -1] - bids[:, 0]) / bids[:, 0],
            "difference": gap / bids[:, 0],
        }
        if count > 2:
            losing = bids[:, 1:]
            found["distance"] = _over(gap, losing.std(axis=1, ddof=1))
            found["distance_alternative"] = _over(gap, (bids[:, -1] - bids[:, 1]) / (count - 2))
            apart = _over(bids - mean[:, None], deviation[:, None])
            found["skewness"] = count / ((count - 1) * (count - 2)) * (apart**3).sum(axis=1)
        if count > 3:
            pairs = (count - 2) * (count - 3)
            found["kurtosis"] = (
                count * (count + 1) / ((count - 1) * pairs) * (apart**4).sum(axis=1)
                - 3 * (count - 1) ** 2 / pairs
            )
    return found


def _ungrained(values: Floats) -> Floats:
    """Differences that are but the rounding of a float are none."""
    return np.where(np.abs(values) < EQUAL, 0.0, values)


def _over(above: Floats, below: Floats) -> Floats:
    """A quotient; nan where nothing stands below."""
    return above / np.where(below < EQUAL, np.nan, below)
