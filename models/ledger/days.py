"""The days of the books: which are closed, and on which a posting is booked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ForeignKey, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.append_only import AppendOnly
from models.base import Base, Fen, Json
from models.clock import BEIJING

_LOCK = 0x6C6564  # any number no other advisory lock uses


class Closing(AppendOnly, Base):
    """A day (Beijing time) that is closed.

    It keeps how many entries the day had, the last one up to its end, their turnover, the balance of every
    kind of account (fen, credit above zero), and the hash of all that with the hash of the day before.
    """

    __tablename__ = "ledger_closings"

    day: Mapped[date] = mapped_column(unique=True)
    entries: Mapped[int]
    last_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entries.id"))
    turnover: Mapped[Fen]
    balances: Mapped[Json]
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    closed_at: Mapped[datetime] = mapped_column(default=clock.now)


_LAST = select(func.max(Closing.day))


def midnight(day: date) -> datetime:
    """When a day of the books begins."""
    return datetime.combine(day, time(), BEIJING)


def open_day(session: Session) -> date:
    """The first day that takes postings: today, or the one after the last closed day where that is later."""
    last = session.scalar(_LAST)
    return max(clock.today(), last + timedelta(days=1)) if last is not None else clock.today()


def hold_open(session: Session) -> None:
    """No day is closed until this transaction ends: what it books belongs to the day it is booked on.

    Taken before the accounts; SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LOCK})


def hold_still(session: Session) -> None:
    """Nothing is booked until this transaction ends, and whatever was being booked is there."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def booked_at(session: Session) -> datetime:
    """The instant a posting is booked at: now, or the first of the next open day where today is closed.

    The database refuses any other (migration 0017). A day may be closed before it is over where a clock was
    ahead.
    """
    day = open_day(session)
    return clock.now() if day == clock.today() else midnight(day).astimezone(UTC)
