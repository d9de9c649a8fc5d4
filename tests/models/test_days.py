"""Days, terms and moments as people and registers write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import days
from models.agencies.register import term_end
from models.clock import BEIJING
from models.errors import RuleViolation


@pytest.mark.parametrize(
    "text",
    [
        "2038-05-01",
        "2038/5/1",
        "2038.5.1",
        "2038年5月1日",
        "２０３８年０５月０１日",
        "20380501",
        "2018-05-01至2038-05-01",
        "自2018年5月1日至2038年5月1日",
        "2018/5/1 - 2038/5/1",
        "2038-05-01 00:00:00",
        "2038/5/1 0:00",
        "2038-04-30T16:00:00Z",
        "2038-05-01T23:00:00+08:00",
        "50526",
        "2018-05-01-2038-05-01",
        "2018.05.01-2038.05.01",
        "2018年05月01日-2038年05月01日",
        "20180501-20380501",
        "2018.5.1--2038.5.1",
        "自2018-05-01起至2038-05-01止",
        "2038-05-01止",
        "2018-05-01/2038-05-01",
        "2018-05-01—2038-05-01",
        "有效期至2038-05-01",
        "营业期限：2018-5-1～2038-5-1",
        "2038-05-01（含）",
        "2038-5-1 12:00:00 AM",
        "从2018-05-01到2038-05-01",
        "长期（至2038-05-01）",
    ],
)
def test_a_last_day_is_read_in_every_usual_form(text: str) -> None:
    assert days.end(text) == date(2038, 5, 1)


@pytest.mark.parametrize(
    "text",
    [
        "20年",
        "2018-05-01起20年",
        "自成立之日起20年",
        "5/1/2038",
        "2038年5月",
        "看执照",
        "已无效",
        "今年年底",
        "至今年年底",
        "长期停业",
        "永久关闭",
        "长期未经营",
        "长期（20年）",
        "无照经营",
    ],
)
def test_a_term_whose_last_day_is_not_told_says_what_to_write(text: str) -> None:
    with pytest.raises(RuleViolation, match="最后一天") as refused:
        term_end(text, "licence_until")
    assert refused.value.field == "licence_until"


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("2026-12-01T01:00:00z", 9, 0),
        ("2026-12-01t09:00", 9, 0),
        ("2026/12/01 09:00", 9, 0),
        ("2026.12.1 9:05", 9, 5),
        ("2026年12月1日 9时", 9, 0),
        ("2026年12月1日9时30分", 9, 30),
        ("2026年12月1日上午9点", 9, 0),
        ("2026年12月1日下午3点半", 15, 30),
        ("2026年12月1日下午15:30", 15, 30),
        ("2026-12-01 晚上8:00", 20, 0),
        ("2026-12-01 01:00 UTC", 9, 0),
        ("2026-11-30T24:00", 0, 0),
        ("２０２６－１２－０１ ０９：００", 9, 0),
        ("2026-12-01T09:00:00−08:00", 25, 0),
        ("20261201T010000Z", 9, 0),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, hour: int, minute: int) -> None:
    assert days.instant(text) == datetime(2026, 12, 1, tzinfo=BEIJING) + timedelta(hours=hour, minutes=minute)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01",
        "20261201",
        "2026年12月1日",
        "2026-W49-2",
        "2026年12月1日上午12点",
        "2026年12月1日晚上12点",
        "2026-12-01T24:01",
        "2026-12-01 25:00",
        "2026-12-109:00",
        "2026-12-01 09:00-10:00",
        "2026年12月1日9:00-17:00",
        "2026-12-01 9:00－9:30",
        "2026-12-01 0900-1000",
        "2026-12-01T09:00-17:00",
        "2026-12-01T09:00+15:00",
    ],
)
def test_a_day_alone_or_an_hour_people_mean_either_way_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        days.instant(text)


@given(st.text(max_size=30))
def test_what_is_no_day_is_a_value_error_and_nothing_else(text: str) -> None:
    for read in (days.day, days.end, days.instant):
        try:
            read(text)
        except ValueError:
            continue


@given(st.timedeltas(timedelta(0), timedelta(days=50_000)), st.integers(-12 * 60, 14 * 60))
def test_a_moment_with_an_offset_is_that_instant(after: timedelta, minutes: int) -> None:
    moment = datetime(1950, 1, 1, tzinfo=BEIJING) + after
    told = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert days.instant(told.isoformat()) == told
    assert days.instant(moment.replace(tzinfo=None).isoformat()) == moment


@pytest.mark.parametrize("text", ["0001-01-01", "1900-12-31", "2101-01-01", "9999-12-31", "00010101"])
def test_a_day_that_is_not_of_our_time_is_no_day_and_ends_no_term(text: str) -> None:
    with pytest.raises(days.Unlikely):
        days.day(text)
    assert days.end(text) is None
