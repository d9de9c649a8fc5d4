"""An agency's deliverables as they stood at an instant, for the inputs that read them.

What was late at an instant was so by the limit of that instant: an extension granted later changes nothing
of what was before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import workdays
from models.base import Json
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable, ReviewOutcome
from models.contracts.lateness import came_in_time, days_late
from models.credit.evidence import shared


@dataclass(frozen=True, slots=True)
class Delivered:
    """A deliverable that came, is overdue, or was found not to have come.

    `in_time` by the rule of deliverables (`came_in_time`); `late_days` working days so far or in the end, 0
    in time, None where it never came: its contract ended without it. `open` while it is overdue, and so
    later every working day. `first_pass` None before it was decided.
    """

    agency_id: int
    contract_id: int
    contract: str
    counted_at: datetime | None
    in_time: bool
    late_days: int | None
    decided_at: datetime | None
    missed_at: datetime | None
    first_pass: bool | None
    open: bool = False


@dataclass(frozen=True, slots=True)
class _Stood:
    """How the limit of a deliverable stood at an instant, when it was found missed, if the clocks stood."""

    deliver_by: datetime
    missed_at: datetime | None
    paused_at: datetime | None


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _stood(earlier: Sequence[Json], now: _Stood, until: datetime) -> _Stood:
    """The limit of an instant: the first of the earlier ones that ended after it, or the present one."""
    for each in earlier:
        if datetime.fromisoformat(each["until"]) > until:
            return _Stood(
                datetime.fromisoformat(each["deliver_by"]), _at(each["missed_at"]), _at(each["paused_at"])
            )
    return now


def next_workday(instant: datetime) -> datetime:
    """When the next working day begins: at midnight in Beijing."""
    day: date = instant.astimezone(BEIJING).date() + timedelta(days=1)
    while not workdays.is_workday(day):
        day += timedelta(days=1)
    return datetime.combine(day, time(), BEIJING)


@shared
def delivered(session: Session, agencies: Sequence[int], until: datetime) -> list[Delivered]:
    """These agencies' deliverables that were counted or decided by an instant, in two statements."""
    d = Deliverable
    reviewed = _reviewed(session, agencies, until)
    rows = (
        select(
            d.id,
            d.agency_id,
            d.contract_id,
            Contract.identifier,
            d.state,
            d.deliver_by,
            d.submitted_at,
            d.missed_at,
            d.cancelled_at,
            d.earlier,
            Contract.paused_at,
        )
        .join(Contract, Contract.id == d.contract_id)
        .where(d.agency_id.in_(agencies))
        .order_by(d.id)
    )
    found: list[Delivered] = []
    for key, agency, contract_id, contract, state, *times in session.execute(rows):
        by, submitted, missed, cancelled, earlier, paused = times
        stood = _stood(earlier, _Stood(by, missed, paused), until) if earlier else _Stood(by, missed, paused)
        over, passed = reviewed.get(key, (None, None))
        if submitted is not None and submitted <= until:
            in_time = came_in_time(submitted, stood.deliver_by)
            late = 0 if in_time else days_late(stood.deliver_by, submitted)
            found.append(
                Delivered(agency, contract_id, contract, submitted, in_time, late, over, None, passed)
            )
            continue
        gone = stood.missed_at if stood.missed_at is not None and stood.missed_at <= until else None
        ended = state == "cancelled" and (cancelled is None or cancelled <= until)
        if gone is not None and not ended and stood.deliver_by > until:
            gone = None  # it was given more time
        if gone is None and over is None:
            continue
        if gone is not None and ended and passed is None:
            passed = False
        stands = min(until, stood.paused_at) if stood.paused_at is not None else until
        found.append(
            Delivered(
                agency,
                contract_id,
                contract,
                gone,
                False,
                None if ended else days_late(stood.deliver_by, stands),
                over,
                gone,
                passed,
                open=not ended,
            )
        )
    return found


def _reviewed(session: Session, agencies: Sequence[int], until: datetime) -> dict[int, tuple[datetime, bool]]:
    """When each was reviewed last by an instant, and whether none was lost through the agency's fault."""
    outcomes = (
        select(ReviewOutcome.deliverable_id, ReviewOutcome.at, ReviewOutcome.fault)
        .join(Deliverable, Deliverable.id == ReviewOutcome.deliverable_id)
        .where(Deliverable.agency_id.in_(agencies), ReviewOutcome.at <= until)
        .order_by(ReviewOutcome.id)
    )
    found: dict[int, tuple[datetime, bool]] = {}
    for key, at, fault in session.execute(outcomes):
        found[key] = (at, fault != "agency" and found.get(key, (at, True))[1])
    return found
