"""Identifiers people can read out: a letter for the kind, the year, a running number."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base
from models.upsert import upsert


class Counter(Base):
    """The last number given out, per kind and year."""

    __tablename__ = "counters"
    __table_args__ = (UniqueConstraint("prefix", "year"),)

    prefix: Mapped[str] = mapped_column(String(4))
    year: Mapped[int]
    value: Mapped[int]


def issue(session: Session, prefix: str) -> str:
    """The next identifier of this kind, like `Q-2026-000123`."""
    return issue_many(session, prefix, 1)[0]


def issue_many(session: Session, prefix: str, count: int) -> list[str]:
    """The next identifiers of this kind, as many as asked for.

    One statement takes the numbers and holds the counter's row until the transaction ends, so two
    transactions never get the same one, and one that rolls back leaves no gap.
    """
    year = clock.today().year
    row = {"prefix": prefix, "year": year, "value": count}
    last = upsert(session, Counter, ["prefix", "year"], row, add=["value"], returning=["value"]).scalar_one()
    return [f"{prefix}-{year}-{number:06d}" for number in range(last - count + 1, last + 1)]
