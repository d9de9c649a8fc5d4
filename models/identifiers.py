"""Identifiers people can read out: a letter for the kind, the year, a running number."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, String, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base


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


@cache
def _take(dialect: str) -> Executable:
    """Counts on by `value`, and returns what the counter then stands at."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    first = insert(Counter)
    on = first.on_conflict_do_update(
        index_elements=["prefix", "year"], set_={"value": Counter.value + first.excluded.value}
    )
    return on.returning(Counter.value)


def issue_many(session: Session, prefix: str, count: int) -> list[str]:
    """The next identifiers of this kind, as many as asked for.

    One statement takes the numbers and holds the counter's row until the transaction ends, so two
    transactions never get the same one, and one that rolls back leaves no gap.
    """
    year = clock.today().year
    statement = _take(session.get_bind().dialect.name)
    last = (
        session.connection().execute(statement, {"prefix": prefix, "year": year, "value": count}).scalar_one()
    )
    return [f"{prefix}-{year}-{number:06d}" for number in range(last - count + 1, last + 1)]
