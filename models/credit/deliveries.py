"""An agency's deliverables as they stood at an instant, for the inputs that read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models import workdays
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable, ReviewOutcome


@dataclass(frozen=True, slots=True)
class Delivered:
    """A deliverable that came, or was found not to have come.

    `late_days` working days, 0 in time, None where nothing came; `first_pass` None before it was decided.
    """

    agency_id: int
    contract_id: int
    contract: str
    counted_at: datetime | None
    late_days: int | None
    decided_at: datetime | None
    missed_at: datetime | None
    first_pass: bool | None


def delivered(session: Session, agencies: Sequence[int], until: datetime) -> Iterator[Delivered]:
    """These agencies' deliverables that were counted or decided by an instant, in two statements."""
    d = Deliverable
    reviewed = _reviewed(session, agencies, until)
    columns = (
        d.id,
        d.agency_id,
        d.contract_id,
        Contract.identifier,
        d.state,
        d.deliver_by,
        d.submitted_at,
        d.missed_at,
    )
    rows = (
        select(*columns)
        .join(Contract, Contract.id == d.contract_id)
        .where(
            d.agency_id.in_(agencies),
            or_(d.submitted_at <= until, d.missed_at <= until, d.decided_at <= until),
        )
        .order_by(d.id)
    )
    for key, agency, contract_id, contract, state, by, submitted, missed in session.execute(rows):
        came = submitted if submitted is not None and submitted <= until else None
        gone = missed if missed is not None and missed <= until else None
        if gone is not None and came is None and state != "cancelled" and by > until:
            gone = None  # it was given more time
        over, passed = reviewed.get(key, (None, None))
        if passed is None and came is None and gone is not None and state == "cancelled":
            passed = False
        yield Delivered(
            agency,
            contract_id,
            contract,
            came or gone,
            max(0, workdays.between(by, came)) if came else None,
            over,
            gone,
            passed,
        )


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
