"""The mean of ratings: bounded, rising with every rating, and no ring's to buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.credit import policy
from models.credit.rating_mean import Rated, leniency, rating_mean
from models.credit.weighing import parts

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RATED = st.builds(
    Rated,
    case_identifier=st.just("R-2026-000001"),
    at=st.integers(0, 1500).map(lambda days: NOW - timedelta(days=days)),
    stars=st.sampled_from([1.0, 1.4, 2.0, 3.0, 4.2, 5.0]),
    n=st.integers(1, 9),
    seen=st.sampled_from([0.0, 0.02, 0.3, 1.0, 1.2, 1.4]),
    unseen=st.sampled_from([0.02, 0.7, 1.0]),
    item_mean=st.sampled_from([3.6, 3.9, 4.3]),
    habit=st.floats(-2, 2),
    habit_unseen=st.floats(-2, 2),
)
SOME = st.lists(RATED, min_size=1, max_size=12)


@given(SOME, st.randoms())
def test_it_stays_between_one_star_and_five_whatever_the_order(ratings: list[Rated], chance: Any) -> None:
    mean = rating_mean(policy.current(), ratings, 3.9)
    assert 1 <= mean.mean <= 5
    assert mean.half_width > 0
    chance.shuffle(ratings)
    assert abs(rating_mean(policy.current(), ratings, 3.9).mean - mean.mean) < 1e-9


def of_raters(given: list[tuple[str, Rated, float]]) -> list[Rated]:
    """Ratings by these raters with these stars above: n and habits as they follow from them."""
    rules, found = policy.current(), []
    for rater, rated, _above in given:
        theirs = [(each.seen, above) for by, each, above in given if by == rater]
        weight = sum(seen for seen, _above in theirs)
        habit = leniency(rules, sum(seen * above for seen, above in theirs), weight)
        found.append(replace(rated, n=len(theirs), habit=habit, habit_unseen=0.0, at=NOW))
    return found


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), RATED, st.floats(-3, 2)), min_size=1, max_size=12),
    st.integers(0, 11),
    st.floats(0.1, 4),
)
def test_a_better_rating_never_lowers_it(
    given: list[tuple[str, Rated, float]], which: int, better: float
) -> None:
    """Though it raises its rater's habit, which is taken off all that the rater gave."""
    rules, which = policy.current(), which % len(given)
    rater, rated, above = given[which]
    stars = min(5.0, rated.stars + better)
    raised = [*given]
    raised[which] = rater, replace(rated, stars=stars), above + stars - rated.stars
    before, after = (rating_mean(rules, of_raters(of), 3.9).mean for of in (given, raised))
    assert after >= before - 1e-9


def test_what_nobody_has_seen_moves_it_by_a_share_of_its_error_at_most() -> None:
    rules = policy.current()
    honest = [Rated(f"R-{n}", NOW - timedelta(days=n), 3.0, 1, 1.0, 0.0, 3.9) for n in range(8)]
    before = rating_mean(rules, honest, 3.9)
    for stars in (1.0, 5.0):
        ring = [Rated(f"R-{n}", NOW, stars, 1, 0.0, 1.0, 3.9) for n in range(200)]
        after = rating_mean(rules, [*honest, *ring], 3.9)
        assert abs(after.mean - before.mean) < 0.42 * 0.8 / 9**0.5 + 0.02


def test_a_ring_that_passes_small_payments_gains_no_more_than_one_that_passes_none() -> None:
    """What was seen counts in tenths of the price; less than one of them is not told."""
    rules, price = policy.current(), 1_000_000_00
    honest = [Rated(f"R-{n}", NOW, 3.0, 1, 1.0, 0.0, 3.9) for n in range(8)]

    def gain(money: int) -> float:
        of = parts(rules, price, money, reviewed=False)
        ring = [Rated(f"F-{n}", NOW, 5.0, 1, of.seen, of.unseen, 3.9) for n in range(30)]
        return rating_mean(rules, [*honest, *ring], 3.9).mean - rating_mean(rules, honest, 3.9).mean

    nothing = gain(0)
    assert [gain(money) for money in (1_00, 5_000_00, 99_999_00)] == [nothing] * 3
    steps = [gain(price * tenths // 10) for tenths in range(11)]
    assert steps == sorted(steps)
    assert steps[-1] > 2 * nothing, "who moves the whole price is told: that costs the price"
    small = parts(rules, 1_00, 1_00, reviewed=False)
    assert (small.seen, small.unseen, small.share) == (0.02, 0.0, 1.0), "and a price of one yuan buys little"


@pytest.mark.parametrize(
    ("price", "money", "reviewed", "found"),
    [
        (40_000_00, 0, False, (0.0, 1.0, 0.0)),
        (40_000_00, 12_000_00, False, (0.3, 0.7, 0.3)),
        (40_000_00, 40_000_00, False, (1.0, 0.0, 1.0)),
        (600_000_00, 60_000_00, False, (0.12, 0.9, 0.1)),  # by the class of the money that was seen
        (600_000_00, 0, True, (1.4, 0.0, 1.0)),
        (600_000_00, -5, False, (0.0, 1.0, 0.0)),
        (1_000_00, 0, False, (0.0, 0.2, 0.0)),
        (0, 0, False, (0.0, 0.02, 0.0)),
    ],
)
def test_a_contract_is_seen_for_the_part_of_its_price_that_was(
    price: int, money: int, reviewed: bool, found: tuple[float, float, float]
) -> None:
    of = parts(policy.current(), price, money, reviewed=reviewed)
    assert (of.seen, of.unseen, of.share) == pytest.approx(found)


def test_one_rater_has_one_voice() -> None:
    rules = policy.current()
    once = Rated("R-1", NOW, 5.0, 1, 1.0, 0.0, 3.9)
    other = Rated("R-2", NOW, 2.0, 1, 1.0, 0.0, 3.9)
    twice = rating_mean(rules, [once, other], 3.9).mean
    assert abs(rating_mean(rules, [replace(once, n=9)] * 9 + [other], 3.9).mean - twice) < 1e-9


def test_time_without_work_changes_nothing() -> None:
    rules = policy.current()
    then = [Rated("R-1", NOW - timedelta(days=900), 4.0, 1, 1.0, 0.0, 3.9)]
    now = [replace(each, at=NOW) for each in then]
    assert rating_mean(rules, then, 3.9).mean == rating_mean(rules, now, 3.9).mean
