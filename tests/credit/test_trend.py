"""By quarter, in Beijing's time: what was submitted, in time or not, and passed at once or not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from harness.factories import World
from market.extensions import db
from models import clock
from models.clock import BEIJING
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
