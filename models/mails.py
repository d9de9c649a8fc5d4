"""Mail that is to go out, or has: written by the act that sends it, in its transaction, and sent after the commit.

What a letter says is made when it is sent, from its kind and `data`: no link that opens anything lies in the database.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.accounts import User
from models.base import Base, Code, Json

MOST, WITHIN = 5, timedelta(days=1)  # letters of one kind an account may have sent, wherever to


class Mail(Base):
    """A letter to a person, at the address it is for. `sent_at` of None: it waits, or stays on the outbox page where no mail server is set."""

    __tablename__ = "mails"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    to: Mapped[str] = mapped_column(String(254), index=True)
    kind: Mapped[Code]
    locale: Mapped[str] = mapped_column(String(12))
    data: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
    user: Mapped[User] = relationship(lazy="joined")


def too_many(session: Session, kind: str, user: User) -> bool:
    """Whether an account had so many letters of this kind sent within a day that the next has to wait. Not counted by the address: whoever
    signs up with somebody else's, again and again, would keep its owner's own letter from going."""
    lately = select(func.count(Mail.id)).where(Mail.kind == kind, Mail.user_id == user.id, Mail.created_at > clock.now() - WITHIN)
    return (session.scalar(lately) or 0) >= MOST
