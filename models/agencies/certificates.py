"""Certificates of agencies and of the people who work in them.

Whether one is valid follows from its dates.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, and_, text
from sqlalchemy.orm import Mapped, mapped_column

from models import clock, spelling
from models.base import Base, Code, Json, Name
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import TOO_LONG, check_text

PROFESSIONS = Path(__file__).parents[1] / "data" / "professions.toml"


class Dated:
    """Mixed into what is valid from a day to a day, here and in SQL alike."""

    kind: Mapped[Name] = mapped_column(index=True)
    number: Mapped[Code]
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    revoked_on: Mapped[date | None]
    warned: Mapped[
        int | None
    ]  # the lowest threshold of days before its end at which the agency was told; 0: it ended

    def status(self, day: date | None = None) -> str:
        """`valid`, `expiring` (60 days or fewer left), `expired`, `future` or `revoked` on a day."""
        day = day or clock.today()
        if self.revoked_on and self.revoked_on <= day:
            return "revoked"
        if day < self.valid_from:
            return "future"
        if day > self.valid_until:
            return "expired"
        return "expiring" if (self.valid_until - day).days <= 60 else "valid"

    def warning(self, day: date, thresholds: list[int]) -> int | None:
        """The threshold of days to warn of on this day: the lowest reached, 0 once it is over.

        None if that was told.
        """
        left = (self.valid_until - day).days
        reached = 0 if left < 0 else min((days for days in thresholds if left <= days), default=None)
        return None if reached is None or (self.warned is not None and self.warned <= reached) else reached

    @classmethod
    def valid_on(cls, day: date) -> ColumnElement[bool]:
        """The SQL twin of `status` being valid or expiring."""
        not_revoked = (cls.revoked_on.is_(None)) | (cls.revoked_on > day)
        return and_(cls.valid_from <= day, cls.valid_until >= day, not_revoked)


def certified(kind: str, number: str) -> tuple[str, str]:
    """The kind and the number of a certificate in the spelling they are kept and compared in.

    RuleViolation at the field that is empty or too long.
    """
    kind, number = spelling.plain(kind).strip(), spelling.code(number)
    for column, value in ((Practitioner.kind, kind), (Practitioner.number, number)):
        if not value:
            raise RuleViolation(N_("请填写这一项。"), column.key)
        check_text(column, value, TOO_LONG)
    return kind, number


def check_dates(valid_from: date, valid_until: date) -> None:
    """RuleViolation at `valid_until` unless a certificate ends after it begins, and has not ended."""
    if valid_until < valid_from:
        raise RuleViolation(N_("有效期止不能早于有效期起。"), "valid_until")
    if valid_until < clock.today():
        raise RuleViolation(N_("证书已经过期。"), "valid_until")


@cache
def professions() -> tuple[Json, ...]:
    """The certificates people in agencies hold, each by language (`zh`, `en`); `zh` is what is kept."""
    source = tomllib.loads(PROFESSIONS.read_text(encoding="utf-8"))
    return tuple(source["profession"])


STATUSES = {
    "valid": N_("有效"),
    "expiring": N_("即将到期"),
    "expired": N_("已过期"),
    "future": N_("未生效"),
    "revoked": N_("已撤销"),
}


class Qualification(Dated, Base):
    """A certificate an agency holds."""

    __tablename__ = "qualifications"
    __table_args__ = (UniqueConstraint("kind", "number"),)

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    level: Mapped[Code]
    issuer: Mapped[Name]
    document_identifier: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Practitioner(Dated, Base):
    """A person who works in an agency, with the certificate (职业资格) the work needs.

    One certificate counts for one agency at a time: it is the person's who has not left.
    """

    __tablename__ = "practitioners"
    __table_args__ = (
        Index(
            "uq_practitioners_at_work",
            "kind",
            "number",
            unique=True,
            sqlite_where=text("left_on IS NULL"),
            postgresql_where=text("left_on IS NULL"),
        ),
    )

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[Name]
    left_on: Mapped[date | None]
    document_identifier: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @classmethod
    def at_work(cls, day: date) -> ColumnElement[bool]:
        """Who works there on a day with a valid certificate."""
        return and_(cls.valid_on(day), (cls.left_on.is_(None)) | (cls.left_on > day))
