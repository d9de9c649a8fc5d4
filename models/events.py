"""Events: one immutable row for every act, and the consumers that read them.

`record` keeps the event in the session until the transaction's end; `write` then stores all of
them under one lock. Their numbers therefore follow the order of commits, and a consumer that has
seen number n will never meet a smaller one later. The lock is the last one a transaction takes,
so it cannot deadlock with the locks on cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Select,
    String,
    and_,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.attributes import instance_state

from models import clock
from models.actors import Actor
from models.append_only import AppendOnly
from models.base import Base, Code, Json, Name
from models.upsert import upsert

_PENDING = "pending events"
_LOCK = 0x676F6E67  # any number no other advisory lock uses


class Event(AppendOnly, Base):
    """What happened, to what, by whom, when, with what data.

    `actor_organisation` is what the organisation was called then. `audience` says who may read it: `public`,
    `parties`, or `internal`, which stands on no timeline and is there for consumers alone. `notify` lists the
    organisations (database keys) to be told; the notifications consumer reads it. Once recorded it is frozen.
    """

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_case", "case_type", "case_identifier"),)

    at: Mapped[datetime]
    kind: Mapped[Code]
    case_type: Mapped[Code]
    case_identifier: Mapped[Code]
    actor_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    actor_name: Mapped[Name]
    actor_role: Mapped[Code]
    actor_organisation: Mapped[Name]
    audience: Mapped[str] = mapped_column(String(10))
    data: Mapped[Json]
    notify: Mapped[Json]

    def __setattr__(self, name: str, value: Any) -> None:
        """AttributeError: what an event tells is said once, when it is recorded, and stays so."""
        if name in _TOLD and (name in self.__dict__ or instance_state(self).has_identity):
            raise AttributeError(f"an event that was recorded keeps its {name}")
        super().__setattr__(name, value)


class Cursor(Base):
    """How far a consumer has read: the number of the last event it has dealt with."""

    __tablename__ = "cursors"

    consumer: Mapped[Code] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(BigInteger)


_INSERT = Event.__table__.insert()  # type: ignore[attr-defined]
_TOLD = [column.key for column in Event.__table__.columns if not column.primary_key]
Handler = Callable[[Session, "list[Event]"], None]


def record(
    session: Session,
    actor: Actor,
    kind: str,
    case_type: str,
    case_identifier: str,
    *,
    role: str = "",
    audience: str = "parties",
    data: dict[str, Any] | None = None,
    notify: Iterable[int] = (),
) -> Event:
    """Note an event of this transaction; `write` stores it with the others just before the commit."""
    happened = Event(
        at=clock.now(),
        kind=kind,
        case_type=case_type,
        case_identifier=case_identifier,
        actor_user_id=actor.user_id,
        actor_organisation_id=actor.organisation_id,
        actor_name=actor.name,
        actor_role=role or actor.main_role,
        actor_organisation=actor.organisation_name,
        audience=audience,
        data=data or {},
        notify={"organisations": sorted(set(notify))},
    )
    session.info.setdefault(_PENDING, []).append(happened)
    return happened


def write(session: Session) -> int:
    """Store what `record` noted, in that order, and return how many there were."""
    pending: list[Event] = session.info.pop(_PENDING, [])
    if pending:
        session.flush()
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        session.connection().execute(
            _INSERT, [{name: getattr(each, name) for name in _TOLD} for each in pending]
        )  # in that order
    return len(pending)


def forget(session: Session) -> None:
    """Drop what `record` noted: the transaction did not take place."""
    session.info.pop(_PENDING, None)


def timeline(cases: Iterable[tuple[str, str, Iterable[str]]]) -> Select[Any]:
    """A statement for the events of these cases, newest first.

    A case is (type, identifier, the audiences the reader belongs to there).
    """
    readable = [
        and_(
            Event.case_type == kind, Event.case_identifier == identifier, Event.audience.in_(list(audiences))
        )
        for kind, identifier, audiences in cases
    ]
    return select(Event).where(or_(false(), *readable)).order_by(Event.id.desc())


def consume(session: Session, consumer: str, handler: Handler, batch: int = 500) -> int:
    """Hand the next events, oldest first, to `handler`, and move the consumer's cursor past them.

    Runs inside the caller's transaction: what the handler writes to the database and the cursor
    are committed together or not at all. What it does elsewhere must bear being done again.
    Returns how many events were handed over; 0 means the consumer has caught up.
    """
    cursor = _cursor(session, consumer)
    happened = list(session.scalars(_after(cursor.position, batch)))
    if happened:
        handler(session, happened)
        cursor.position = happened[-1].id
    return len(happened)


def _cursor(session: Session, consumer: str) -> Cursor:
    """The consumer's cursor, at the beginning if it has none, locked."""
    upsert(session, Cursor, ["consumer"], {"consumer": consumer, "position": 0})
    return session.scalars(select(Cursor).where(Cursor.consumer == consumer).with_for_update()).one()


def _after(position: int, most: int) -> Select[Event]:
    return select(Event).where(Event.id > position).order_by(Event.id).limit(most)


def position(session: Session, consumer: str) -> int:
    """The number of the last event a consumer has dealt with."""
    return session.scalar(select(Cursor.position).where(Cursor.consumer == consumer)) or 0


def after(session: Session, position: int, most: int) -> list[Event]:
    """The next events after `position`, oldest first.

    They stay as they are when the session's transaction ends.
    """
    happened = list(session.scalars(_after(position, most)))
    for each in happened:
        session.expunge(each)
    return happened


def last_before(session: Session, instant: datetime) -> int:
    """The number of the last event before this instant, or 0, in as many look-ups as its digits in binary.

    Events are numbered as they happen; the few that were noted at one moment by several may change places.
    """
    low, high = 0, session.scalar(select(func.max(Event.id))) or 0
    while low < high:
        middle = (low + high) // 2 + 1
        found = select(Event.id, Event.at).where(Event.id.between(low + 1, middle))
        at = session.execute(found.order_by(Event.id.desc()).limit(1)).first()
        if at is None or at.at < instant:
            low = middle
        else:
            high = at.id - 1
    return low


def move(session: Session, consumer: str, before: int, to: int) -> bool:
    """Move a cursor past events that were dealt with outside of this transaction.

    Unless somebody else moved it meanwhile.
    """
    cursor = _cursor(session, consumer)
    if cursor.position != before:
        return False
    cursor.position = to
    return True


def rewind(session: Session, consumer: str, position: int = 0) -> None:
    """Let a consumer read again from just after `position`."""
    session.execute(
        Cursor.__table__.update().where(Cursor.consumer == consumer).values(position=position)  # type: ignore[attr-defined]
    )


def lag(session: Session, consumer: str) -> int:
    """How many events a consumer has not dealt with yet."""
    last = session.scalar(select(func.max(Event.id))) or 0
    return last - (session.scalar(select(Cursor.position).where(Cursor.consumer == consumer)) or 0)
