"""The score, from its evidence alone and as it is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import World
from market.contracts.actions import changing
from market.extensions import db
from market.jobs import run_deadlines
from market.ratings import actions as ratings
from market.transaction import transaction
from models import policy, workdays
from models.clock import BEIJING
from models.credit import score
from models.credit.score import CreditScore, Evidence
from models.ratings import DIMENSIONS, Rating

NOW = datetime(2026, 3, 2, tzinfo=BEIJING)
stars = st.floats(1, 5)
weights = st.floats(0.01, 1)


@given(values=st.lists(stars, max_size=30), extra=stars)
def test_one_rating_moves_a_score_little_and_in_its_own_direction(values: list[float], extra: float) -> None:
    rules, now = policy.current(), datetime(2026, 3, 2, tzinfo=BEIJING)
    records = [Evidence("R", now, value) for value in values]
    before = score.sheet(rules, records, [], [], 1).score
    after = score.sheet(rules, [*records, Evidence("R", now, extra)], [], [], 1).score
    most = (
        rules.number("credit.rating_points")
        * 4
        / (rules.number("credit.rating_prior_weight") + len(values) + 1)
    )
    assert abs(after - before) <= most + 0.1
    _, mean, _ = score.shrunk_mean(
        records, float(rules.rate("credit.rating_prior")), rules.number("credit.rating_prior_weight")
    )
    assert (after - before) * (extra - mean) >= -0.11 * abs(extra - mean)


def test_no_record_is_no_grade_and_idleness_changes_nothing() -> None:
    rules = policy.current()
    assert score.sheet(rules, [], [], [], 0).grade is None
    assert score.decay(0, 365) == 1
    assert score.decay(365, 365) == 0.5
    assert [score.raises(score.sheet(rules, [], [], [], 0))[0].message] == ["完成第一份合同后开始评级。"]
    now = datetime(2026, 3, 2, tzinfo=BEIJING)
    bad = score.sheet(
        rules,
        [Evidence("R", now, 1.0)] * 20,
        [Evidence("C", now, 0.0)] * 20,
        [Evidence("C", now, 0.0)] * 20,
        20,
    )
    assert bad.grade in ("D", "E")
    assert [hint.params["points"] for hint in score.raises(bad)]
    assert bad.score == round(min(100, max(0, sum(line.points for line in bad.lines))), 1)


@given(st.lists(st.tuples(stars, weights), max_size=20), stars, st.floats(0.5, 50))
def test_a_shrunken_mean_lies_between_the_prior_and_what_was_seen(
    seen: list[tuple[float, float]], prior: float, weight: float
) -> None:
    records = [Evidence("R", NOW, value, heavy) for value, heavy in seen]
    observed, shrunk, total = score.shrunk_mean(records, prior, weight)
    if observed is None:
        assert (shrunk, total, seen) == (prior, weight, [])
        return
    assert min(prior, observed) - 1e-9 <= shrunk <= max(prior, observed) + 1e-9
    assert total == pytest.approx(weight + sum(heavy for _, heavy in seen))
    # as if there were `weight` records more, each of the prior
    assert shrunk * total == pytest.approx(weight * prior + sum(value * heavy for value, heavy in seen))


@given(st.floats(0, 5_000), st.floats(0, 5_000), st.floats(1, 1_000))
def test_what_is_older_weighs_less_and_by_the_half_life(age: float, more: float, half_life: float) -> None:
    assert score.decay(age + more, half_life) == pytest.approx(
        score.decay(age, half_life) * score.decay(more, half_life)
    )
    assert 0 <= score.decay(age + more, half_life) <= score.decay(age, half_life) <= 1
    assert score.decay(-age, half_life) == 1, "what is dated after today is not worth more than today's"


def test_the_sheet_by_hand() -> None:
    """Base 80, ratings 4.0 with weight 6 and 4 points a star, as the policy of the tests' day has it."""
    rules = policy.current()
    base, points = rules.number("credit.base"), rules.number("credit.rating_points")
    prior, weight = float(rules.rate("credit.rating_prior")), rules.number("credit.rating_prior_weight")
    made = score.sheet(rules, [Evidence("R", NOW, 5.0)] * 3, [], [], 3)
    mean = (weight * prior + 15) / (weight + 3)
    assert made.score == round(base + points * (mean - prior), 1)
    assert [line.name for line in made.lines] == ["base", "ratings", "first_pass", "on_time"]
    assert made.lines[1].observed == 5.0
    assert made.lines[1].shrunk == pytest.approx(mean)
    assert [line.points for line in made.lines[2:]] == [0, 0], "what was not seen neither raises nor lowers"
    variance = points**2 * (5 - mean) * (mean - 1) / 4 / (weight + 3)
    for part in ("first_pass", "on_time"):
        share, least = float(rules.rate(f"credit.{part}_expected")), rules.number(f"credit.{part}_weight")
        variance += rules.number(f"credit.{part}_points") ** 2 * share * (1 - share) / least
    assert made.half_width == round(variance**0.5, 1) > 0


