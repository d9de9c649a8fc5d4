"""How an agency has done over time: by quarter (Beijing time), from its deliverables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock
from models.clock import BEIJING
from models.contracts.deliverables import Deliverable


@dataclass(slots=True)
class Quarter:
    """What was submitted and reviewed in one quarter; a rate of None had nothing to count."""

    name: str
    submitted: int = 0
    in_time: int = 0
    reviewed: int = 0
    passed_first: int = 0

    @property
    def on_time(self) -> float | None:
        return self.in_time / self.submitted if self.submitted else None

    @property
    def first_pass(self) -> float | None:
        return self.passed_first / self.reviewed if self.reviewed else None


def _name(year: int, quarter: int) -> str:
    return f"{year}Q{quarter + 1}"


def quarters(session: Session, agency_id: int, count: int = 8) -> list[Quarter]:
    """The last quarters up to this one, oldest first."""
    today = clock.today()
    last = today.year * 4 + (today.month - 1) // 3
    found = {
        name: Quarter(name)
        for name in (_name(*divmod(place, 4)) for place in range(last - count + 1, last + 1))
    }

    def of(instant: datetime | None) -> Quarter | None:
        local = instant.astimezone(BEIJING) if instant else None
        return found.get(_name(local.year, (local.month - 1) // 3)) if local else None

    for delivered in session.scalars(select(Deliverable).where(Deliverable.agency_id == agency_id)).unique():
        submitted, reviewed = of(delivered.counted_at), of(delivered.decided_at or delivered.missed_at)
        if submitted and delivered.on_time is not None:
            submitted.submitted += 1
            submitted.in_time += bool(delivered.on_time)
        if reviewed and delivered.first_pass is not None:
            reviewed.reviewed += 1
            reviewed.passed_first += bool(delivered.first_pass)
    return list(found.values())
