"""Reminders: whoever a case waits for is told so many working days before its limit ends, once each."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session

from models import clock, events, policy, workdays
from models.actors import SYSTEM
from models.base import Base, Code
from models.workflow import Case


class Reminder(Base):
    """That a case was reminded of, this long before this end of its limit. A limit that moves is announced anew."""

    __tablename__ = "reminders"
    __table_args__ = (UniqueConstraint("case_identifier", "due_at", "days"),)

    case_identifier: Mapped[Code]
    due_at: Mapped[datetime]
    days: Mapped[int]


def remind(session: Session, kinds: list[type[Case]]) -> int:
    """Tell the parties whose limits draw near; what was missed is told once, at the lowest threshold. Returns how many cases."""
    now, told = clock.now(), 0
    for kind in kinds:
        announced = kind.workflow.reminders()
        if not announced:
            continue
        farthest = now + timedelta(days=4 * max(max(policy.current().numbers(key)) for key in announced.values()))
        near = select(kind).where(kind.state.in_(list(announced)), kind.due_at > now, kind.due_at <= farthest)
        cases = session.scalars(near).unique().all()
        done = {
            (row.case_identifier, row.due_at): row.days
            for row in session.scalars(
                select(Reminder).where(Reminder.case_identifier.in_([c.identifier for c in cases])).order_by(Reminder.days.desc())
            )
        }
        for case in cases:
            assert case.due_at is not None
            left = workdays.between(now, case.due_at)
            reached = min((n for n in policy.get(case.policy_version).numbers(announced[case.state]) if left <= n), default=None)
            before = done.get((case.identifier, case.due_at))
            if reached is None or (before is not None and before <= reached):
                continue
            session.add(Reminder(case_identifier=case.identifier, due_at=case.due_at, days=reached))
            waiting = [getattr(case, case.parties[role]) for role in sorted(case.workflow.waits_for(case.state)) if role in case.parties]
            events.record(
                session, SYSTEM, f"{case.workflow.name}.remind", case.workflow.name, case.identifier,
                data={"state": case.state, "title": case.title, "left": left, "until": case.due_at.isoformat()},
                tells=[key for key in waiting if key is not None],
            )  # fmt: skip
            told += 1
    return told
