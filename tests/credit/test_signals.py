"""Patterns in ratings that a regulator is shown, and who of those that rate are one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.jobs import drain
from market.transaction import transaction
from models.accounts import Organisation
from models.credit import identities, policy, signals
from models.credit.identities import IdentityLink
from models.credit.signals import KINDS, RatingSignal, Told, patterns
from tests.web import Visitor, sign_in

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def told(number: int, **said: Any) -> Told:
    usual = {"stars": 4.0, "rater": number, "words": f"第 {number} 份报告细致", "alone": False, "back": 4.0}
    return Told(f"R-{number}", NOW - timedelta(days=30 * number), **(usual | said))


USUAL = [told(number) for number in range(8)]


def test_usual_ratings_give_no_signal() -> None:
    assert patterns(policy.current(), USUAL) == {}
    assert patterns(policy.current(), []) == {}


SIGNAL = {  # how many of the usual ratings are changed, and how
    "reciprocal": (5, {"rater": 1, "stars": 5.0, "back": 5.0}),
    "burst": (6, {"at": NOW}),
    "one_agency": (3, {"alone": True, "stars": 5.0}),
    "same_words": (2, {"words": "服务非常好,强烈推荐这家机构!"}),
}


@pytest.mark.parametrize("kind", SIGNAL)
def test_each_pattern_names_the_ratings_it_rests_on(kind: str) -> None:
    count, changed = SIGNAL[kind]
    ratings = [*(replace(each, **changed) for each in USUAL[:count]), *USUAL[count:]]
    assert patterns(policy.current(), ratings) == {kind: [each.rating for each in USUAL[:count]]}
    fewer = [replace(USUAL[0], **changed), *USUAL[1:]]
    assert patterns(policy.current(), fewer) == {}


@given(st.permutations(range(8)))
def test_the_order_of_ratings_changes_no_signal(order: list[int]) -> None:
    praised = [replace(each, rater=1, stars=5.0, back=5.0, words="同样的一句好话呀呀") for each in USUAL]
    found = patterns(policy.current(), praised)
    again = patterns(policy.current(), [praised[place] for place in order])
    assert {kind: sorted(names) for kind, names in again.items()} == {
        kind: sorted(names) for kind, names in found.items()
    }


def test_a_signal_stands_while_the_pattern_does_and_only_overseers_read_it(app: Flask, world: World) -> None:
    agency = world.organisation("agency")
    for _ in range(6):
        world.settled(stars=5)
    kinds = set(db.session.scalars(select(RatingSignal.kind).where(RatingSignal.agency_id == agency.id)))
    assert {"reciprocal", "burst"} <= kinds
    page = sign_in(app, world, "regulator").get("/credit/signals")
    for kind in kinds:
        assert all(words in page.text for words in KINDS[kind]), "with what else it may be"
    assert page.soup.select("main td a[href^='/ratings/']")
    for reader in (sign_in(app, world, "agency"), sign_in(app, world, "buyer"), Visitor(app)):
        assert reader.get("/credit/signals").status != 200
        assert "双方互评都很高" not in reader.get(f"/agencies/{agency.identifier}").text
    db.session.rollback()
    with transaction() as session:
        session.execute(signals.RatingFact.__table__.update().values(hidden_at=NOW))
        signals.note(session, policy.current(), agency.id, NOW)
    assert not db.session.scalars(select(RatingSignal)).all()


def test_buyers_under_one_person_are_one_voice_from_the_day_it_is_known(app: Flask, world: World) -> None:
    one, other = world.organisation("buyer").id, world.organisation("second").id
    db.session.rollback()
    with transaction() as session:
        for key in (one, other):
            session.get_one(Organisation, key).legal_representative = "才让多杰"
        (link,) = identities.observe(session, [one, other], NOW)
        assert (link.tie, {link.one_id, link.other_id}) == ("representative", {one, other})
        assert identities.observe(session, [one, other], NOW) == [], "once"
    before, after = NOW - timedelta(days=1), NOW + timedelta(days=1)
    assert len(set(identities.identities(db.session, [one, other], before).values())) == 2
    assert set(identities.identities(db.session, [one, other], after).values()) == {min(one, other)}
    drain()
    page = sign_in(app, world, "regulator").get("/credit/links")
    assert "同一法定代表人" in page.text
    assert "才让多杰" in page.text, "by whom"
    with transaction() as session:
        session.get_one(Organisation, other).legal_representative = "另一人"
    assert "才让多杰" not in sign_in(app, world, "regulator").get("/credit/links").text


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=12))
def test_who_is_linked_through_a_third_is_one_with_it(pairs: list[tuple[int, int]]) -> None:
    """Against the plain closure of the links."""

    class Session:
        def execute(self, query: Any) -> Any:
            class Found:
                def all(self) -> list[tuple[int, int]]:
                    return [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]

            return Found()

    groups = {key: {key} for key in range(1, 10)}
    for one, other in pairs:
        together = groups[one] | groups[other]
        for key in together:
            groups[key] = together
    found = identities.identities(Session(), range(1, 10), NOW)  # type: ignore[arg-type]
    assert dict(found) == {key: min(group) for key, group in groups.items()}
    assert IdentityLink.__tablename__ == "identity_links"
