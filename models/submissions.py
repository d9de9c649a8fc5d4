"""Submissions: what makes a form sent twice act once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base, Code


class Submission(Base):
    """A form's one-time key and what came of it, stored in the act's own transaction."""

    __tablename__ = "submissions"

    key: Mapped[str] = mapped_column(String(80), unique=True)
    action: Mapped[Code]
    result: Mapped[Code]
    at: Mapped[datetime] = mapped_column(default=clock.now)


def result_of(session: Session, key: str, action: str) -> str | None:
    """What this submission led to, if it was carried out before.

    On PostgreSQL the same key sent twice at once waits here for the first; on SQLite writers wait anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"{action}:{key}"})
    return session.scalar(select(Submission.result).where(Submission.key == key, Submission.action == action))
