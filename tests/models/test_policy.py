"""The policy: every key named, every version whole, in effect by its day."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from models import clock, policy
from models.clock import BEIJING


def test_every_policy_key_has_a_name() -> None:
    for name, body in policy.current().sections().items():
        assert name in policy.SECTIONS
        assert {f"{name}.{key}" for key in body} <= set(policy.KEYS)


def test_the_newest_version_in_effect_counts_from_its_own_day() -> None:
    newest, before = policy.versions()[:2]
    assert newest.effective_from > before.effective_from
    day = newest.effective_from
    with clock.at(datetime(day.year, day.month, day.day, tzinfo=BEIJING)):
        assert policy.current() is newest
    with clock.at(datetime(day.year, day.month, day.day, tzinfo=BEIJING) - timedelta(seconds=1)):
        assert policy.current() is before


def test_a_version_we_never_had_is_a_mistake() -> None:
    assert all(policy.get(each.version) is each for each in policy.versions())
    with pytest.raises(KeyError):
        policy.get("1999-01")
    with pytest.raises(KeyError):
        policy.current().number("credit.nothing")


def test_rates_are_exact() -> None:
    made = policy.Policy("x", policy.current().effective_from, "x", {"a": {"rate": 0.1, "days": [1, 2]}})
    assert made.rate("a.rate") == Fraction(1, 10)
    assert made.numbers("a.days") == [1, 2]


def test_what_an_older_version_does_not_name_is_as_it_was_then() -> None:
    filled = policy._over({"a": {"one": 1, "two": 2}, "b": 3}, {"a": {"two": 5}})
    assert filled == {"a": {"one": 1, "two": 5}, "b": 3}


@pytest.mark.parametrize("version", [each.version for each in policy.versions()])
def test_every_version_has_every_key(version: str) -> None:
    for key in policy.KEYS:
        assert policy.get(version)._value(key) is not None
