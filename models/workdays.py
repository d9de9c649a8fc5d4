"""Working days: the calendar in which every time limit runs.

The State Council publishes next year's holidays each November; `chinesecalendar` carries them as
published. For a year not published yet, Monday to Friday count, less the holidays whose date is
fixed by 全国年节及纪念日放假办法 (1 January, 1-2 May, 1-3 October); a limit that reaches into
such a year may still move by a few days.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache

import chinese_calendar

from models.clock import BEIJING

_FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
CLOSE_OF_BUSINESS = time(17, 0)


@cache
def is_workday(day: date) -> bool:
    """Whether people work in China on this day, make-up Saturdays included."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5 and (day.month, day.day) not in _FIXED


def add(start: datetime, days: int) -> datetime:
    """The end of a limit of `days` working days that starts at `start`.

    The day of `start` does not count (民法典 article 201); the limit ends at 17:00 Beijing time
    on its last working day. `days` of 0 ends the limit at once. Raises ValueError below 0.
    """
    if days < 0:
        raise ValueError("a limit cannot be negative")
    if days == 0:
        return start
    day = start.astimezone(BEIJING).date()
    while days:
        day += timedelta(days=1)
        days -= is_workday(day)
    return datetime.combine(day, CLOSE_OF_BUSINESS, BEIJING)


def between(start: datetime, end: datetime) -> int:
    """How many working days lie after the day of `start` up to and with the day of `end`.

    Negative when `end` comes first. `between(t, add(t, n)) == n` for every n.
    """
    if end < start:
        return -between(end, start)
    day, last = start.astimezone(BEIJING).date(), end.astimezone(BEIJING).date()
    count = 0
    while day < last:
        day += timedelta(days=1)
        count += is_workday(day)
    return count
