"""Days and instants as people and registers write them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from models import spelling
from models.clock import BEIJING
from models.i18n import N_

_DATE = r"[0-9]{4} ?[-/.年] ?[0-9]{1,2} ?[-/.月] ?[0-9]{1,2} ?[日号]?|[0-9]{8}"
_DAY = re.compile(rf"({_DATE})(?:[ T]?[0-9]{{1,2}}[:时点][0-9:.分秒]*(?: ?[AP]M)?)?")
_CLOCK = r"([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2}(?:\.[0-9]+)?))?|[时点](?: ?([0-9]{1,2}|半) ?分?)?)"
_MOMENT = re.compile(
    rf"({_DATE})(?:(?<=[日号])| ?T ?| +|(?=[上早凌下傍晚]))"
    rf"(上午|早上|凌晨|下午|傍晚|晚上)? ?{_CLOCK} ?(Z|UTC|[+-][0-9:]+)?"
)
_LEAST, _MOST = (
    timedelta(hours=-12),
    timedelta(hours=14),
)  # the offsets there are; who writes `09:00-10:00` behind a blank, without seconds, means until ten
_SERIAL = re.compile(r"([2-6][0-9]{4}|7[0-3][0-9]{3})(?:\.[0-9]+)?")  # a spreadsheet's own, 1954 to 2102
_SINCE = date(1899, 12, 30)
# What stands before a term's last day: its first one, and a word or a dash that leads on.
_BEFORE = re.compile(rf".*(?:至|到|起)|[^0-9]*(?:{_DATE}) *[-~〜∼—–―/]+|[^0-9]*[::]", re.DOTALL)
_BEHIND = re.compile(r"(?:截?止|\([^()]*\)|[\s。,;\"'“”])+$")
_TERM = "(?:营业|经营|存续|合伙|有效|证书|执照)*(?:期限|期间|期|时间)?"
_ENDLESS = re.compile(
    rf"{_TERM}[为是:]?(?:永久|永续|永远|永|长期|长久|终身|今|暂?无(?:固定|限制|限|约定|规定|确定)?|没有(?:固定|限制|约定|规定)?|[不未](?:限定|限制|限|约定|定|设|规定|明确|确定|详|知|填写|填|适用))"
    rf"{_TERM}(?:有效|使用|经营|存续)?|[0年月日/.-]+|null|none|nil|nan|n/?a"
)
_AROUND = " \"'“”‘’[]-/*—–.~:,;。、"
_YEARS = range(
    1901, 2101
)  # what a register has outside of them stands for nothing, or for no end: 1900-01-01, 9999-12-31


def instant(text: str) -> datetime:
    """A moment, as ISO 8601 or people write it (`2026年12月1日下午3点半`, `2026/12/1 24:00`).

    With an offset (`…Z`, `+09:00`) that very instant, without one Beijing's clock. ValueError for none, and
    for a day alone: when on it is not told.
    """
    said = spelling.reference(text).strip()
    try:
        told = _moment(said)
        offset = told.utcoffset() or timedelta(0)
        if not _LEAST <= offset <= _MOST or (
            offset < timedelta(0) and not re.search("[0-9]T[0-9]|[0-9]:[0-9]+:[0-9]", said)
        ):
            raise ValueError(f"no offset of a place, or a range of times: {text[:40]!r}")
        return (told if told.tzinfo else told.replace(tzinfo=BEIJING)).astimezone(BEIJING)
    except OverflowError as error:
        raise ValueError(f"not in our calendar: {text[:40]!r}") from error


def _moment(said: str) -> datetime:
    """A moment with its offset, if one is told; ValueError for none."""
    found = _MOMENT.fullmatch(said)
    if found is None:
        if not re.search("[T ]", said):
            raise ValueError(f"no time of day: {said[:40]!r}")
        return datetime.fromisoformat(said)
    on, half, hour, minute, second, also, zone = found.groups()
    at = _of_the_day(int(hour), half)
    past = 30 if also == "半" else int(minute or also or 0)
    midnight = (
        at == 24 and not past and not float(second or 0)
    )  # the end of a day is the beginning of the next
    clock = f"{0 if midnight else at:02}:{past:02}:{second or '00':0>2}{(zone or '').replace('UTC', 'Z')}"
    return datetime.fromisoformat(f"{_date(on).isoformat()}T{clock}") + timedelta(days=int(midnight))


def _of_the_day(hour: int, half: str | None) -> int:
    """The hour of 24 of one that may be told within a half of the day.

    ValueError for the twelfth, which people mean either way.
    """
    if half is None or (half in "下午傍晚晚上" and hour > 12):
        return hour
    if hour > 11:
        raise ValueError(f"which hour: {half}{hour}")
    return hour + 12 if half in "下午傍晚晚上" else hour


def _date(said: str) -> date:
    """The day in a text of `_DATE`."""
    year, month, last = (said[:4], said[4:6], said[6:]) if said.isdecimal() else re.findall("[0-9]+", said)
    return date(int(year), int(month), int(last))


class Unlikely(ValueError):
    """A day of the calendar, and none of our time: 0001-01-01, 9999-12-31."""


UNLIKELY = N_("“%(said)s”不像真的日期:年份应在 1901 到 2100 之间。")


def of_our_time(found: date) -> bool:
    return found.year in _YEARS


def day(text: str) -> date:
    """A day: `2038-05-01`, `2038/5/1`, `2038.5.1`, `2038年5月1日`, `20380501`, a spreadsheet's number.

    Of an instant with an offset the day it is in Beijing. ValueError for none, Unlikely for one that is not
    of our time.
    """
    found = _day(text)
    if not of_our_time(found):
        raise Unlikely(f"not a day of our time: {found}")
    return found


def _day(text: str) -> date:
    said = spelling.reference(text).strip()
    if re.search(r"[0-9:](?:Z|[+-][0-9]{2}:?[0-9]{2})$", said) and "T" in said:
        return instant(said).date()
    found = _DAY.fullmatch(said)
    if found:
        return _date(found[1])
    serial = _SERIAL.fullmatch(said)
    if serial is None:
        raise ValueError(f"not a day: {text[:40]!r}")
    return _SINCE + timedelta(days=int(serial[1]))


def end(text: str) -> date | None:
    """The last day of a term as registers write it, the later one where they write both.

    None for a term without end (永久, 长期, 9999-12-31) and where none is told (2018-05-01至). ValueError for
    what is neither, like a length without its first day (20年).
    """
    told = spelling.register_words(text[:200])
    said = _BEHIND.sub("", told)
    try:
        last = _day(said)
    except ValueError:
        left = said[found.end() :].strip() if (found := _BEFORE.match(said)) else said
        word = re.sub(r"\s", "", left).strip(_AROUND)
        if not word or _ENDLESS.fullmatch(word):
            remark = told[len(said) :]
            return end(re.sub("[()]", " ", remark)) if re.search("[1-9]", remark) else None
        last = _day(left)
    return last if of_our_time(last) else None
