"""Reminders: whoever a case waits for is told so many working days before its limit ends, once each.

Nobody is reminded of what has only just begun: a threshold as long as the limit itself is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Select, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session

from models import clock, events, policy, workdays
from models.actors import SYSTEM
from models.base import Base, Code
from models.cases import Case
from models.events import Event


class Reminder(Base):
    """That a case was reminded of, this long before this end of its limit.

    A limit that moves is announced anew.
    """

    __tablename__ = "reminders"
    __table_args__ = (UniqueConstraint("case_identifier", "due_at", "days"),)

    case_identifier: Mapped[Code]
    due_at: Mapped[datetime]
    days: Mapped[int]


def near(session: Session, kind: type[Case]) -> list[str]:
    """The cases of a type whose limit draws so near that the parties are to be told, and were not yet."""
    return [case.identifier for case, _reached in _near(session, kind, select(kind))]


def remind(session: Session, kind: type[Case], identifiers: list[str]) -> int:
    """Tell the parties of these cases, as they stand now.

    What was missed is told once, at the lowest threshold. Returns how many cases.
    """
    told = 0
    locked = (
        select(kind)
        .where(kind.identifier.in_(identifiers))
        .with_for_update(of=kind)
        .execution_options(populate_existing=True)
    )
    for case, reached in _near(session, kind, locked):
        session.add(Reminder(case_identifier=case.identifier, due_at=case.due_at, days=reached))
        waiting = [
            getattr(case, case.parties[role])
            for role in sorted(case.workflow.waits_for(case.state))
            if role in case.parties
        ]
        assert case.due_at is not None
        events.record(
            session,
            SYSTEM,
            f"{case.workflow.name}.remind",
            case.workflow.name,
            case.identifier,
            data={
                "state": case.state,
                "title": case.title,
                "left": workdays.between(clock.now(), case.due_at),
                "until": case.due_at.isoformat(),
            },
            notify=[key for key in waiting if key is not None],
        )
        told += 1
    return told


def _near(session: Session, kind: type[Case], among: Select[Case]) -> Iterator[tuple[Case, int]]:
    """The cases among these that are to be reminded of, each with the threshold it has reached."""
    announced, now = kind.workflow.reminders(), clock.now()
    if not announced:
        return
    farthest = now + timedelta(days=4 * max(max(policy.current().numbers(key)) for key in announced.values()))
    cases = (
        session.scalars(
            among.where(kind.state.in_(list(announced)), kind.due_at > now, kind.due_at <= farthest)
        )
        .unique()
        .all()
    )
    done: dict[tuple[str, datetime], int] = {}
    began: dict[tuple[str, str], datetime] = {}
    names = [case.identifier for case in cases]
    for first in range(0, len(names), 500):
        rows = session.scalars(
            select(Reminder)
            .where(Reminder.case_identifier.in_(names[first : first + 500]))
            .order_by(Reminder.days.desc())
        )
        done |= {(row.case_identifier, row.due_at): row.days for row in rows}
        began |= _last_acts(session, kind, names[first : first + 500])
    for case in cases:
        assert case.due_at is not None
        left = workdays.between(now, case.due_at)
        acts = kind.workflow.begins(case.state)
        start = max((began[key] for act in acts if (key := (case.identifier, act)) in began), default=None)
        whole = workdays.between(start, case.due_at) if start else None
        reached = min(
            (
                n
                for n in policy.get(case.policy_version).numbers(announced[case.state])
                if left <= n and (whole is None or n < whole)
            ),
            default=None,
        )
        before = done.get((case.identifier, case.due_at))
        if reached is not None and (before is None or before > reached):
            yield case, reached


def _last_acts(session: Session, kind: type[Case], identifiers: list[str]) -> dict[tuple[str, str], datetime]:
    """When each act was last done in these cases, by case and act."""
    name = kind.workflow.name
    rows = session.execute(
        select(Event.case_identifier, Event.kind, func.max(Event.at))
        .where(Event.case_type == name, Event.case_identifier.in_(identifiers))
        .group_by(Event.case_identifier, Event.kind)
    )
    return {(identifier, act.removeprefix(f"{name}.")): at for identifier, act, at in rows}
