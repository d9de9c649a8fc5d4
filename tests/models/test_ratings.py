"""A rating: every dimension of its side, sealed whole, and opened as it was."""

from __future__ import annotations

from datetime import datetime

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.errors import RuleViolation
from models.ratings import follow_ups
from models.ratings import rating as ratings
from models.ratings.rating import DIMENSIONS, RATING, Rating

KEY = bytes(range(32))
VERSION = "2026-12"
NOW = datetime(2026, 3, 2, tzinfo=BEIJING)
sides = st.sampled_from(sorted(DIMENSIONS))


@given(side=sides, stars=st.lists(st.integers(1, 5), min_size=5, max_size=5), comment=st.text(max_size=1000))
def test_what_is_sealed_opens_as_it_was(side: str, stars: list[int], comment: str) -> None:
    scores = dict(zip(DIMENSIONS[side], stars, strict=True))
    rating = Rating(by=side, policy_version=VERSION)
    comment = comment.encode(errors="ignore").decode()
    ratings.seal(rating, KEY, {**scores, "another": 5}, comment)
    assert (rating.scores, rating.comment, rating.mean) == (None, None, None)
    sealed = rating.sealed or b""
    assert len(comment.strip().encode()) < 8 or comment.strip().encode() not in sealed
    with pytest.raises(InvalidTag):
        ratings.unseal(Rating(by=side, policy_version=VERSION, sealed=sealed), bytes(32), NOW)
    ratings.unseal(rating, KEY, NOW)
    assert (rating.scores, rating.comment, rating.sealed) == (scores, comment.strip(), None)
    assert rating.mean == sum(stars) / 5
    assert rating.published_at == NOW


@given(
    side=sides,
    place=st.integers(0, 4),
    odd=st.one_of(st.none(), st.integers(max_value=0), st.integers(min_value=6)),
)
def test_every_dimension_has_one_to_five(side: str, place: int, odd: int | None) -> None:
    name = list(DIMENSIONS[side])[place]
    with pytest.raises(RuleViolation) as refused:
        ratings.seal(Rating(by=side), KEY, {**dict.fromkeys(DIMENSIONS[side], 3), name: odd}, "")  # type: ignore[dict-item]
    assert refused.value.field == name


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 5), min_size=1, max_size=7))
def test_the_level_is_the_mean_rounded_whatever_is_rated(scores: dict[str, int]) -> None:
    rating = Rating(by="buyer", state="published", scores=scores)
    assert rating.mean == pytest.approx(sum(scores.values()) / len(scores))
    assert rating.level is not None
    assert abs(rating.level - rating.mean) <= 0.5
    assert min(scores.values()) <= rating.level <= max(scores.values())


@given(
    scores=st.lists(st.integers(1, 5), min_size=5, max_size=5), state=st.sampled_from(sorted(RATING.states))
)
def test_what_is_hidden_counts_for_nothing_and_what_is_appealed_goes_on_counting(
    scores: list[int], state: str
) -> None:
    rating = Rating(by="buyer", state=state, scores=dict(zip(DIMENSIONS["buyer"], scores, strict=True)))
    assert rating.shown == (state in ("published", "appealed"))
    assert (rating.mean is None, rating.level is None) == (
        (True, True) if state == "hidden" else (False, False)
    )


@given(st.lists(st.tuples(st.sampled_from(sorted(DIMENSIONS)), st.sampled_from(sorted(RATING.states)))))
def test_nothing_is_opened_while_a_party_may_still_rate(found: list[tuple[str, str]]) -> None:
    """A department keeps nobody waiting, and nobody waits for it."""
    waited_for = [by for by, state in found if state == "due" and by != "department"]
    assert ratings.exchanged([Rating(by=by, state=state) for by, state in found]) == (not waited_for)


@given(st.lists(st.integers(1, 5), min_size=5, max_size=5))
def test_a_rating_is_bad_by_its_level_or_by_one_dimension(scores: list[int]) -> None:
    rating = Rating(by="buyer", policy_version=VERSION, state="published")
    rating.scores = dict(zip(DIMENSIONS["buyer"], scores, strict=True))
    assert follow_ups.is_bad(rating) == (sum(scores) < 12.5 or 1 in scores)


def test_of_a_contract_that_was_never_begun_nobody_judges_the_work() -> None:
    assert {"integrity", "communication"} <= set(ratings.dimensions_of("buyer", "award"))
    assert not {"quality", "timeliness"} & set(ratings.dimensions_of("buyer", "award"))
    contract = Contract(buyer_id=1, agency_id=2, unsigned_by="agency")
    assert ratings.who_rate(contract, []) == [("buyer", 1, 2)]
    contract.unsigned_by = "buyer"
    assert ratings.who_rate(contract, []) == [("agency", 2, 1)]
    contract.signed_at = NOW
    assert ratings.who_rate(contract, {9, 7}) == [
        ("buyer", 1, 2),
        ("agency", 2, 1),
        ("department", 7, 2),
        ("department", 9, 2),
    ]


def test_a_comment_has_an_end() -> None:
    scores = dict.fromkeys(DIMENSIONS["buyer"], 3)
    with pytest.raises(RuleViolation) as refused:
        ratings.seal(Rating(by="buyer"), KEY, scores, "长" * 1001)
    assert refused.value.field == "comment"
