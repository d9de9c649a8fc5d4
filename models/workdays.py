"""Working days: the calendar in which every time limit runs.

The State Council publishes next year's holidays each November; `chinesecalendar` carries them as published.
For a year without its notice Monday to Friday count, less the days that are holidays by law
(全国年节及纪念日放假办法, 国务院令第795号, article 2): those by the sun, and those by the lunar calendar,
whose days stand in `data/festivals.csv` (农历正月初一, 清明, 五月初五, 八月十五 as GB/T 33661 reckons them).
Which working days make up for what falls on a weekend only the notice says; until then a limit that reaches
into such a year is provisional. Limits are kept as instants: no later notice makes one shorter.
"""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar

from models.clock import BEIJING

FESTIVALS = Path(__file__).parent / "data" / "festivals.csv"
_FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
# Per festival how many days after its own day are holidays: 除夕 to 正月初三, the others alone.
_LASTS = {
    "spring_festival": range(-1, 3),
    "qingming": range(1),
    "dragon_boat": range(1),
    "mid_autumn": range(1),
}
CLOSE_OF_BUSINESS = time(17, 0)


@cache
def is_workday(day: date) -> bool:
    """Whether people work in China on this day, make-up Saturdays included."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5 and (day.month, day.day) not in _FIXED and day not in _festive()


@cache
def _festive() -> frozenset[date]:
    """The days that are holidays by law and by the lunar calendar, as far as the table goes."""
    with FESTIVALS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    own = [
        (date.fromisoformat(f"{row['year']}-{row[name]}"), after)
        for row in rows
        for name, after in _LASTS.items()
    ]
    return frozenset(day + timedelta(days=n) for day, after in own for n in after)


def provisional(day: date) -> bool:
    """Whether the notice of this day's year is not out.

    Days of it may still become holidays or working days.
    """
    return bool(day.year > max(chinese_calendar.holidays).year)


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


def back(end: datetime, days: int) -> datetime:
    """The same time of day so many working days before `end`: `between(back(t, n), t) == n`."""
    day = end.astimezone(BEIJING).date()
    while days:
        days -= is_workday(day)
        day -= timedelta(days=1)
    return datetime.combine(day, end.astimezone(BEIJING).timetz().replace(tzinfo=None), BEIJING)


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
