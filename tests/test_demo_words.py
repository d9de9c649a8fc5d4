"""What the people of the demonstration write: several texts of every item, comments that go with stars."""

from __future__ import annotations

import dataclasses
from itertools import product
from random import Random

import pytest

from market.demonstration import people, praise, words
from models.catalogue import KINDS, published_items
from models.contracts.deliverables import REASONS
from models.ratings.rating import DIMENSIONS
from tests.comments import fits

ITEMS = sorted({item for items in people.TRADES.values() for item in items})
LISTS = ("asked", "plans", "quoted", "strong", "sound", "weak", "good", "fair", "bad", "delays", "questions")


def _pick(about: str, texts: object) -> str:
    found: str = Random(about).choice(list(texts))  # type: ignore[call-overload]
    return found


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_has_several_texts_of_its_own(item: str) -> None:
    family = words.family(item)
    for name in LISTS:
        texts = getattr(family, name)
        assert len(set(texts)) >= 3, (family.name, name)
        assert all(len(text) > 5 for text in texts if isinstance(text, str))
    assert len(family.asked) * len(words.standing(item)) >= 16
    assert len(family.findings) >= 4
    assert set(family.findings) <= set(REASONS)
    assert len(set(family.messages)) >= 2
    assert family.disputes
    assert family.objections


def test_no_two_families_say_the_same() -> None:
    told: dict[str, str] = {}
    for family in words.families():
        for name in ("plans", "strong", "sound", "weak", "good", "fair", "bad"):
            for text in getattr(family, name):
                assert told.setdefault(text, family.name) == family.name, text


def test_every_kind_has_corrections_for_every_point_of_its_checklist() -> None:
    listed = {row["kind"]: len(row["notice"]["zh"]["checklist"]) for row in published_items()}
    corrections = words.read("corrections")
    assert set(corrections) == set(KINDS)
    for kind, points in corrections.items():
        assert len(points) == listed[kind]
        assert all(len(pairs) >= 2 for pairs in points)


@pytest.mark.parametrize("by", ["buyer", "agency", "department"])
def test_a_comment_goes_with_the_stars_of_every_dimension(by: str) -> None:
    names, random = list(DIMENSIONS[by]), Random(7)
    timed = praise.TIMED[by]
    for number, (late, sent_back) in product(range(400), ((False, False), (True, False), (False, True))):
        scores = {name: random.randrange(1, 6) for name in names}
        if timed:
            scores[timed] = random.randrange(1, 4) if late else random.randrange(3, 6)
        if by == "agency":
            scores["payment"] = max(3, scores["payment"])
        if by == "buyer" and sent_back:
            scores["quality"] = random.randrange(1, 4)
        item = ITEMS[number % len(ITEMS)]
        facts = frozenset(({"late"} if late else set()) | ({"sent_back"} if sent_back else {"passed"}))
        said = praise.comment(Random(number), _pick, by, scores, words.family(item), facts)
        fits(by, scores, said, item)


def test_cheerful_words_do_not_fit_two_stars() -> None:
    """The check above tells wrong from right."""
    low = dict.fromkeys(DIMENSIONS["buyer"], 2)
    for said in ("按时交到,没有催过。", "值得推荐。", words.family("WAT-01").good[0]):
        with pytest.raises(AssertionError):
            fits("buyer", low, said, "WAT-01")
    with pytest.raises(AssertionError):  # what is worst is told of
        fits("buyer", {**dict.fromkeys(DIMENSIONS["buyer"], 5), "service": 1}, "价钱公道。", "WAT-01")


def test_families_are_whole() -> None:
    fields = [field.name for field in dataclasses.fields(words.Family)]
    assert all(getattr(family, name) for family in words.families() for name in fields)
