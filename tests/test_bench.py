"""Every row of the bench measures, at its smallest size.

What it says of a market is true of one that stands. The goals of credit hold at a fixed seed.
"""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.rows import ROWS
from bench.rows.rating_rings import rating_rings
from bench.rows.separation import separation
from models.credit import policy

# The smallest market in which the mean tells agencies apart as well as a Bayesian one does.
AGENCIES = 800


@pytest.mark.parametrize("name", ROWS)
def test_a_row_measures(name: str, tmp_path: Path) -> None:
    rows = list(ROWS[name](tmp_path, small=True))
    assert rows
    for row in rows:
        assert row.name.startswith(name)
        assert row.size > 0
        assert 0 < row.ours < inf
        assert 0 < row.floor < inf
        assert str(row).count("\t") == 5


def test_a_row_nobody_knows_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert ", ".join(ROWS) in said.err


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float]]:
    """By row, what ours came to and what it is held against."""
    rows = rating_rings(tmp_path_factory.mktemp("rings"), AGENCIES, 1, (20,), (5,))
    return {row.name: (row.ours, row.floor) for row in rows}


@pytest.mark.parametrize(("link", "most"), [("unlinked", 25), ("linked", 10)])
@pytest.mark.parametrize("way", ["praise", "slander"])
def test_no_ring_buys_many_places_in_the_mean_of_ratings(
    figures: dict[str, tuple[float, float]], way: str, link: str, most: float
) -> None:
    ours, plain = figures[f"rating-rings-{way}-{link}"]
    assert ours <= most < plain


@pytest.mark.parametrize("link", ["unlinked", "linked"])
def test_no_ring_buys_many_places_in_shares(figures: dict[str, tuple[float, float]], link: str) -> None:
    """Unless it moves the money, and then the less the more of it is linked."""
    for suffix in ("", "-one-yuan"):
        ours, plain = figures[f"rating-rings-shares-{link}{suffix}"]
        assert ours <= 3 < plain / 3
    assert figures["rating-rings-shares-linked-whole"] < figures["rating-rings-shares-unlinked-whole"]


def test_a_ring_that_pays_next_to_nothing_gains_no_more_than_one_that_pays_nothing(
    figures: dict[str, tuple[float, float]],
) -> None:
    paid, unpaid = figures["rating-rings-paid-one-yuan"]
    assert paid <= unpaid


def test_the_mean_tells_agencies_apart_as_a_bayesian_one_does(
    figures: dict[str, tuple[float, float]],
) -> None:
    ours, bayesian = figures["rating-rings-agreement"]
    assert ours >= bayesian - 0.01


def test_a_score_agrees_with_what_agencies_are_worth(tmp_path: Path) -> None:
    rows = {row.name: row.ours for row in separation(tmp_path, 200, 1)}
    assert rows["credit-separation-20"] >= 0.85
    assert rows["credit-separation-5"] >= 0.6
    assert all(rows[f"credit-separation-grade-{grade}"] > 1 for grade in policy.GRADES), "all five occur"
    assert rows["credit-separation-late"] < policy.current().number("grades.B")
