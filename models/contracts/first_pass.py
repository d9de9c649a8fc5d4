"""The first-pass rate, as every page says it: passed at the first try ÷ reviewed.

Of the deliverables an approving department has reviewed (it gave at least one outcome), the share of which
no review was lost through the agency's fault. Every deliverable counts once, however dear its contract and
whoever made it; one that was never handed in was never reviewed. (An agency's credit sheet, which weighs its
record, counts what never came as not passed: `Deliverable.first_pass`.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from models.contracts.deliverables import Deliverable

REVIEWED = Deliverable.reviews > 0
PASSED_FIRST = and_(REVIEWED, Deliverable.faulty_reviews == 0)


@dataclass(frozen=True, slots=True)
class FirstPass:
    """How many were reviewed, how many of them passed at the first try, how many reviews they took."""

    reviewed: int
    passed: int
    reviews: int

    @property
    def rate(self) -> float | None:
        """The share that passed, a fraction; None where none was reviewed."""
        return self.passed / self.reviewed if self.reviewed else None


_COUNTED = (
    func.count(),
    func.coalesce(func.sum(case((PASSED_FIRST, 1), else_=0)), 0),
    func.coalesce(func.sum(Deliverable.reviews), 0),
)


def first_pass(session: Session, *where: ColumnElement[bool]) -> FirstPass:
    """How the deliverables fared that meet these conditions, together."""
    return FirstPass(*session.execute(select(*_COUNTED).where(REVIEWED, *where)).one())


def first_pass_by(session: Session, key: Any, *where: ColumnElement[bool]) -> dict[Any, FirstPass]:
    """The same by a column of theirs, most reviewed first."""
    query = select(key, *_COUNTED).where(REVIEWED, *where).group_by(key)
    rows = session.execute(query.order_by(func.count().desc(), key))
    return {value: FirstPass(*counted) for value, *counted in rows}
