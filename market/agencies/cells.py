"""The cells of a row somebody hands in: each read by itself, and what cannot be is noted, all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import ParamSpec, TypeVar

from models import batches, days, money, numbers
from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_

P = ParamSpec("P")
T = TypeVar("T")


class Findings:
    """What is wrong with a row."""

    def __init__(self) -> None:
        self.problems: list[Json] = []

    def read(self, reading: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What `reading` gives; None, with the problem noted, where it raises RuleViolation."""
        try:
            return reading(*args, **kwargs)
        except RuleViolation as problem:
            self.note(problem)
            return None

    def note(self, problem: RuleViolation) -> None:
        self.problems.append(batches.serialize_problem(problem))


def day(text: str, field: str) -> date | None:
    """A day, None for nothing; RuleViolation at its field."""
    try:
        return days.day(text) if text else None
    except days.Unlikely as error:
        raise RuleViolation(days.UNLIKELY, field, said=text[:30]) from error
    except ValueError as error:
        raise RuleViolation(N_("请填写日期,例如 2026-12-01。"), field) from error


def sum_in_fen(text: str, field: str) -> int | None:
    """A sum in yuan as fen, None for nothing; RuleViolation at its field."""
    try:
        return money.parse(text) if text else None
    except ValueError as error:
        raise numbers.refused(error, money.HOW, field) from error


def working_days(text: str, field: str) -> int:
    """A number of working days; RuleViolation at its field for what is none, or counts something else."""
    try:
        return numbers.whole(text, numbers.WORKING_DAYS)
    except ValueError as error:
        raise numbers.refused(error, numbers.WORKING_DAYS.how, field) from error


def one_of(text: str, known: Mapping[str, str], field: str) -> str:
    """The key of a choice written as its key or as its label; RuleViolation at its field."""
    found = next((key for key, label in known.items() if text in (key, label)), None)
    if found is None:
        raise RuleViolation(N_("“%(value)s”不在可选范围内。"), field, value=text[:30])
    return found
