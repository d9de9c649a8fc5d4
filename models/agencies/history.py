"""An agency's story: the events of every case it is the agency of, in one order.

A consumer of the events keeps it, so that a page of it costs the same however long the story and however
large the market is. What an agency offered (quotes, bids, scores) is not in it: it stays with its tender,
which knows when it may be seen.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, UniqueConstraint, and_, exists, false, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models.actors import Actor
from models.base import Base, Code
from models.cases import CASES, Case
from models.events import Event
from models.i18n import N_
from models.upsert import upsert

# What a reader may choose to see, and the case types of each.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "awards": (N_("中选与异议"), ("award", "objection")),
    "contracts": (N_("合同"), ("contract", "change", "materials")),
    "deliverables": (N_("成果"), ("deliverable",)),
    "money": (N_("资金"), ("payment", "payout", "invoice")),
    "disputes": (N_("争议"), ("dispute",)),
    "ratings": (N_("评价"), ("rating", "follow_up", "rating_appeal")),
    "checks": (N_("核查与信用记录"), ("check", "credit_record", "external_listing")),
    "register": (N_("登记与状态"), ("organisation", "account_change")),
}
# The column that holds the agency a case is about, where it is not called `agency_id`.
_ABOUT = {
    "organisation": "id",
    "objection": "objector_id",
    "rating": "ratee_id",
    "follow_up": "ratee_id",
    "rating_appeal": "ratee_id",
    "credit_record": "subject_id",
    "external_listing": "subject_id",
}
TYPES = [name for _label, names in KINDS.values() for name in names]


class AgencyEvent(Base):
    """One event of one agency's cases."""

    __tablename__ = "agency_events"
    __table_args__ = (
        UniqueConstraint("agency_id", "event_id"),
        Index("ix_agency_events_kind", "agency_id", "case_type", "event_id"),
    )

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    case_type: Mapped[Code]
    event: Mapped[Event] = relationship(lazy="joined")


def _agency_of(case_class: type[Case]) -> Any:
    return getattr(case_class, _ABOUT.get(case_class.workflow.name, "agency_id"))


def note_agency_events(session: Session, happened: list[Event]) -> None:
    """Event handler: each event goes into the story of the agency its case is about; twice is once."""
    wanted: dict[str, set[str]] = defaultdict(set)
    told = [event for event in happened if event.case_type in TYPES and event.audience != "internal"]
    for event in told:
        wanted[event.case_type].add(event.case_identifier)
    about: dict[tuple[str, str], int] = {}
    for kind, identifiers in wanted.items():
        case_class = CASES[kind]
        found = select(case_class.identifier, _agency_of(case_class)).where(
            case_class.identifier.in_(identifiers)
        )
        about |= {(kind, identifier): agency for identifier, agency in session.execute(found)}
    rows = [
        {"agency_id": agency, "event_id": event.id, "case_type": event.case_type}
        for event in told
        if (agency := about.get((event.case_type, event.case_identifier)))
    ]
    if rows:
        upsert(session, AgencyEvent, ["agency_id", "event_id"], rows)


def story(agency_id: int, actor: Actor, kind: str = "") -> Select[Any]:
    """The events of an agency's cases that this actor may see, newest first; of one of the KINDS if named."""
    types = KINDS[kind][1] if kind in KINDS else TYPES
    seen = [
        and_(
            AgencyEvent.case_type == name,
            exists().where(CASES[name].identifier == Event.case_identifier, CASES[name].visible_to(actor)),
        )
        for name in types
    ]
    return (
        select(AgencyEvent)
        .join(AgencyEvent.event)
        .where(AgencyEvent.agency_id == agency_id, or_(false(), *seen))
        .order_by(AgencyEvent.event_id.desc())
    )


def cases_of(session: Session, events: list[Event]) -> dict[tuple[str, str], Case]:
    """The cases these events are about, by type and identifier; a statement a type."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for event in events:
        wanted[event.case_type].add(event.case_identifier)
    return {
        (kind, case.identifier): case
        for kind, identifiers in wanted.items()
        for case in session.scalars(
            select(CASES[kind]).where(CASES[kind].identifier.in_(identifiers))
        ).unique()
    }


def cases_about(agency_id: int, actor: Actor, kind: str) -> Select[Any]:
    """The cases of one type that are about this agency, of those the actor may see, newest first."""
    case_class = CASES[kind]
    return (
        select(case_class)
        .where(_agency_of(case_class) == agency_id, case_class.visible_to(actor))
        .order_by(case_class.identifier.desc())
    )


def count_by_state(session: Session, agency_id: int, actor: Actor, kind: str) -> dict[str, int]:
    """How many of those stand in each state."""
    state = CASES[kind].state
    counted = (
        cases_about(agency_id, actor, kind)
        .with_only_columns(state, func.count())
        .group_by(state)
        .order_by(None)
    )
    return {name: number for name, number in session.execute(counted)}
