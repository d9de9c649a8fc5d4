"""Whose hands a matter lies in: the rule by hand, and that no time is lost or counted twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from harness.factories import World
from market.contracts.actions import delivering
from market.extensions import db
from market.jobs import drain
from market.transaction import transaction
from models import CASES, events
from models.contracts.agreement import Contract
from models.oversight.figures import EVERY_ITEM, Figure
from models.oversight.permit_times import AWAITED, HANDS, TOTAL, PermitTime, Step, awaited, reckon
from models.regions import NATION, above

BEGAN = datetime(2026, 3, 2, 1, tzinfo=UTC)
TENDER, AWARD, CONTRACT = ("tender", "Q-1"), ("award", "W-1"), ("contract", "C-1")
MATERIALS, REPORT = ("materials", "N-1"), ("deliverable", "V-1")


def steps(*told: tuple[float, tuple[str, str], str]) -> list[Step]:
    """Steps by the day on which each happened."""
    return [Step(BEGAN + timedelta(days=day), *case, state) for day, case, state in told]


A_PERMIT = steps(
    (-3, TENDER, "draft"),
    (0, TENDER, "published"),
    (3, TENDER, "evaluated"),
    (4, TENDER, "awarded"),
    (4, AWARD, "proposed"),
    (7, AWARD, "final"),
    (7, CONTRACT, "drafted"),
    (7, TENDER, "contracted"),
    (8, CONTRACT, "buyer_agreed"),
    (10, CONTRACT, "signed"),
    (11, CONTRACT, "active"),
    (11, MATERIALS, "due"),
    (13, MATERIALS, "supplied"),
    (14, MATERIALS, "complete"),
    (14, REPORT, "due"),
    (24, REPORT, "submitted"),
    (25, REPORT, "accepted"),
    (35, REPORT, "sent_back"),
    (38, REPORT, "submitted"),
    (38.5, REPORT, "accepted"),
    (40, REPORT, "passed"),
    (50, CONTRACT, "completed"),
)


def test_each_days_hands_by_hand() -> None:
    found = reckon(A_PERMIT)
    assert found is not None
    days = {hand: seconds / 86_400 for hand, seconds in found.held.items() if seconds}
    assert days == {
        "notice": 3 + 3,
        "both": 1,
        "buyer": 1 + 1 + 2 + 1 + 0.5,
        "agency": 2 + 1 + 10 + 3,
        "department": 10 + 1.5,
    }
    assert (found.began_at, found.ended_at) == (BEGAN, BEGAN + timedelta(days=40))
    assert found.hand is None, "what follows the accepted report is money"


def test_one_that_is_under_way_says_who_has_it_since_when() -> None:
    found = reckon(A_PERMIT[:-4])
    assert found is not None
    assert (found.hand, found.since, found.ended_at) == ("agency", BEGAN + timedelta(days=35), None)


@pytest.mark.parametrize("state", ["terminated", "disputed"])
def test_one_that_did_not_end_with_a_report_is_not_over(state: str) -> None:
    found = reckon([*A_PERMIT[:-1], *steps((45, CONTRACT, state))])
    assert found is not None
    assert found.ended_at is None


def test_a_draft_is_nobodys_matter() -> None:
    assert reckon(A_PERMIT[:1]) is None


def test_every_state_that_waits_for_somebody_has_somebodys_hands() -> None:
    for kind, hands in AWAITED.items():
        workflow = CASES[kind].workflow
        waiting = {name for name, state in workflow.states.items() if not state.terminal}
        nobody = {"draft"} | ({"active"} if kind == "contract" else set())
        assert set(hands) | nobody >= waiting, kind
        assert set(hands) <= set(workflow.states), kind
        assert set(hands.values()) <= set(HANDS)


states = st.sampled_from(
    [
        (kind, state)
        for kind in ("tender", "award", "contract", "materials", "deliverable")
        for state in CASES[kind].workflow.states
    ]
)


@given(st.lists(st.tuples(st.integers(0, 1_000), states), max_size=30))
def test_no_time_is_lost_or_counted_twice(drawn: list[tuple[int, tuple[str, str]]]) -> None:
    """Whatever happens in whatever order: the hands' times are the time somebody had it, no more."""
    told, at = [], BEGAN
    for gap, (kind, state) in drawn:
        at += timedelta(minutes=gap)
        told.append(Step(at, kind, f"{kind}-1", state))
    found = reckon(told)
    standing: dict[Any, str] = {}
    expected = 0.0
    for step, following in zip_longest(told, told[1:]):
        standing[step.case_type, step.identifier] = step.state
        if following is not None and awaited(standing):
            expected += (following.at - step.at).total_seconds()
    assert (sum(found.held.values()) if found else 0) == expected


def _figures(region: str = NATION) -> dict[tuple[str, str, str], tuple[int, int]]:
    db.session.rollback()
    return {
        (each.measure, each.item_code, each.month): (each.number, each.total)
        for each in db.session.scalars(
            select(Figure).where(Figure.region_code == region, Figure.measure.startswith(TOTAL))
        )
        if each.number or each.total
    }


def _settled(world: World, time: Any) -> str:
    """A contract settled, with an hour between any two steps of its last part."""
    contract = world.started()
    time.instant += timedelta(hours=1)
    world.supplied(contract)
    time.instant += timedelta(hours=5)
    report = world.delivered(contract)
    time.instant += timedelta(hours=2)
    world.accepted(report)
    time.instant += timedelta(hours=3)
    delivering.pass_review(world.actor("department"), report)
    time.instant += timedelta(hours=4)
    world.paid(contract, "settlement")
    drain()
    db.session.rollback()
    return contract


def test_what_is_over_is_counted_once_however_often_it_is_read(world: World, time: Any) -> None:
    contract = _settled(world, time)
    kept = db.session.scalars(select(PermitTime)).one()
    assert kept.ended_at is not None
    assert [kept.buyer, kept.agency, kept.department, kept.whole] == [3 * 3600, 5 * 3600, 3 * 3600, 11 * 3600]
    once, place = _figures(), kept.region_code
    for region in (*above(place), NATION):
        assert _figures(region) == once
    for item in (kept.item_code, EVERY_ITEM):
        assert once[TOTAL, item, "2026-03"] == (1, kept.whole)
        hands = [total for (measure, of, _m), (_n, total) in once.items() if of == item and measure != TOTAL]
        assert sum(hands) == kept.whole
    with transaction() as session:
        events.rewind(session, "permit times")
    drain()
    assert _figures() == once, "read again from the beginning"
    with transaction() as session:
        session.execute(update(Contract).values(region_code="630102"))
        events.rewind(session, "permit times")
    drain()
    assert not _figures(place), contract
    assert _figures("630102") == _figures("630100") == _figures() == once, "moved, and counted once"


def test_one_under_way_counts_in_no_figure(world: World, time: Any) -> None:
    started = world.started()
    drain()
    db.session.rollback()
    kept = db.session.scalars(select(PermitTime)).one()
    assert (kept.hand, kept.ended_at) == ("buyer", None), "the buyer owes its materials"
    assert _figures() == {}
    before = kept.until(time.instant)["buyer"]
    assert kept.until(time.instant + timedelta(days=2))["buyer"] == before + 2 * 86_400
    world.supplied(started)
    drain()
    db.session.rollback()
    assert db.session.scalars(select(PermitTime.hand)).one() == "agency"
