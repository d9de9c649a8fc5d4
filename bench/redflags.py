"""How well screens tell rigged tenders from others: `python -m bench.redflags FILE.csv`.

The labelled tenders are half of those of García Rodríguez et al. 2022 (docs/sources.md): one row a bid, and
the label is the tender's, the same on each of its bids. So what is predicted is a tender, after its opening,
from its bids and its estimate; who bid, where and when is not used. FILE.csv has the same columns. A model
trained on the project's copy alone scores it and one line is printed, `auc … ap …`: the area under the ROC
curve and the average precision over its tenders. Exit status 2, and why, where the file is not such a table.

The model is the mean of two opinions, each with the library's defaults: extra trees over every screen of all
bids and of the subgroups, and a logistic regression on four figures of the literature, the lowest bid against
the estimate among them. Of some 35 such pairs of model and figures it was the most stable over repeated
cross-validation by tender of the copy; nothing was tuned beyond that choice, and no other data was looked at.
So what the bench says of it flatters it.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log, nan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.oversight.screens import SCREENS, screens, subgroup_screens

OURS = Path(__file__).parent / "data" / "labelled_bids_brazil.csv"
COLUMNS = ("tender", "date", "site", "state", "estimate", "bid", "winner", "collusive")
# Of rigged bids each is said to be low (-1) or high (1): models/oversight/screens.py.
DIRECTION = dict.fromkeys(SCREENS, 1) | {"variation": -1, "spread": -1, "skewness": -1}
FEW = ("variation", "spread", "difference")  # and the lowest bid against the estimate
Floats = NDArray[np.float64]


class Unreadable(Exception):
    """What is wrong with a file, in words."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One tender: its bids, its estimate in the same unit (None where none is known), and its label."""

    name: str
    bids: list[float]
    estimate: float | None
    collusive: bool


def read(path: Path) -> list[Labelled]:
    """The tenders of a file, in the order in which they first come. Unreadable, with why.

    A tender counts as collusive if any of its bids does.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file, strict=True)
            _check_columns(table.fieldnames or [])
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"cannot read it: {error}") from error
    found: dict[str, Labelled] = {}
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise Unreadable(f"line {line}: it has not as many cells as there are columns")
        bid, label = _number(row, "bid", line), row["collusive"].strip()
        if bid is None or bid <= 0:
            raise Unreadable(f"line {line}: column bid: {row['bid']!r} is not a price above 0")
        if label not in ("0", "1"):
            raise Unreadable(f"line {line}: column collusive: {label!r} is neither 0 nor 1")
        known = found.get(row["tender"]) or Labelled(row["tender"], [], _number(row, "estimate", line), False)
        known.bids.append(bid)
        found[row["tender"]] = Labelled(
            known.name, known.bids, known.estimate, known.collusive or label == "1"
        )
    if len({each.collusive for each in found.values()}) < 2:
        raise Unreadable("column collusive: needs tenders of both kinds")
    return list(found.values())


def _check_columns(names: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in names]
    odd = [name or "(nameless)" for name in names if name not in COLUMNS]
    twice = sorted({name for name in names if list(names).count(name) > 1})
    for what, which in (("missing", missing), ("unknown", odd), ("twice", twice)):
        if which:
            raise Unreadable(f"columns {what}: {', '.join(which)} (wanted: {', '.join(COLUMNS)})")


def _number(row: dict[str, str], name: str, line: int) -> float | None:
    """The number in a cell; None in an empty one."""
    text = row[name].strip()
    try:
        value = float(text) if text else nan
    except ValueError:
        raise Unreadable(f"line {line}: column {name}: {text!r} is not a number") from None
    return value if isfinite(value) else None


def labels(tenders: Sequence[Labelled]) -> NDArray[np.bool_]:
    return np.array([each.collusive for each in tenders])


def single(tenders: Sequence[Labelled], name: str) -> Floats:
    """A screen over all bids of each tender, turned so that more is more suspicious.

    What it cannot be reckoned of is in the middle.
    """
    values = _filled([screens(each.bids)[name] for each in tenders]) * DIRECTION[name]
    return np.where(np.isnan(values), np.nanmedian(values), values)


def features(tenders: Sequence[Labelled]) -> tuple[Floats, Floats]:
    """What each of the two models is told of each tender; nan where it is not known."""
    every, few = [], []
    for each in tenders:
        whole = screens(each.bids)
        every.append(_filled([*whole.values(), *subgroup_screens(each.bids).values(), len(each.bids)]))
        estimate = each.estimate or 0
        above = log(min(each.bids) / estimate) if estimate > 0 else None
        few.append(_filled([*(whole[name] for name in FEW), above]))
    return np.array(every), np.array(few)


def _filled(values: Sequence[float | None]) -> Floats:
    return np.array([nan if value is None else value for value in values])


class Combined:
    """The two models, and the mean of what they say."""

    def __init__(self, trees: int = 500) -> None:
        def filled() -> SimpleImputer:
            return SimpleImputer(strategy="median", keep_empty_features=True)

        self.trees: Any = make_pipeline(filled(), ExtraTreesClassifier(trees, random_state=0))
        self.line: Any = make_pipeline(filled(), StandardScaler(), LogisticRegression())

    def fit(self, told: tuple[Floats, Floats], known: NDArray[np.bool_]) -> Combined:
        self.trees.fit(told[0], known)
        self.line.fit(told[1], known)
        return self

    def score(self, told: tuple[Floats, Floats]) -> Floats:
        """How suspicious each tender is, 0 to 1."""
        both = (self.trees.predict_proba(told[0]), self.line.predict_proba(told[1]))
        return np.mean([each[:, 1] for each in both], axis=0)


def measured(known: NDArray[np.bool_], scores: Floats) -> tuple[float, float]:
    """The area under the ROC curve, and the average precision."""
    return float(roc_auc_score(known, scores)), float(average_precision_score(known, scores))


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m bench.redflags FILE.csv", file=sys.stderr)
        return 2
    try:
        unseen = read(Path(arguments[0]))
    except Unreadable as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 2
    ours = read(OURS)
    model = Combined().fit(features(ours), labels(ours))
    auc, precision = measured(labels(unseen), model.score(features(unseen)))
    print(f"auc {auc:.3f} ap {precision:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
