"""A rating: every dimension of its side, sealed whole, and opened as it was."""

from __future__ import annotations

from datetime import datetime

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from models import ratings
from models.clock import BEIJING
from models.errors import RuleViolation
from models.ratings import DIMENSIONS, Rating

KEY = bytes(range(32))
NOW = datetime(2026, 3, 2, tzinfo=BEIJING)
sides = st.sampled_from(sorted(DIMENSIONS))


@given(side=sides, stars=st.lists(st.integers(1, 5), min_size=5, max_size=5), comment=st.text(max_size=1000))
def test_what_is_sealed_opens_as_it_was(side: str, stars: list[int], comment: str) -> None:
    scores = dict(zip(DIMENSIONS[side], stars, strict=True))
    rating = Rating(by=side)
    comment = comment.encode(errors="ignore").decode()
    ratings.seal(rating, KEY, {**scores, "another": 5}, comment)
    assert (rating.scores, rating.comment, rating.mean) == (None, None, None)
    sealed = rating.sealed or b""
    assert len(comment.strip().encode()) < 8 or comment.strip().encode() not in sealed
    with pytest.raises(InvalidTag):
        ratings.unseal(Rating(by=side, sealed=sealed), bytes(32), NOW)
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


def test_a_comment_has_an_end() -> None:
    scores = dict.fromkeys(DIMENSIONS["buyer"], 3)
    with pytest.raises(RuleViolation) as refused:
        ratings.seal(Rating(by="buyer"), KEY, scores, "长" * 1001)
    assert refused.value.field == "comment"
