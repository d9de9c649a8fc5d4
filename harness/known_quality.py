"""Agencies of known quality and what they leave behind: what the score is calibrated with.

Quality q is normal, 0 the market's usual. Of an agency's contracts a deliverable comes in time with
probability logistic(2.2 + 1.3 q), late by more days the worse it is, or never; it passes review at once with
probability logistic(1.7 + 1.2 q); buyers give 4.2 + 0.35 q stars with their habits and a deviation of 0.75,
in whole stars; a few contracts end in a dispute decided against it, a few awards are given up and go on
record. Of 65 % of the contracts an authority or a bank saw something. These shares are about what the
market's own demonstration shows; nobody has published the real ones (docs/sources.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from models.credit.evidence import Evidence, Sheet, sheet
from models.credit.inputs import inputs
from models.credit.inputs.on_time import worth
from models.credit.policy import CreditPolicy
from models.credit.rating_mean import leniency
from models.credit.weighing import Parts

TODAY = datetime(2026, 11, 1, tzinfo=UTC)
BOUGHT = ("on_time", "complaints")  # what a false contract brings


@dataclass(frozen=True, slots=True)
class Known:
    """An agency: its quality, its sheet, and the share of its deliverables that came in time."""

    quality: float
    sheet: Sheet
    in_time: float


def known(rules: CreditPolicy, agencies: int, contracts: int, seed: int) -> list[Known]:
    """So many agencies with so many contracts each over two years."""
    chance = np.random.default_rng(seed)
    return [_known(rules, float(quality), contracts, chance) for quality in chance.normal(0, 1, agencies)]


def _known(rules: CreditPolicy, quality: float, contracts: int, chance: np.random.Generator) -> Known:
    at = [TODAY - timedelta(days=float(days)) for days in np.sort(chance.uniform(0, 730, contracts))[::-1]]
    late = [_late(quality, chance) for _ in at]
    parts = [
        {"n": 1, "seen": seen, "unseen": 1 - seen} for seen in map(float, chance.random(contracts) < 0.65)
    ]
    found = {
        "on_time": [
            Evidence("", when, worth(rules, days), facts={"in_time": days == 0, "late_days": days, **part})
            for when, days, part in zip(at, late, parts, strict=True)
        ],
        "first_pass": [
            Evidence("", when, float(chance.random() < _share(1.7 + 1.2 * quality))) for when in at
        ],
        "complaints": [
            Evidence("", when, float(chance.random() >= _share(-4 - quality)), facts=part)
            for when, part in zip(at, parts, strict=True)
        ],
        "ratings": [_rated(rules, when, quality, part, chance) for when, part in zip(at, parts, strict=True)],
        "records": [
            Evidence("", TODAY, rules.kinds["given_up"].points)
            for _ in range(int(chance.poisson(0.004 * contracts * np.exp(-1.2 * quality))))
        ],
    }
    lines = [inputs()[name].reckon(rules, name, found.get(name, [])) for name in rules.inputs]
    in_time = sum(days == 0 for days in late) / contracts
    return Known(quality, sheet(rules, lines, contracts), in_time)


def _share(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def _late(quality: float, chance: np.random.Generator) -> int | None:
    """Working days late; None: it never came."""
    if chance.random() < _share(-5 - 1.2 * quality):
        return None
    if chance.random() < _share(2.2 + 1.3 * quality):
        return 0
    return int(chance.geometric(1 / (1 + 5 * np.exp(-0.4 * quality))))


def _rated(
    rules: CreditPolicy, at: datetime, quality: float, part: Mapping[str, float], chance: np.random.Generator
) -> Evidence:
    stars = float(np.round(4.2 + 0.35 * quality + chance.normal(0, 0.75) + chance.normal(0, 0.3)).clip(1, 5))
    facts = {**part, "item_mean": 4.2}
    above = stars - 4.2
    return Evidence("", at, stars, facts=facts | {"habit": [leniency(rules, above, 1.0), 0.0]})


@dataclass(frozen=True, slots=True)
class Ring:
    """So many buyers with so many false contracts each, in time and without dispute, for one agency.

    `linked` if they are known to be one; `parts` is what of each contract others saw.
    """

    size: int
    contracts: int
    linked: bool
    parts: Parts


def in_hands_of(rules: CreditPolicy, one: Known, ring: Ring, contracts: int, *, weighed: bool) -> Sheet:
    """The sheet of an agency of so many contracts with a ring's contracts beside its own.

    Not `weighed`: each of these counts as one of its own does. None of them was reviewed by an authority,
    so that none counts among those that passed first; stars have their own simulation (rings.py).
    """
    count = ring.size * ring.contracts
    n = count if ring.linked else ring.contracts
    facts = {"n": n, "seen": ring.parts.seen, "unseen": ring.parts.unseen} if weighed else {}
    false = [Evidence("", TODAY, 1.0, facts={**facts, "late_days": 0}) for _ in range(count)]
    lines = [
        inputs()[line.name].reckon(
            rules, line.name, [*line.evidence, *(false if line.name in BOUGHT else [])]
        )
        for line in one.sheet.lines
    ]
    return sheet(rules, lines, contracts + count)
