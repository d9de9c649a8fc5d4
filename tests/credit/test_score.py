"""The score, from its evidence alone and as it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import World
from market.contracts.actions import changing
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.ratings.actions import rating as ratings
from market.transaction import transaction
from models import clock, workdays
from models.clock import BEIJING
from models.contracts.deliverables import Deliverable
from models.credit import kept, policy, score
from models.credit.evidence import Evidence, Sheet, faded, share, sheet
from models.credit.inputs import inputs
from models.credit.inputs.on_time import worth
from models.credit.kept import CreditScore
from models.credit.past import CreditHistory
from models.ratings.rating import DIMENSIONS, Rating

NOW = datetime(2026, 3, 2, tzinfo=BEIJING)
ages = st.integers(0, 1500)
SHARES = st.lists(st.tuples(ages, st.floats(0, 1)), max_size=20)
WEIGHED = st.lists(
    st.tuples(ages, st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.9, 1.0]), st.integers(1, 9)), max_size=20
)
STARS = st.lists(st.tuples(ages, st.floats(1, 5), st.sampled_from("abc"), st.booleans()), max_size=12)


def of_shares(values: Sequence[tuple[Any, ...]]) -> list[Evidence]:
    """By days and value; with how much of it was seen and how many its buyer has, where they are given."""
    found = []
    for age, value, *more in values:
        seen, n = more or (1.0, 1)
        facts = {"seen": seen, "unseen": 1 - seen, "n": n}
        found.append(Evidence("C", NOW - timedelta(days=age), value, facts=facts))
    return found


def of_stars(values: Sequence[tuple[int, float, str, bool]]) -> list[Evidence]:
    count = Counter(rater for _age, _stars, rater, _seen in values)
    return [
        Evidence(
            "R",
            NOW - timedelta(days=age),
            stars,
            facts={
                "n": count[rater],
                "seen": float(seen),
                "unseen": float(not seen),
                "item_mean": 4.0,
                "habit": [0.1, 0.0],
            },
        )
        for age, stars, rater, seen in values
    ]


def made(found: Mapping[str, Sequence[Evidence]], settled: int = 1, failed: int = 0) -> Sheet:
    """The sheet of this evidence, nothing where an input is not named."""
    rules = policy.current()
    lines = [inputs()[name].reckon(rules, name, found.get(name, ())) for name in rules.inputs]
    return sheet(rules, lines, settled, failed)


SCORED = st.fixed_dictionaries(
    {
        "ratings": STARS.map(of_stars),
        "first_pass": WEIGHED.map(of_shares),
        "on_time": WEIGHED.map(of_shares),
        "complaints": SHARES.map(of_shares),
    }
)


@given(SCORED, st.randoms())
def test_a_score_is_bounded_and_does_not_depend_on_the_order(found: Any, chance: Any) -> None:
    before = made(found)
    assert 0 <= before.score <= 100
    assert before.half_width >= 0
    for records in found.values():
        chance.shuffle(records)
    assert made(found).score == pytest.approx(before.score, abs=0.1)


@given(SCORED, st.sampled_from(["ratings", "first_pass", "on_time", "complaints"]), st.integers(0, 19))
def test_a_better_record_never_lowers_a_score(found: Any, name: str, which: int) -> None:
    before, best = made(found).score, 5.0 if name == "ratings" else 1.0
    records = found[name]
    if records:
        at = which % len(records)
        value = min(best, records[at].value + 0.5)
        records[at] = replace(records[at], value=value)
    assert made(found).score >= before - 0.1


@given(SCORED, st.integers(1, 4000))
def test_time_without_work_changes_nothing(found: Any, days: int) -> None:
    later = {
        name: [replace(each, at=each.at - timedelta(days=days)) for each in records]
        for name, records in found.items()
    }
    assert made(later).score == pytest.approx(made(found).score, abs=0.1)


@given(SHARES)
def test_a_share_lies_between_what_is_expected_and_what_was_seen(values: list[tuple[int, float]]) -> None:
    rules = policy.current()
    line, expected = share(rules, "on_time", of_shares(values)), float(rules.rate("inputs.on_time.expected"))
    if line.observed is None:
        assert (line.reckoned, line.points) == (pytest.approx(expected), pytest.approx(0))
        return
    assert line.reckoned is not None
    low, high = sorted((expected, line.observed))
    assert low - 1e-9 <= line.reckoned <= high + 1e-9


def test_a_record_weighs_half_after_a_half_life_and_the_newest_one() -> None:
    at = [NOW, NOW - timedelta(days=365), NOW - timedelta(days=730)]
    assert faded(at, 365) == [1, 0.5, 0.25]
    assert faded([each - timedelta(days=99) for each in at], 365) == [1, 0.5, 0.25]
    assert faded([], 365) == []


def test_one_day_late_is_not_forty() -> None:
    rules = policy.current()
    values = [worth(rules, days) for days in (0, 1, 2, 10, 19, 20, 40, None)]
    assert values[:2] == [1.0, 0.8]
    assert values == sorted(values, reverse=True)
    assert values[-3:] == [0.0, 0.0, 0.0]


def test_the_sheet_by_hand() -> None:
    """Three deliverables in time and one twenty days late, all of one day: (3 + 2 * 0.9) / 6 = 0.8."""
    rules = policy.current()
    base, points = rules.number("base"), rules.number("inputs.on_time.points")
    found = made({"on_time": of_shares([(0, 1.0), (0, 1.0), (0, 1.0), (0, 0.0)])}, 4)
    line = found.line("on_time")
    assert line is not None
    assert (line.observed, line.reckoned, line.zero) == (0.75, pytest.approx(0.8), pytest.approx(0.9))
    assert found.score == round(base + points * -0.1, 1)
    assert [each.points for each in found.lines if each.name != "on_time"] == pytest.approx(
        [0] * (len(found.lines) - 1)
    ), "what was not seen neither raises nor lowers"
    assert found.policy == rules.name


def test_who_never_delivers_in_time_is_no_b_whatever_else_is_said() -> None:
    """0 % on time: five stars of everybody, and every report passed at first."""
    found = made(
        {
            "on_time": of_shares([(day, 0.0) for day in range(10)]),
            "first_pass": of_shares([(day, 1.0) for day in range(10)]),
            "ratings": of_stars([(day, 5.0, f"{day}", True) for day in range(10)]),
        },
        10,
    )
    assert found.grade in ("C", "D", "E")


def test_no_record_is_no_grade() -> None:
    assert made({}, 0).grade is None
    assert score.raises(made({}, 0), policy.current(), NOW)[0].message == "完成第一份合同后开始评级。"


def test_what_would_raise_it_says_what_one_more_good_record_brings_the_most_first() -> None:
    rules = policy.current()
    found = made({"ratings": of_stars([(0, 1.0, "a", True)] * 2), "on_time": of_shares([(0, 0.0)] * 8)}, 9)
    steps = score.raises(found, rules, NOW)
    brings = [float(step.params["points"]) for step in steps]
    assert brings == sorted(brings, reverse=True)
    assert all(points > 0 for points in brings)
    in_time = next(step for step in steps if "按期提交" in step.message)
    more = made(
        {
            "ratings": of_stars([(0, 1.0, "a", True)] * 2),
            "on_time": of_shares([(0, 0.0)] * 8 + [(0, 1.0)]),
        },
        9,
    )
    assert float(in_time.params["points"]) == pytest.approx(more.score - found.score, abs=0.11)


def test_a_step_promises_only_what_the_score_gains_within_its_bounds() -> None:
    """Below 0 it is said first what is to be made up; nothing is promised that the bounds take away."""
    rules = policy.current()
    records = {"records": [Evidence(f"X-2026-00000{n}", NOW, -50.0) for n in (1, 2)]}
    found = made(records, 9)
    assert found.score == 0
    first, *steps = score.raises(found, rules, NOW)
    assert (first.params["total"], "先补足" in first.message) == ("-30.0", True)
    assert [step.params for step in steps if step.params["case"]] == [
        {"points": "20.0", "case": f"X-2026-00000{n}"} for n in (1, 2)
    ]
    assert all(float(step.params["points"]) <= 20 for step in steps)


@given(SCORED, st.integers(0, 10), st.integers(0, 10))
def test_a_grade_needs_enough_contracts_ended_well_or_badly(found: Any, settled: int, failed: int) -> None:
    rules, done = policy.current(), made(found, settled, failed)
    assert (done.grade is not None) == (settled + failed >= rules.number("least_evidence"))
    if done.grade is not None:
        floors = {grade: rules.number(f"grades.{grade}") for grade in policy.GRADES}
        assert floors[done.grade] <= done.score
        assert all(done.score < floor for grade, floor in floors.items() if grade < done.grade)


def test_only_what_is_decided_and_published_is_evidence(world: World) -> None:
    """A rating that is sealed, and work that is under way, say nothing yet."""
    contract = world.settled_unrated()
    rating = world.one(Rating, contract, by="buyer").identifier
    ratings.rate(world.actor("buyer"), rating, scores=dict.fromkeys(DIMENSIONS["buyer"], 5), comment="好")
    world.started()
    agency = world.organisation("agency").id
    found = score.of_agency(db.session, agency)
    assert found == score.of_agencies(db.session, [agency])[agency]
    assert {line.name: len(line.evidence) for line in found.lines if line.evidence} == {
        "first_pass": 1,
        "on_time": 1,
        "complaints": 1,
    }


@pytest.mark.parametrize(("who", "graded"), [("buyer", True), ("agency", False)])
def test_a_contract_that_ended_through_the_agency_is_evidence_and_through_the_buyer_is_none(
    world: World, time: Any, who: str, graded: bool
) -> None:
    contract = world.started()
    changing.give_notice(world.actor(who), contract, reason="对方经催告仍不履行主要义务")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    db.session.rollback()
    found = score.of_agency(db.session, world.organisation("agency").id)
    assert (found.grade is not None) == graded


def test_what_is_kept_is_the_sheet_and_only_a_change_is_told(world: World, time: Any) -> None:
    world.settled(stars=5)
    agency, other = (world.organisation(name).id for name in ("agency", "second"))
    sheets = score.of_agencies(db.session, [agency, other])
    db.session.rollback()
    with transaction() as session:
        assert kept.store_score(session, sheets) == [other], (
            "the first sheet of the other; that of the agency is kept"
        )
        assert kept.store_score(session, sheets) == []
    row = db.session.scalars(select(CreditScore).where(CreditScore.agency_id == agency)).one()
    assert (row.score, row.settled, row.stars) == (round(sheets[agency].score * 10), 1, 5.0)
    assert sheets[agency].score > sheets[other].score


def test_a_sheet_is_of_the_instant_at_which_it_was_reckoned(world: World, time: Any) -> None:
    agency, reckoned = world.organisation("agency").id, clock.now()
    sheets = score.of_agencies(db.session, [agency])
    db.session.rollback()
    time.instant += timedelta(hours=1)
    with transaction() as session:
        kept.store_score(session, sheets)
    past = db.session.scalars(select(CreditHistory).where(CreditHistory.agency_id == agency)).all()
    assert past[-1].at == reckoned, "what came meanwhile is not in it"


def test_a_sheet_computed_before_a_newer_one_was_kept_does_not_replace_it(world: World) -> None:
    agency = world.organisation("agency").id
    db.session.rollback()
    with transaction() as session:
        kept.store_score(session, score.of_agencies(session, [agency]))
    since = kept.stored_score(db.session, [agency])
    stale = score.of_agencies(db.session, [agency])
    db.session.rollback()
    world.settled(stars=1)  # and with it a newer sheet
    db.session.rollback()
    newer = kept.stored_score(db.session, [agency])
    assert newer != since
    db.session.rollback()
    with transaction() as session:
        assert kept.store_score(session, stale, since) == []
    assert kept.stored_score(db.session, [agency]) == newer


def test_any_past_score_is_reckoned_again_from_the_records_alone(world: World, time: Any) -> None:
    """What is kept of the past equals what the records of that time say, each with what moved it."""
    agency = world.organisation("agency").id
    for stars in (5, 1, 4):
        world.settled(stars=stars)
        time.instant += timedelta(days=40)
    contract = world.signed()
    world.paid(contract, "deposit")
    world.supplied(contract)
    time.instant = workdays.add(world.one(Deliverable, contract).deliver_by, 3)
    run_deadlines()
    drain()
    world.delivered(contract)
    drain()
    db.session.rollback()
    past = list(
        db.session.scalars(
            select(CreditHistory).where(CreditHistory.agency_id == agency).order_by(CreditHistory.id)
        )
    )
    assert len(past) > 3
    last = {each.at: each for each in past}
    for at, each in last.items():
        again = score.of_agency(db.session, agency, at)
        assert (round(again.score * 10), again.grade) == (each.score, each.grade)
        assert each.causes, "each was moved by something"
    assert past[-1].score == round(score.of_agency(db.session, agency, clock.now()).score * 10)
