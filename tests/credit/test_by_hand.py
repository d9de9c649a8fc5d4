"""The example in docs/credit.md, reckoned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.credit import policy
from models.credit.rating_mean import Rated, baseline, rating_mean

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[2] / "docs" / "credit.md"


def test_the_example_by_hand_is_what_the_mean_makes_of_it() -> None:
    rules = policy.get("standard/2026-12")
    first, second = baseline(rules, 0, 0, 4.2), baseline(rules, 5, 1, 4.2)
    assert (round(first, 3), round(second, 3)) == (4.2, 4.467)
    found = rating_mean(
        rules,
        [
            Rated("R-1", NOW - timedelta(days=365), 5, "1", True, 1.0, 4.2, 5 - first),
            Rated("R-2", NOW, 3, "2", True, 1.2, 4.2, 3 - second),
            Rated("R-3", NOW, 5, "3", False, 1.2, 4.2, 5 - second),
        ],
        {},
        4.2,
    )
    assert [round(each.stars, 3) for each in found.ratings] == [4.927, 3.284, 4.678]
    assert [round(each.weight, 3) for each in found.ratings] == [0.5, 1.2, 1.0]
    assert found.mean == pytest.approx(4.130, abs=0.0006)
    assert found.prior == pytest.approx(4.2)
    text = DOCUMENT.read_text(encoding="utf-8")
    for figure in ("4.927", "3.284", "4.678", "4.130", "4.467", "−0.8."):
        assert figure in text
