"""Submissions: what makes a form sent twice act once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, select
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
    """What this submission led to, if it was carried out before."""
    return session.scalar(select(Submission.result).where(Submission.key == key, Submission.action == action))
