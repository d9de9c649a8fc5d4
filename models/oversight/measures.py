"""What is counted of the cases of the market, and when: one source a case type.

A measure is what a count is called in `figures`; of each its unit is told here. Adding one is a line in its
source, or a source more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.events import Event
from models.oversight.figures import Count, month_of, recount
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender

# By measure: what its `total` is counted in.
UNITS = {
    "published": "fen of budgets",
    "awarded": "fen",
    "awarded.published_price": "fen the winner's own published fees come to",
    "awarded.single": "fen of those that had one answer",
    "signed": "fen",
    "completed": "fen",
    "delivered": "of them in time",
    "reviewed": "of them passed at the first try",
}
Counted = Iterator[tuple[int, str, str, str, datetime | None, int]]  # key, measure, region, item, when, total


@dataclass(frozen=True, slots=True)
class Source:
    """A case type whose cases count: what each counts for, in a constant number of statements for many."""

    case_class: type[Case]
    counts: Callable[[Session, Sequence[int]], Counted]


def _of_item(case_class: Any, *columns: Any) -> Any:
    """The key, the area and the item of tenders, or of cases under one, and some columns more."""
    query = select(case_class.id, case_class.region_code, ServiceItem.code, *columns)
    if case_class is not Tender:
        query = query.join(Tender, Tender.id == case_class.tender_id)
    return query.join(ServiceItem, ServiceItem.id == Tender.item_id)


def _tenders(session: Session, keys: Sequence[int]) -> Counted:
    query = _of_item(Tender, Tender.published_at, Tender.budget).where(Tender.id.in_(keys))
    for key, region, item, at, budget in session.execute(query):
        yield key, "published", region, item, at, budget or 0


def _awards(session: Session, keys: Sequence[int]) -> Counted:
    """Final ones, in the month they were proposed in; single: nobody else's answer stood at the end."""
    columns = (Award.tender_id, Award.created_at, Award.price, Award.published_price)
    query = _of_item(Award, *columns).where(Award.id.in_(keys), Award.state == "final")
    rows = session.execute(query).all()
    answers: defaultdict[int, int] = defaultdict(int)
    for kind in (Quote, Bid):
        standing = select(kind.tender_id, func.count()).where(
            kind.tender_id.in_([row.tender_id for row in rows]), kind.state != "withdrawn"
        )
        for tender, number in session.execute(standing.group_by(kind.tender_id)):
            answers[tender] += number
    for key, region, item, tender, at, price, published in rows:
        yield key, "awarded", region, item, at, price
        yield key, "awarded.published_price", region, item, at, published
        if answers[tender] < 2:
            yield key, "awarded.single", region, item, at, price


def _contracts(session: Session, keys: Sequence[int]) -> Counted:
    columns = (Contract.signed_at, Contract.completed_at, Contract.price)
    query = _of_item(Contract, *columns).where(Contract.id.in_(keys))
    for key, region, item, signed, completed, price in session.execute(query):
        yield key, "signed", region, item, signed, price
        yield key, "completed", region, item, completed, price


def _deliverables(session: Session, keys: Sequence[int]) -> Counted:
    """What came in or was found not to have; what a department decided on, each once."""
    columns = (
        Deliverable.on_time,
        Deliverable.counted_at,
        Deliverable.reviews,
        Deliverable.faulty_reviews,
        Deliverable.decided_at,
    )
    query = select(Deliverable.id, Deliverable.region_code, Deliverable.item_code, *columns)
    for key, region, item, in_time, came, reviews, faulty, decided in session.execute(
        query.where(Deliverable.id.in_(keys))
    ):
        if in_time is not None:
            yield key, "delivered", region, item, came, int(in_time)
        if reviews:
            yield key, "reviewed", region, item, decided, int(not faulty)


SOURCES = {
    source.case_class.workflow.name: source
    for source in (
        Source(Tender, _tenders),
        Source(Award, _awards),
        Source(Contract, _contracts),
        Source(Deliverable, _deliverables),
    )
}


def note_figures(session: Session, happened: list[Event]) -> None:
    """Event handler: count anew every case something happened to."""
    for name, source in SOURCES.items():
        touched = {event.case_identifier for event in happened if event.case_type == name}
        if not touched:
            continue
        kept: Any = source.case_class
        keys = list(session.scalars(select(kept.id).where(kept.identifier.in_(touched))))
        found: dict[int, list[Count]] = {key: [] for key in keys}
        for key, measure, region, item, at, total in source.counts(session, keys):
            if at is not None:
                found[key].append(Count(measure, region, item, month_of(at), 1, total))
        recount(session, name, found)
