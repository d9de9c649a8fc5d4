"""What an agency publishes of its prices: a schedule an item, in versions that are never edited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, money, pricing
from models.accounts import Organisation
from models.base import Base, Json, Name
from models.catalogue import MEASURES, ServiceItem
from models.errors import RuleViolation
from models.i18n import N_
from models.pricing import Quantity

DAYS = pricing.Part("days", N_("承诺工期(工作日)"), "text")
NOTE = pricing.Part("note", N_("说明"), "text")


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
        """The published price for a job, in fen; RuleViolation where these terms price no such job."""
        return pricing.price(self.terms, quantity)

    def price_if_any(self, quantity: Quantity) -> int | None:
        """The published price for a job, in fen; None where these terms price no such job."""
        try:
            return self.price(quantity)
        except RuleViolation:
            return None


def schedules_in_force(
    session: Session,
    *,
    agency_id: int | None = None,
    item_code: str | None = None,
    agency_ids: Iterable[int] | None = None,
) -> list[FeeSchedule]:
    """For each agency and item the newest version in effect today."""
    query = select(FeeSchedule).where(FeeSchedule.effective_from <= clock.today())
    if agency_id is not None:
        query = query.where(FeeSchedule.agency_id == agency_id)
    if agency_ids is not None:
        query = query.where(FeeSchedule.agency_id.in_(list(agency_ids)))
    if item_code is not None:
        query = query.where(FeeSchedule.item_code == item_code)
    query = query.order_by(FeeSchedule.agency_id, FeeSchedule.item_code, FeeSchedule.version)
    newest = {(s.agency_id, s.item_code): s for s in session.scalars(query)}
    return list(newest.values())


def published_prices(session: Session, item_code: str, job: Quantity) -> list[tuple[FeeSchedule, int]]:
    """What every agency that may be engaged publishes for this job, in fen, the lowest first.

    Agencies whose terms do not know the job's factor, or price no job by its measure, are left out.
    """
    found = []
    for schedule in schedules_in_force(session, item_code=item_code):
        price = schedule.price_if_any(job) if schedule.agency.state == "verified" else None
        if price is not None:
            found.append((schedule, price))
    return sorted(found, key=lambda pair: (pair[1], pair[0].agency.identifier))


def fits(item: ServiceItem, terms: Json) -> bool:
    """Whether jobs of this item can be priced by these terms: they may be older than how it is measured."""
    method = pricing.method_of(terms)
    return method is not None and method.fits(item.measure)


def check_fits(item: ServiceItem, terms: Json) -> None:
    """RuleViolation (at `method`, or `standard`) where an item has nothing these terms are reckoned from."""
    method = pricing.method_of(terms)
    if method is None or method.fits(item.measure):
        return
    raise RuleViolation(
        N_("“%(method)s”要按%(base)s算,而本事项%(measure)s,算不出价格。请换一种计价方式,例如“固定价”。"),
        "standard" if terms.get("standard") else "method",
        method=method.label,
        base=MEASURES[method.base or "none"],
        measure=_PRICED_BY[item.measure],
    )


_PRICED_BY = {
    "amount": N_("按金额计价"),
    "count": N_("按数量计价"),
    "none": N_("每单一个价,不看规模"),
}


def methods_for(item: ServiceItem) -> list[type[pricing.Method]]:
    """The methods by which an item may be priced, in the order people choose from."""
    return [method for method in pricing.METHODS.values() if method.fits(item.measure)]


def check_guided(item: ServiceItem, terms: Json) -> None:
    """RuleViolation unless a guided price (政府指导价) rests on its standard and keeps within its band."""
    if item.pricing != "government_guided" or not item.fee_standard:
        return
    if not str(terms.get("standard") or "").startswith(item.fee_standard + "/"):
        raise RuleViolation(
            N_("本事项实行政府指导价,收费应引用“%(title)s”。"),
            "standard",
            title=pricing.standards()[item.fee_standard]["title"],
        )
    low, high = pricing.band(item.fee_standard)
    if not low <= Fraction(terms.get("discount") or "1") <= high:
        raise RuleViolation(
            N_("政府指导价的浮动范围是标准的 %(low)s 到 %(high)s。"),
            "discount",
            low=f"{float(low):.0%}",
            high=f"{float(high):.0%}",
        )


def check_schedule(item: ServiceItem, terms: Json, days: int, effective_from: date) -> None:
    """RuleViolation if these terms cannot be published.

    They are unsound, price no job of the item, leave its price guidance, promise an odd time, or would take
    effect in the past.
    """
    check_terms(item, terms)
    check_begins(effective_from)
    check_promised(days)


def check_terms(item: ServiceItem, terms: Json) -> None:
    """RuleViolation if the terms are unsound, price no job of the item, or leave its price guidance."""
    check_fits(item, terms)
    pricing.check(terms)
    check_guided(item, terms)


def check_begins(effective_from: date) -> None:
    """RuleViolation for a day that is over."""
    if effective_from < clock.today():
        raise RuleViolation(N_("生效日期不能早于今天:已公示的收费不能追溯修改。"), "effective_from")


def check_promised(days: int) -> None:
    """RuleViolation for an odd number of working days."""
    if not 1 <= days <= 500:
        raise RuleViolation(N_("承诺工期应为 1 到 500 个工作日。"), "days")


def publish_schedule(
    session: Session,
    agency_id: int,
    item: ServiceItem,
    terms: Json,
    days: int,
    note: str,
    effective_from: date,
) -> FeeSchedule:
    """Add the next version; RuleViolation as `check_schedule` says."""
    check_schedule(item, terms, days, effective_from)
    last = next(iter(versions_of(session, agency_id, item.code)), None)
    schedule = FeeSchedule(
        agency_id=agency_id,
        item_code=item.code,
        version=(last.version if last else 0) + 1,
        terms=terms,
        days=days,
        note=note,
        effective_from=effective_from,
    )
    session.add(schedule)
    session.flush()
    return schedule


def versions_of(session: Session, agency_id: int, item_code: str) -> list[FeeSchedule]:
    """Every version of an agency's price for an item, those to come included, newest first."""
    query = select(FeeSchedule).where(FeeSchedule.agency_id == agency_id, FeeSchedule.item_code == item_code)
    return list(session.scalars(query.order_by(FeeSchedule.version.desc())))


def changes(old: FeeSchedule, new: FeeSchedule) -> list[tuple[pricing.Part, Any, Any]]:
    """What a version changed, before and after: parts of the terms, the promised days, the note."""
    found = [(part, old.terms.get(part.name), new.terms.get(part.name)) for part in pricing.parts()]
    found += [(DAYS, old.days, new.days), (NOTE, old.note or None, new.note or None)]
    return [(part, before, after) for part, before, after in found if before != after]


def check_price(schedule: FeeSchedule, quantity: Quantity, price: int) -> int:
    """The published price; RuleViolation (field `price`) if `price` exceeds it or is not a sane sum."""
    if not 0 < price <= money.MOST:
        raise RuleViolation(N_("金额应大于 0,且不超过 100 亿元。"), "price")
    ceiling = schedule.price(quantity)
    if price > ceiling:
        raise RuleViolation(
            N_("报价高于贵机构公示价 %(ceiling)s(第 %(version)s 版)。报价不得高于自己公示的收费。"),
            "price",
            ceiling=money.show(ceiling),
            version=schedule.version,
        )
    return ceiling
