"""What a person said of a bank's table that nobody understood.

Which columns are what, remembered by the heading.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.accounts import User
from models.base import Base, Json, Name


class BankStatementLayout(Base):
    """Which columns of tables with this heading are what.

    `places` by role as lists of places from 0, `flipped` where money that went out stands above zero in the
    one signed column, `day_order` where a day's three numbers can be read in two ways. `signature` is the
    heading's (market/payments/reading/headings.py), `titles` what stands in it, for people.
    """

    __tablename__ = "bank_statement_layouts"

    signature: Mapped[str] = mapped_column(String(64), unique=True)
    places: Mapped[Json]
    flipped: Mapped[bool] = mapped_column(default=False)
    day_order: Mapped[str] = mapped_column(String(3), default="")
    titles: Mapped[str] = mapped_column(String(500), default="")
    told_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    told_at: Mapped[datetime] = mapped_column(default=clock.now)
    told_by: Mapped[User] = relationship(lazy="joined")


class UnreadBankStatement(Base):
    """A table that waits for somebody to say what its columns are.

    The bytes lie in the store under `sha256`.
    """

    __tablename__ = "unread_bank_statements"

    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[Name]
    brought_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    brought_at: Mapped[datetime] = mapped_column(default=clock.now)


def layout_of(session: Session, signature: str) -> BankStatementLayout | None:
    return session.scalars(
        select(BankStatementLayout).where(BankStatementLayout.signature == signature)
    ).one_or_none()
