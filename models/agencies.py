"""What makes an agency one that may be engaged: its qualifications and its published fees."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, and_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, money, pricing
from models.accounts import Organisation
from models.base import Base, Code, Json, Name
from models.catalogue import ServiceItem
from models.pricing import Quantity
from models.text import N_, RuleBroken


class Qualification(Base):
    """A certificate. Whether it is valid follows from its dates, here and in SQL alike."""

    __tablename__ = "qualifications"
    __table_args__ = (UniqueConstraint("kind", "number"),)

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[Name] = mapped_column(index=True)
    number: Mapped[Code]
    level: Mapped[Code]
    issuer: Mapped[Name]
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    revoked_on: Mapped[date | None]
    warned: Mapped[int | None]  # the lowest threshold of days before its end at which the agency was told; 0: it ended
    document_identifier: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

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
        """The threshold of days to warn of on this day: the lowest reached, 0 once it is over; None if that was told."""
        left = (self.valid_until - day).days
        reached = 0 if left < 0 else min((days for days in thresholds if left <= days), default=None)
        return None if reached is None or (self.warned is not None and self.warned <= reached) else reached

    @classmethod
    def valid_on(cls, day: date) -> ColumnElement[bool]:
        """The SQL twin of `status` being valid or expiring."""
        not_revoked = (cls.revoked_on.is_(None)) | (cls.revoked_on > day)
        return and_(cls.valid_from <= day, cls.valid_until >= day, not_revoked)


STATUSES = {
    "valid": N_("有效"),
    "expiring": N_("即将到期"),
    "expired": N_("已过期"),
    "future": N_("未生效"),
    "revoked": N_("已撤销"),
}


class FeeSchedule(Base):
    """One version of an agency's published price for an item. Never edited: a change is a new version."""

    __tablename__ = "fee_schedules"
    __table_args__ = (UniqueConstraint("agency_id", "item_code", "version"),)

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    item_code: Mapped[str] = mapped_column(String(12), index=True)
    version: Mapped[int]
    terms: Mapped[Json]
    days: Mapped[int]
    note: Mapped[Name] = mapped_column(default="")
    effective_from: Mapped[date]
    published_at: Mapped[datetime] = mapped_column(default=clock.now)
    agency: Mapped[Organisation] = relationship(lazy="joined")

    def price(self, quantity: Quantity) -> int:
        """The published price for a job, in fen."""
        return pricing.price(self.terms, quantity)


def schedules_in_force(session: Session, *, agency_id: int | None = None, item_code: str | None = None) -> list[FeeSchedule]:
    """For each agency and item the newest version in effect today."""
    query = select(FeeSchedule).where(FeeSchedule.effective_from <= clock.today())
    if agency_id is not None:
        query = query.where(FeeSchedule.agency_id == agency_id)
    if item_code is not None:
        query = query.where(FeeSchedule.item_code == item_code)
    query = query.order_by(FeeSchedule.agency_id, FeeSchedule.item_code, FeeSchedule.version)
    newest = {(s.agency_id, s.item_code): s for s in session.scalars(query)}
    return list(newest.values())


def publish_schedule(session: Session, agency_id: int, item_code: str, terms: Json, days: int, note: str, effective_from: date) -> FeeSchedule:
    """Add the next version. RuleBroken if the terms are unsound or would take effect in the past."""
    pricing.check(terms)
    if effective_from < clock.today():
        raise RuleBroken(N_("生效日期不能早于今天:已公示的收费不能追溯修改。"), "effective_from")
    if not 1 <= days <= 500:
        raise RuleBroken(N_("承诺工期应为 1 到 500 个工作日。"), "days")
    last = session.scalars(
        select(FeeSchedule.version)
        .where(FeeSchedule.agency_id == agency_id, FeeSchedule.item_code == item_code)
        .order_by(FeeSchedule.version.desc())
        .limit(1)
    ).one_or_none()
    schedule = FeeSchedule(
        agency_id=agency_id,
        item_code=item_code,
        version=(last or 0) + 1,
        terms=terms,
        days=days,
        note=note,
        effective_from=effective_from,
    )
    session.add(schedule)
    session.flush()
    return schedule


def check_eligible(session: Session, agency: Organisation, item: ServiceItem) -> FeeSchedule:
    """The fee schedule under which this agency may offer this item now.

    Otherwise RuleBroken, naming the rule that stops it: not verified or suspended, no valid
    qualification, no published fee.
    """
    if agency.state != "verified":
        raise RuleBroken(N_("贵机构目前的状态是“%(state)s”,只有已入驻的机构可以承接业务。"), state=agency.state_label)
    if item.qualification_mandatory:
        held = select(Qualification.id).where(
            Qualification.agency_id == agency.id,
            Qualification.kind == item.required_qualification,
            Qualification.valid_on(clock.today()),
        )
        if session.scalars(held.limit(1)).one_or_none() is None:
            raise RuleBroken(
                N_("本事项要求“%(kind)s”,贵机构没有登记在有效期内的该项资质。"), kind=item.required_qualification
            )
    schedules = schedules_in_force(session, agency_id=agency.id, item_code=item.code)
    if not schedules:
        raise RuleBroken(N_("贵机构尚未公示本事项的收费。未公示收费的机构不能报价或投标。"))
    return schedules[0]


def check_price(schedule: FeeSchedule, quantity: Quantity, price: int) -> int:
    """The published price; RuleBroken (field `price`) if `price` exceeds it or is not a sane sum."""
    if not 0 < price <= money.MOST:
        raise RuleBroken(N_("金额应大于 0,且不超过 100 亿元。"), "price")
    ceiling = schedule.price(quantity)
    if price > ceiling:
        raise RuleBroken(
            N_("报价高于贵机构公示价 %(ceiling)s(第 %(version)s 版)。报价不得高于自己公示的收费。"),
            "price",
            ceiling=money.show(ceiling),
            version=schedule.version,
        )
    return ceiling
