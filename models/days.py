"""Days and instants as people and registers write them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from models import spelling
from models.clock import BEIJING

_DAY = re.compile(r"([0-9]{4}) ?[-/.年] ?([0-9]{1,2}) ?[-/.月] ?([0-9]{1,2}) ?日?(?:[ T]?[0-9]{1,2}[:时][0-9:.分秒]*)?")
_TIGHT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_SERIAL = re.compile(r"([2-6][0-9]{4}|7[0-3][0-9]{3})(?:\.[0-9]+)?")  # a spreadsheet's own, 1954 to 2102
_SINCE = date(1899, 12, 30)
_TO = re.compile("至|到|~|〜|—+|–| -+ ")
_ENDLESS = re.compile("(?:永|长期|长久|无|不约定|不定期|终身|[-/*]|0000|$)")
_YEARS = range(1901, 2101)  # what a register has outside of them stands for nothing, or for no end: 1900-01-01, 9999-12-31


def instant(text: str) -> datetime:
    """A moment as ISO 8601 writes it: with an offset (`…Z`, `+09:00`) that very instant, without one Beijing's clock. ValueError for none."""
    told = datetime.fromisoformat(spelling.plain(text).strip())
    try:
        return (told if told.tzinfo else told.replace(tzinfo=BEIJING)).astimezone(BEIJING)
    except OverflowError as error:
        raise ValueError(f"not in our calendar: {text[:40]!r}") from error


def day(text: str) -> date:
    """A day: `2038-05-01`, `2038/5/1`, `2038.5.1`, `2038年5月1日`, `20380501`, a spreadsheet's number; of an instant with an offset the day it is
    in Beijing. ValueError for none."""
    said = spelling.plain(text).strip()
    if re.search(r"[0-9:](?:Z|[+-][0-9]{2}:?[0-9]{2})$", said) and "T" in said:
        return instant(said).date()
    found = _DAY.fullmatch(said) or _TIGHT.fullmatch(said)
    if found:
        return date(*map(int, found.groups()))
    serial = _SERIAL.fullmatch(said)
    if serial is None:
        raise ValueError(f"not a day: {text[:40]!r}")
    return _SINCE + timedelta(days=int(serial[1]))


def end(text: str) -> date | None:
    """The last day of a term as registers write it, the later one where they write both; None for a term without end (永久, 长期,
    9999-12-31) and where none is told. ValueError for what is neither."""
    said = [part.strip() for part in _TO.split(spelling.plain(text)) if part.strip()]
    if not said or _ENDLESS.match(said[-1]):
        return None
    last = day(said[-1])
    return last if last.year in _YEARS else None
