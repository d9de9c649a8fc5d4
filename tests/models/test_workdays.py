"""Days that are holidays by law, before and after their year's notice."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import workdays
from models.clock import BEIJING


@pytest.mark.parametrize(
    "day",
    [
        "2027-01-01",
        "2027-02-05",
        "2027-02-06",
        "2027-02-07",
        "2027-02-08",
        "2027-04-05",
        "2027-05-01",
        "2027-05-02",
        "2027-06-09",
        "2027-09-15",
        "2027-10-01",
        "2028-01-25",
        "2028-01-28",
    ],
)
def test_statutory_days_are_holidays_before_their_years_notice(day: str) -> None:
    assert not workdays.is_workday(date.fromisoformat(day))
    assert workdays.provisional(date.fromisoformat(day))


def test_the_days_beside_them_are_not_and_a_published_year_is_not_provisional() -> None:
    assert workdays.is_workday(date(2027, 2, 9))
    assert workdays.is_workday(date(2027, 2, 4))
    assert not workdays.provisional(date(2026, 12, 31))
    assert len({day for day in workdays._festive() if day.month < 3}) == 4 * 30


def test_a_notice_makes_no_limit_shorter_that_was_set_before(monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2027, 2, 1, 9, tzinfo=BEIJING)
    before = workdays.add(start, 5)
    assert before.date() == date(2027, 2, 10)
    made_up = {date(2027, 2, 6), date(2027, 2, 7)}
    monkeypatch.setattr(
        chinese_calendar, "is_workday", lambda day: day in made_up or (day.weekday() < 5 and day.month != 12)
    )
    workdays.is_workday.cache_clear()
    try:
        assert workdays.add(start, 5) < before, (
            "reckoned again it would be: so what was set is kept as an instant"
        )
    finally:
        monkeypatch.undo()
        workdays.is_workday.cache_clear()


moments = st.integers(0, 880 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=BEIJING) + timedelta(minutes=minutes)
)


@given(start=moments, days=st.integers(0, 40))
def test_working_days_count_back_what_they_added(start: datetime, days: int) -> None:
    end = workdays.add(start, days)
    assert workdays.between(start, end) == days
    assert end >= start
    if days:
        assert workdays.is_workday(end.astimezone(BEIJING).date())
        assert end.astimezone(BEIJING).time() == workdays.CLOSE_OF_BUSINESS


def test_holidays_and_make_up_saturdays_are_known() -> None:
    assert not workdays.is_workday(date(2026, 2, 17))  # 春节
    assert not workdays.is_workday(date(2026, 10, 1))
    assert workdays.is_workday(date(2026, 2, 14))  # a Saturday made up for it
    assert not workdays.is_workday(date(2031, 10, 1))  # a year not published yet
    with pytest.raises(ValueError, match="negative"):
        workdays.add(datetime.now(BEIJING), -1)


@given(end=moments, days=st.integers(0, 40))
def test_so_many_working_days_before_an_instant_lie_between(end: datetime, days: int) -> None:
    begin = workdays.back(end, days)
    assert workdays.between(begin, end) == days
    assert begin.astimezone(BEIJING).time() == end.astimezone(BEIJING).time()


@given(one=moments, other=moments)
def test_counting_backwards_is_the_same_with_the_other_sign(one: datetime, other: datetime) -> None:
    assert workdays.between(one, other) == -workdays.between(other, one)


def test_a_limit_ends_at_the_close_of_business_of_its_last_working_day() -> None:
    """民法典 201: the day of its start does not count.

    Over the spring festival of 2026 it is the calendar the State Council published: off from 15 to 23
    February, at work on Saturdays the 14th and 28th.
    """
    start = datetime(2026, 2, 13, 23, 0, tzinfo=BEIJING)  # a Friday
    ends = [workdays.add(start, days).date() for days in (1, 2, 5, 6)]
    assert ends == [date(2026, 2, 14), date(2026, 2, 24), date(2026, 2, 27), date(2026, 2, 28)]
    assert workdays.add(start, 1).timetz() == time(17, 0, tzinfo=BEIJING)
    assert workdays.add(start, 0) == start


def test_days_after_the_last_published_notice_are_provisional() -> None:
    assert not workdays.provisional(date(2026, 12, 31))
    assert workdays.provisional(date(2031, 1, 1))
    assert not workdays.is_workday(date(2031, 1, 23)), "the spring festival follows the moon, not the notice"
