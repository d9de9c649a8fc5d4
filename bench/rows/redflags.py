"""How well screens tell rigged tenders from others, each by itself and combined."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from bench.measure import Row
from bench.redflags import OURS, Combined, Floats, features, labels, measured, read, single
from models.oversight.screens import SCREENS

FOLDS = 5
MEASURES = ("auc", "ap")


def redflags(folder: Path, repeats: int, trees: int, samples: int) -> Iterator[Row]:
    """ROC area and average precision over labelled tenders; `size` is how many there are.

    `redflags-<screen>-<auc|ap>` is a single screen, which learns nothing, against chance (a half; the share
    of rigged tenders). `redflags-combined-…` is the model of bench/redflags.py, cross-validated by tender
    (no tender is ever learnt from and judged at once), the mean of `repeats` divisions, against the best
    single screen; `-low` and `-high` bound the middle 95 of 100 of `samples` bootstrap samples of tenders.
    """
    tenders = read(OURS)
    known, told, size = labels(tenders), features(tenders), len(tenders)
    chance, best = (0.5, float(known.mean())), [0.0, 0.0]
    for name in SCREENS:
        found = measured(known, single(tenders, name))
        best = [max(pair) for pair in zip(best, found, strict=True)]
        for measure, ours, floor in zip(MEASURES, found, chance, strict=True):
            yield Row(f"redflags-{name}-{measure}", size, ours, floor, unit="share")
    scores = np.array([_out_of_fold(told, known, trees, seed) for seed in range(repeats)])
    means = np.mean([measured(known, each) for each in scores], axis=0)
    bounds = _bounds(scores, known, samples)
    for place, measure in enumerate(MEASURES):
        for suffix, value in (("", means[place]), ("-low", bounds[0][place]), ("-high", bounds[1][place])):
            yield Row(f"redflags-combined-{measure}{suffix}", size, float(value), best[place], unit="share")


def _out_of_fold(told: tuple[Floats, Floats], known: Floats, trees: int, seed: int) -> Floats:
    """What a model says of each tender that has not seen it."""
    scores = np.zeros(len(known))
    for learnt, judged in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(told[0], known):
        model = Combined(trees).fit((told[0][learnt], told[1][learnt]), known[learnt])
        scores[judged] = model.score((told[0][judged], told[1][judged]))
    return scores


def _bounds(scores: Floats, known: Floats, samples: int) -> Floats:
    """The 2.5th and the 97.5th hundredth over samples of tenders, each of any of the divisions."""
    chance, found = np.random.default_rng(0), []
    while len(found) < samples:
        drawn = chance.integers(len(known), size=len(known))
        if known[drawn].any() and not known[drawn].all():
            found.append(measured(known[drawn], scores[chance.integers(len(scores))][drawn]))
    return np.percentile(found, [2.5, 97.5], axis=0)
