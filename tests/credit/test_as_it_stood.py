"""A score goes by what stood at its instant: limits, suspensions, points and the policy of that time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import World
from market.contracts.actions import changing, disputing
from market.credit.actions import records
from market.credit.actions.scores import refresh_every_score
from market.extensions import db
from market.jobs import drain, run_deadlines
from models import clock, workdays
from models.contracts.deliverables import Deliverable
from models.credit import policy, score
from models.credit.inputs.on_time import worth
from models.credit.kept import CreditScore
from models.credit.past import CreditHistory
from models.credit.records import CreditRecord
from tests.credit import record_cases as cases
from tests.credit.record_cases import files


@pytest.fixture
def preset() -> Iterator[None]:
    """The preset there was is chosen again."""
    yield
    policy.choose("standard")


def _overdue(world: World, time: Any) -> str:
    """A contract whose deliverable was not there at its limit, a minute ago."""
    contract = world.started()
    world.supplied(contract)
    time.instant = world.one(Deliverable, contract).deliver_by + timedelta(minutes=1)
    _told()
    return contract


def _told() -> None:
    run_deadlines()
    drain()
    db.session.rollback()


def _line(world: World) -> Any:
    db.session.rollback()
    return score.of_agency(db.session, world.organisation("agency").id).line("on_time")


def _kept(world: World) -> CreditScore:
    db.session.rollback()
    return db.session.scalars(
        select(CreditScore).where(CreditScore.agency_id == world.organisation("agency").id)
    ).one()


def _next_night(time: Any) -> None:
    time.instant = workdays.add(time.instant, 1).replace(hour=2, minute=5)


def test_what_is_overdue_counts_by_its_lateness_so_far_and_costs_one_agency_a_night(
    world: World, time: Any
) -> None:
    contract, rules = _overdue(world, time), policy.current()
    refresh_every_score()
    first = _kept(world).score
    assert _line(world).evidence[0].value == worth(rules, 1), "late from its limit on, in its first day"
    scores = [first]
    for day in (1, 2, 3):
        _next_night(time)
        assert _kept(world).holds_until <= clock.now()
        refresh_every_score()
        row = _kept(world)
        assert row.computed_at == clock.now()
        computed = select(func.count()).select_from(CreditScore).where(CreditScore.computed_at == clock.now())
        assert db.session.scalar(computed) == 1, "nobody else's is reckoned"
        assert _line(world).evidence[0].value == pytest.approx(worth(rules, day))
        scores.append(row.score)
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < scores[0]
    newest = db.session.scalars(select(CreditHistory).order_by(CreditHistory.id.desc())).first()
    assert newest is not None
    assert newest.causes == [contract]
    before = _line(world).points
    time.instant = workdays.add(time.instant, 40)
    assert _line(world).points < before
    assert _line(world).evidence[0].holds_until is None, "it cannot become worse"
    refresh_every_score()
    assert _kept(world).holds_until is None
    assert refresh_every_score() is None


def test_what_ends_by_its_time_counts_no_longer_even_if_nobody_ended_it(world: World, time: Any) -> None:
    """The night reckons again what held until now, whatever becomes of the act that follows from the time."""
    world.settled(stars=5)
    record = cases.in_force(world, kind="unfair_terms", months=3)
    drain()
    before = _kept(world)
    assert before.holds_until == cases.found(record).ends_at
    low, time.instant = before.score, cases.found(record).ends_at
    refresh_every_score()
    assert _kept(world).score > low
    assert cases.found(record).state == "in_force", "its act is still to come"


def test_an_extension_changes_nothing_of_what_was_before_it(world: World, time: Any) -> None:
    contract = _overdue(world, time)
    time.instant = workdays.add(time.instant, 3)
    refresh_every_score()
    late_at, was = clock.now(), _kept(world).score
    time.instant += timedelta(hours=1)
    change = changing.propose(
        world.actor("agency"), contract, kind="extension", terms={"days": 10}, reason="双方同意延长工期"
    )
    changing.agree(world.actor("buyer"), change)
    drain()
    assert _line(world).evidence == (), "it has time again"
    time.instant += timedelta(hours=1)
    world.delivered(contract)
    drain()
    assert _line(world).good == 1
    key = world.organisation("agency").id
    then = score.of_agency(db.session, key, late_at).line("on_time")
    assert then is not None
    assert [each.facts["late_days"] for each in then.evidence] == [3]
    assert round(score.of_agency(db.session, key, late_at).score * 10) == was


def test_what_was_late_within_the_day_has_time_again_when_the_clocks_go_on(world: World, time: Any) -> None:
    """Its limit moves to 17:00 of the day on which they do; without it that day it is late, and counts."""
    contract = _overdue(world, time)
    time.instant += timedelta(minutes=10)
    dispute = disputing.file(world.actor("buyer"), contract, claim="对方迟迟不交成果,请求处理这件事")
    _told()
    paused_at, was = clock.now(), _kept(world).score
    time.instant = workdays.add(time.instant, 3).replace(hour=1, minute=0)
    disputing.withdraw(world.actor("buyer"), dispute)
    drain()
    db.session.rollback()
    deliverable = world.one(Deliverable, contract)
    assert clock.now() < deliverable.deliver_by
    assert (deliverable.state, deliverable.missed_at) == ("due", None)
    assert deliverable.due_at == deliverable.deliver_by
    assert _line(world).evidence == (), "it has time again"
    key = world.organisation("agency").id
    assert round(score.of_agency(db.session, key, paused_at).score * 10) == was
    time.instant = deliverable.deliver_by + timedelta(minutes=1)
    _told()
    assert world.one(Deliverable, contract).state == "late"
    scores = [_kept(world).score]
    for _day in range(2):
        assert _kept(world).holds_until is not None, "it becomes later by the day"
        _next_night(time)
        time.instant = workdays.add(time.instant, 1)
        refresh_every_score()
        scores.append(_kept(world).score)
    assert scores == sorted(set(scores), reverse=True), "worse by the day"


def test_every_past_score_is_reckoned_again_through_suspensions_extensions_and_another_preset(
    app: Flask, world: World, time: Any, preset: None
) -> None:
    world.settled(stars=4)
    time.instant += timedelta(days=1)
    record = cases.in_force(world, kind="scope")
    drain()
    for _again in range(2):
        time.instant += timedelta(days=10)
        records.suspend(
            world.actor("regulator"), record, reason="法院裁定破产重整", files=files("裁定书.pdf")
        )
        drain()
        time.instant += timedelta(days=10)
        records.resume(world.actor("regulator"), record, reason="重整计划执行完毕,恢复公示")
        drain()
    time.instant += timedelta(days=1)
    contract = _overdue(world, time)
    time.instant = workdays.add(time.instant, 2)
    refresh_every_score()
    change = changing.propose(
        world.actor("agency"), contract, kind="extension", terms={"days": 10}, reason="双方同意延长工期"
    )
    time.instant += timedelta(hours=1)
    changing.agree(world.actor("buyer"), change)
    drain()
    time.instant += timedelta(days=1)
    policy.choose("three_party")
    refresh_every_score()
    time.instant += timedelta(days=1)
    world.delivered(contract)
    drain()
    db.session.rollback()
    agency = world.organisation("agency")
    past = db.session.scalars(
        select(CreditHistory).where(CreditHistory.agency_id == agency.id).order_by(CreditHistory.id)
    ).all()
    last = {each.at: each for each in past}
    assert {each.policy_version.split("/")[0] for each in past} == {"standard", "three_party"}
    of_it = [each.score for each in last.values() if record in each.causes]
    assert len(of_it) == 5, "in force, and two times suspended and resumed"
    for at, each in last.items():
        again = score.of_agency(db.session, agency.id, at, policy.get(each.policy_version))
        assert (round(again.score * 10), again.grade) == (each.score, each.grade), at
    policy.choose("standard")
    told = app.test_cli_runner().invoke(args=["credit", "replay", agency.identifier])
    assert (told.exit_code, "equal" in told.output) == (0, True), told.output
    assert "by three_party/" in told.output


def test_a_record_weighs_what_its_subject_was_told_whatever_a_later_policy_says(world: World) -> None:
    record = cases.in_force(world)
    drain()
    db.session.rollback()
    of = CreditRecord.load(db.session, record)
    rules = policy.current()
    milder = replace(rules.kinds[of.kind], points=-1)
    for kinds in ({**rules.kinds, of.kind: milder}, {}):
        found = score.of_agency(
            db.session, of.subject_id, clock.now(), replace(rules, version="later", kinds=kinds)
        )
        line = found.line("records")
        assert line is not None
        assert [each.value for each in line.evidence] == [of.points]
        steps = score.raises(found, rules, clock.now())
        back = next(step for step in steps if step.params.get("case") == record)
        assert float(back.params["points"]) == pytest.approx(-of.points, abs=0.1)