def test_only_what_is_decided_and_published_is_evidence(world: World) -> None:
    """A rating that is sealed, and work that is under way, say nothing yet."""
    contract = world.settled_unrated()
    rating = world.one(Rating, contract, by="buyer").identifier
    ratings.rate(world.actor("buyer"), rating, scores=dict.fromkeys(DIMENSIONS["buyer"], 5), comment="好")
    world.started()
    agency = world.organisation("agency").id
    found = score.of_agency(db.session, agency)
    assert found == score.of_agencies(db.session, [agency])[agency]
    assert {line.name: len(line.evidence) for line in found.lines} == {
        "base": 0,
        "ratings": 0,
        "first_pass": 1,
        "on_time": 1,
    }


def test_what_would_raise_it_names_the_lines_that_cost_points_the_dearest_first() -> None:
    rules = policy.current()
    bad = [Evidence("R", NOW, 1.0)] * 8
    late = [Evidence("C", NOW, 0.0)]
    made = score.sheet(rules, bad, [], late, 9)
    costs = {line.name: line.points for line in made.lines if line.points < 0}
    assert costs["ratings"] < costs["on_time"]
    said = [problem.message for problem in score.raises(made)]
    assert ["评价" in said[0], "按期" in said[1], len(said)] == [True, True, 2]
    (well,) = score.raises(score.sheet(rules, [], [], [], 9))
    assert "不低于期望" in well.message
    (new,) = score.raises(score.sheet(rules, [], [], [], 0))
    assert "第一份合同" in new.message


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


@given(st.lists(stars, max_size=10), st.integers(0, 10), st.integers(0, 10))
def test_a_grade_needs_enough_contracts_ended_well_or_badly(
    values: list[float], settled: int, failed: int
) -> None:
    rules = policy.current()
    made = score.sheet(rules, [Evidence("R", NOW, value) for value in values], [], [], settled, failed)
    assert (made.grade is not None) == (settled + failed >= rules.number("credit.least_evidence"))
    if made.grade is not None:
        floors = {grade: rules.number(f"credit.grades.{grade}") for grade in score.GRADES}
        assert floors[made.grade] <= made.score + 0.05
        better = [floor for grade, floor in floors.items() if grade < made.grade]
        assert all(made.score - 0.05 < floor for floor in better)


def test_what_is_kept_is_the_sheet_and_only_a_change_is_told(world: World, time: Any) -> None:
    world.settled(stars=5)
    agency, other = (world.organisation(name).id for name in ("agency", "second"))
    sheets = score.of_agencies(db.session, [agency, other])
    db.session.rollback()
    with transaction() as session:
        assert score.store_score(session, sheets) == [other], (
            "the first sheet of the other; that of the agency is kept"
        )
        assert score.store_score(session, sheets) == []
    row = db.session.scalars(select(CreditScore).where(CreditScore.agency_id == agency)).one()
    assert (row.score, row.settled, row.stars) == (round(sheets[agency].score * 10), 1, 5.0)
    assert sheets[agency].score > sheets[other].score


def test_a_sheet_computed_before_a_newer_one_was_kept_does_not_replace_it(world: World) -> None:
    agency = world.organisation("agency").id
    db.session.rollback()
    with transaction() as session:
        score.refresh(session, agency)
    since = score.stored_score(db.session, [agency])
    stale = score.of_agencies(db.session, [agency])
    db.session.rollback()
    world.settled(stars=1)  # and with it a newer sheet
    db.session.rollback()
    newer = score.stored_score(db.session, [agency])
    assert newer != since
    db.session.rollback()
    with transaction() as session:
        assert score.store_score(session, stale, since) == []
    assert score.stored_score(db.session, [agency]) == newer
