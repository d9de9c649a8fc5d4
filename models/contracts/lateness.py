"""What it is to be in time, and how late something is: the one rule for pages, figures and scores."""

from __future__ import annotations

from datetime import datetime

from models import clock, workdays
from models.base import Json


def came_in_time(came: datetime, limit: datetime) -> bool:
    """Whether what came at an instant came in time: the one rule, for every page, figure, score and penalty.

    A limit ends with its last working day, when business does (民法典 203): at 17:00, the instant that both
    parties read on the contract and at which it is told to be overdue. What comes after is late, be it the
    same evening.
    """
    return came <= limit


def days_late(limit: datetime, at: datetime) -> int:
    """How late that is at an instant: working days that have begun since the day of the limit.

    The contract charges by these. What is late by none of them yet is late all the same.
    """
    return max(0, workdays.between(limit, at))


def as_stood(deliver_by: datetime, missed_at: datetime | None, paused_at: datetime | None) -> Json:
    """How a limit stood `until` now, its instants as ISO 8601."""
    stood = {"until": clock.now(), "deliver_by": deliver_by, "missed_at": missed_at, "paused_at": paused_at}
    return {name: at and at.isoformat() for name, at in stood.items()}
