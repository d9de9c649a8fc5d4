"""What agencies may know of a buyer before they answer: a few figures from the facts of its contracts.

Only what is settled counts: a payment that is in, or due and not paid; materials that were found complete, or
are late; a contract that was signed, or ended unsigned through the buyer; a rating that is published. No
credit record is read here, so none that is not decided can show. Facts older than the policy's
`credit.facts_days` (calendar days) do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import mean, median
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from models import clock, policy, workdays
from models.accounts import Organisation
from models.actors import OFFICES, Actor
from models.contracts.agreement import Contract
from models.contracts.materials import Materials
from models.credit.records import CreditRecord
from models.payments.payment import IN, Payment
from models.ratings.rating import COUNTED, Rating

UNPAID = ("due", "overdue")
FIGURES = ("paid", "days_late", "materials", "not_contracted", "ratings")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its value, of how many facts, the first and the last of which day. None without any fact.

    A share is a fraction; days are working days; a mean is of 1 to 5, `of` then the ratings that could have
    been given.
    """

    value: float | None = None
    count: int = 0
    of: int = 0
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BuyerSheet:
    """The figures of one buyer.

    `paid`: the share of payments in time; `days_late`: the median of how late the late ones were (so far);
    `materials`: the share of materials in time; `not_contracted`: how many of its final awards it did not
    sign a contract for; `ratings`: the mean of what agencies gave it.
    """

    paid: Figure = Figure()
    days_late: Figure = Figure()
    materials: Figure = Figure()
    not_contracted: Figure = Figure()
    ratings: Figure = Figure()

    @property
    def known(self) -> bool:
        """Whether there is any fact at all."""
        return any(getattr(self, name).count for name in FIGURES)


def may_know(buyer: Organisation, actor: Actor) -> bool:
    """Whether a reader may see a buyer's sheet: agencies, authorities, and whoever buys for it."""
    known = actor.organisation_id == buyer.id or buyer.id in actor.buyers()
    return known or bool(actor.roles & {"agency", "admin", *OFFICES})


def since() -> datetime:
    """From when on facts count."""
    return clock.now() - timedelta(days=policy.current().number("credit.facts_days"))


def sheets(session: Session, buyer_ids: Iterable[int]) -> dict[int, BuyerSheet]:
    """The sheets of these buyers, by key, in as many statements as for one."""
    keys = list(buyer_ids)
    found = dict.fromkeys(keys, BuyerSheet())
    for key, rows in _by(
        session, keys, select(Payment.buyer_id, Payment.pay_by, Payment.paid_at), payments_counted
    ):
        late = [workdays.between(by, at or clock.now()) for by, at in rows if _late(by, at)]
        days = [at or by for by, at in rows]
        found[key] = replace(
            found[key], paid=_share(len(rows) - len(late), days), days_late=_median(late, days)
        )
    supplied = select(Materials.buyer_id, Materials.supply_by, Materials.supplied_at)
    for key, rows in _by(session, keys, supplied, materials_counted):
        in_time = sum(not _late(by, at) for by, at in rows)
        found[key] = replace(found[key], materials=_share(in_time, [at or by for by, at in rows]))
    signed = select(Contract.buyer_id, Contract.created_at, Contract.signed_at)
    for key, rows in _by(session, keys, signed, contracts_counted):
        missing, days = sum(at is None for _made, at in rows), [made for made, _at in rows]
        found[key] = replace(
            found[key], not_contracted=Figure(missing, len(rows), len(rows), min(days), max(days))
        )
    rated = select(Rating.ratee_id, func.coalesce(Rating.published_at, Rating.closes_at), Rating.scores)
    for key, rows in _by(session, keys, rated, ratings_counted):
        found[key] = replace(found[key], ratings=_mean(rows))
    return found


def payments_counted() -> ColumnElement[bool]:
    """The payments that are settled facts: in, or due and not paid. What lateness cost is none of its own."""
    due = and_(Payment.state.in_(UNPAID), Payment.pay_by < clock.now())
    return and_(Payment.kind != "penalty", or_(Payment.state.in_(IN), due), Payment.pay_by >= since())


def materials_counted() -> ColumnElement[bool]:
    """Materials that were handed over and found complete, or are late."""
    complete = and_(Materials.state == "complete", Materials.supplied_at.is_not(None))
    late = and_(Materials.state.in_(UNPAID), Materials.supply_by < clock.now())
    return and_(or_(complete, late), Materials.supply_by >= since())


def contracts_counted() -> ColumnElement[bool]:
    """Contracts both sides signed, and those that ended unsigned through the buyer.

    Unless the regulator looked into it and did not uphold it.
    """
    dropped = exists().where(
        CreditRecord.source_identifier == Contract.identifier,
        CreditRecord.subject_id == Contract.buyer_id,
        CreditRecord.state.in_(("dropped", "revoked")),
    )
    unsigned = and_(
        Contract.state == "terminated",
        Contract.signed_at.is_(None),
        Contract.unsigned_by.in_(("buyer", "both")),
        ~dropped,
    )
    return and_(or_(Contract.signed_at.is_not(None), unsigned), Contract.created_at >= since())


def ratings_counted() -> ColumnElement[bool]:
    """What agencies gave, and what they could have given: silence counts."""
    closed = Rating.state.in_((*COUNTED, "lapsed"))
    return and_(Rating.by == "agency", closed, Rating.closes_at >= since())


def cases_behind(figure: str) -> tuple[type[Any], ColumnElement[bool]]:
    """What a figure was counted from: the case type, and which of its cases."""
    kinds: dict[str, tuple[type[Any], Any]] = {
        "paid": (Payment, payments_counted),
        "materials": (Materials, materials_counted),
        "not_contracted": (Contract, contracts_counted),
        "ratings": (Rating, ratings_counted),
    }
    kind, condition = kinds[{"days_late": "paid"}.get(figure, figure)]
    return kind, condition()


def _by(
    session: Session, keys: Collection[int], query: Any, condition: Callable[[], ColumnElement[bool]]
) -> list[tuple[int, list[Any]]]:
    """The rows of a query by their first column, without it."""
    buyer = query.selected_columns[0]
    found: dict[int, list[Any]] = {}
    for key, *row in session.execute(query.where(buyer.in_(keys), condition())):
        found.setdefault(key, []).append(tuple(row))
    return list(found.items())


def _late(by: datetime, at: datetime | None) -> bool:
    return (at or clock.now()) > by


def _share(good: int, days: list[datetime]) -> Figure:
    return Figure(good / len(days), good, len(days), min(days), max(days))


def _median(late: list[int], days: list[datetime]) -> Figure:
    return Figure(float(median(late)) if late else None, len(late), len(days), min(days), max(days))


def _mean(rows: list[Any]) -> Figure:
    """Of each rating the mean of its dimensions, of all of them the mean."""
    given = [mean(scores.values()) for _day, scores in rows if scores]
    days = [day for day, _scores in rows]
    return Figure(mean(given) if given else None, len(given), len(rows), min(days), max(days))
