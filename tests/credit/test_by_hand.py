"""The example in docs/credit.md, reckoned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.credit import policy
from models.credit.evidence import Evidence, share
from models.credit.rating_mean import Rated, baseline, leniency, rating_mean

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[2] / "docs" / "credit.md"


def test_the_example_by_hand_is_what_the_mean_makes_of_it() -> None:
    rules = policy.get("standard/2026-12")
    first, second = baseline(rules, 0, 0, 4.2), baseline(rules, 5, 1, 4.2)
    assert (round(first, 3), round(second, 3)) == (4.2, 4.467)
    habits = [leniency(rules, v * above, v) for v, above in ((0.5, 5 - first), (1.2, 3 - second))]
    assert [round(habit, 3) for habit in habits] == [0.073, -0.284]
    found = rating_mean(
        rules,
        [
            Rated("R-1", NOW - timedelta(days=365), 5, 1, 1.0, 0.0, 4.2, habits[0]),
            Rated("R-2", NOW, 3, 1, 1.2, 0.0, 4.2, habits[1]),
            Rated("R-3", NOW, 5, 1, 0.0, 1.0, 4.2),
        ],
        4.2,
    )
    assert [round(each.stars, 3) for each in found.ratings] == [4.927, 3.284, 4.678]
    assert [round(each.weight, 3) for each in found.ratings] == [0.5, 1.2, 1.0]
    assert found.mean == pytest.approx(4.130, abs=0.0006)
    assert found.prior == pytest.approx(4.2)
    text = DOCUMENT.read_text(encoding="utf-8")
    for figure in ("4.927", "3.284", "4.678", "4.130", "4.467", "−0.8."):
        assert figure in text


def test_the_share_by_hand_is_what_is_made_of_it() -> None:
    rules = policy.get("standard/2026-12")

    def of(values: list[float], seen: float = 1.0, n: int = 1) -> list[Evidence]:
        facts = {"n": n, "seen": seen, "unseen": 1 - seen}
        return [Evidence("C", NOW, value, facts=facts) for value in values]

    four, text = [1.0, 1.0, 1.0, 0.0], DOCUMENT.read_text(encoding="utf-8")
    one_buyer, ring = of(four, n=4), [*of(four), *of([1.0] * 10, seen=0.0)]
    for evidence, figures in (
        (of(four), (0.8, -4.0)),
        (one_buyer, (0.81, -3.6)),
        (ring, (0.836, -2.5)),
    ):
        line = share(rules, "on_time", evidence)
        assert line.reckoned is not None
        assert (round(line.reckoned, 3), round(line.points, 1)) == figures
        assert all(f"{figure}".replace("-", "−") in text for figure in figures)
    bad = share(rules, "on_time", [*of(four), *of([0.0] * 10, seen=0.0)])
    assert bad.reckoned == pytest.approx(4.8 / 16), "what speaks against an agency counts in full"
