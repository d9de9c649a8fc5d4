"""Days that are holidays by law, before and after their year's notice."""

from __future__ import annotations

from datetime import date, datetime

import chinese_calendar
import pytest

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
