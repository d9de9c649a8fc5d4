"""By quarter, in Beijing's time: what was submitted, in time or not, and passed at once or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from harness.factories import World
from market.contracts.actions import changing
from market.extensions import db
from market.jobs import drain, run_deadlines
from models import clock, workdays
from models.clock import BEIJING
from models.contracts.deliverables import Deliverable
from models.credit.deliveries import delivered
from models.credit.trend import quarters


def _at(year: int, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=BEIJING)


def test_the_last_quarters_up_to_this_one(world: World) -> None:
    agency = world.organisation("agency").id
    with clock.at(_at(2026, 3, 31, 23)):
        assert [each.name for each in quarters(db.session, agency, 5)] == [
            "2025Q1",
            "2025Q2",
            "2025Q3",
            "2025Q4",
            "2026Q1",
        ]
    with clock.at(_at(2026, 4, 1, 0)):
        assert [each.name for each in quarters(db.session, agency, 2)] == ["2026Q1", "2026Q2"]


def test_nothing_to_count_is_no_rate(world: World) -> None:
    found = quarters(db.session, world.organisation("agency").id)
    assert len(found) == 8
    assert {(each.submitted, each.on_time, each.first_pass) for each in found} == {(0, None, None)}


def test_a_report_counts_where_it_was_submitted_and_where_it_was_decided(world: World, time: Any) -> None:
    world.settled()
    agency = world.organisation("agency").id
    (now,) = quarters(db.session, agency, 1)
    assert now.name == "2026Q1"
    assert (now.submitted, now.in_time, now.on_time) == (1, 1, 1.0)
    assert (now.reviewed, now.passed_first, now.first_pass) == (1, 1, 1.0)
    assert quarters(db.session, world.organisation("second").id, 1)[0].submitted == 0
    db.session.rollback()
    time.instant = _at(2028, 4, 1)
    assert all(each.submitted == each.reviewed == 0 for each in quarters(db.session, agency)), "out of sight"


@pytest.mark.parametrize("late", [False, True])
def test_what_came_and_was_never_reviewed_is_in_no_rate_of_reviews_however_its_contract_ends(
    world: World, time: Any, late: bool
) -> None:
    contract = world.started()
    world.supplied(contract)
    if late:
        time.instant = world.one(Deliverable, contract).deliver_by + timedelta(minutes=1)
        run_deadlines()
        time.instant += timedelta(minutes=1)
    world.delivered(contract)
    missed_at = world.one(Deliverable, contract).missed_at
    assert (missed_at is not None) == late
    time.instant += timedelta(days=1)
    changing.give_notice(world.actor("buyer"), contract, reason="对方经催告仍不履行主要义务")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    drain()
    deliverable, agency = world.one(Deliverable, contract), world.organisation("agency").id
    assert (deliverable.state, deliverable.missed_at) == ("cancelled", missed_at)
    assert deliverable.first_pass is None
    (counted,) = delivered(db.session, [agency], clock.now())
    assert (counted.first_pass, counted.in_time) == (None, not late)
    shown = quarters(db.session, agency)
    assert sum(each.submitted for each in shown) == 1
    assert sum(each.in_time for each in shown) == (not late)
    assert sum(each.reviewed for each in shown) == 0
