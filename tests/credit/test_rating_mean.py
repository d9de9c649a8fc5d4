"""The mean of ratings: bounded, rising with every rating, and no ring's to buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.credit import policy
from models.credit.rating_mean import Rated, rating_mean

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RATED = st.builds(
    Rated,
    case_identifier=st.just("R-2026-000001"),
    at=st.integers(0, 1500).map(lambda days: NOW - timedelta(days=days)),
    stars=st.sampled_from([1.0, 1.4, 2.0, 3.0, 4.2, 5.0]),
    rater=st.sampled_from("abcd"),
    seen=st.booleans(),
    value_class=st.sampled_from([1.0, 1.2, 1.4]),
    item_mean=st.sampled_from([3.6, 3.9, 4.3]),
    above=st.floats(-3, 2),
)
SOME = st.lists(RATED, min_size=1, max_size=12)
HABITS = st.dictionaries(st.sampled_from("abcd"), st.tuples(st.floats(-9, 9), st.floats(0, 9)))


@given(SOME, HABITS, st.randoms())
def test_it_stays_between_one_star_and_five_whatever_the_order(
    ratings: list[Rated], habits: dict[str, tuple[float, float]], chance: Any
) -> None:
    mean = rating_mean(policy.current(), ratings, habits, 3.9)
    assert 1 <= mean.mean <= 5
    assert mean.half_width > 0
    chance.shuffle(ratings)
    assert abs(rating_mean(policy.current(), ratings, habits, 3.9).mean - mean.mean) < 1e-9


@given(SOME, HABITS, st.integers(0, 11), st.floats(0.1, 4))
def test_a_better_rating_never_lowers_it(
    ratings: list[Rated], habits: dict[str, tuple[float, float]], which: int, better: float
) -> None:
    rules, which = policy.current(), which % len(ratings)
    raised = [*ratings]
    stars = min(5.0, ratings[which].stars + better)
    above = ratings[which].above + stars - ratings[which].stars
    raised[which] = replace(ratings[which], stars=stars, above=above)
    before, after = (rating_mean(rules, of, habits, 3.9).mean for of in (ratings, raised))
    assert after >= before - 1e-9


def test_what_nobody_has_seen_moves_it_by_a_share_of_its_error_at_most() -> None:
    rules = policy.current()
    honest = [
        Rated(f"R-{n}", NOW - timedelta(days=n), 3.0, f"buyer {n}", True, 1.0, 3.9, 0.0) for n in range(8)
    ]
    before = rating_mean(rules, honest, {}, 3.9)
    for stars in (1.0, 5.0):
        ring = [Rated(f"R-{n}", NOW, stars, f"false {n}", False, 1.4, 3.9, 0.0) for n in range(200)]
        after = rating_mean(rules, [*honest, *ring], {}, 3.9)
        assert abs(after.mean - before.mean) < 0.42 * 0.8 / 9**0.5 + 0.02


def test_one_rater_has_one_voice() -> None:
    rules = policy.current()
    once = Rated("R-1", NOW, 5.0, "one", True, 1.0, 3.9, 0.0)
    other = Rated("R-2", NOW, 2.0, "other", True, 1.0, 3.9, 0.0)
    twice = rating_mean(rules, [once, other], {}, 3.9).mean
    assert abs(rating_mean(rules, [once] * 9 + [other], {}, 3.9).mean - twice) < 1e-9


def test_time_without_work_changes_nothing() -> None:
    rules = policy.current()
    then = [Rated("R-1", NOW - timedelta(days=900), 4.0, "a", True, 1.0, 3.9, 0.0)]
    now = [replace(each, at=NOW) for each in then]
    assert rating_mean(rules, then, {}, 3.9).mean == rating_mean(rules, now, {}, 3.9).mean
