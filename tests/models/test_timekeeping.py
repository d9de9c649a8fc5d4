"""By which readings of a machine's clock it may be gone by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models import clock, timekeeping
from models.clock import Reading
from models.timekeeping import BOUND, JUMP, OUTAGE, Known
from tests.machine import MONTH


def test_this_machine_says_when_it_was_started() -> None:
    first, second = clock._of_this_machine(), clock._of_this_machine()
    assert (first.machine, first.boot) == (second.machine, second.boot)
    assert 0 <= second.up - first.up < 60
    assert isinstance(clock.synchronised(), bool)


instants = st.timedeltas(timedelta(0), timedelta(days=7_000)).map(
    lambda passed: datetime(2020, 1, 1, tzinfo=UTC) + passed
)
steps = st.timedeltas(timedelta(0), timedelta(days=400))


@given(start=instants, passed=steps, by=st.timedeltas(-MONTH * 12, MONTH * 12))
def test_a_clock_is_gone_by_exactly_while_it_agrees_with_the_seconds_that_passed(
    start: datetime, passed: timedelta, by: timedelta
) -> None:
    reading = Reading("m", "b", 100.0, start)
    later = Reading("m", "b", 100.0 + passed.total_seconds(), start + passed + by)
    found = timekeeping.doubt(Known.at(reading), later)
    allowed = BOUND + passed * timekeeping.DRIFT
    if abs(by) < allowed - timedelta(seconds=1):
        assert found is None
    elif abs(by) > allowed + timedelta(seconds=1):
        assert found is not None
        assert (found.why == JUMP) == (by > timedelta(0))
        assert abs(found.expected - (start + passed)) < timedelta(seconds=1)
        assert timekeeping.Doubt.read(found.kept()) == found


@given(before=instants, gap=st.timedeltas(-MONTH, MONTH))
def test_after_a_restart_no_reading_far_from_the_record_is_gone_by(before: datetime, gap: timedelta) -> None:
    reading = Reading("m", "b", 1.0, before + gap)
    found = timekeeping.doubt(Known.first(reading, before), reading)
    assert (found is None) == (-BOUND <= gap <= OUTAGE)
    assert timekeeping.doubt(Known.first(reading, None), reading) is None
    assert timekeeping.doubt(Known.first(reading, before), reading, outage=None) is None
