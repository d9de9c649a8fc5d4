"""Telling an organisation what it is stopped at, and what it may do again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import events
from models.actors import SYSTEM
from models.base import Json
from models.credit import restrictions
from models.credit.listings import ExternalListing
from models.credit.records import CreditRecord
from models.events import Event

BEGINS = {"credit_record": {"uphold", "resume"}, "external_listing": {"list", "confirm", "reject"}}
ENDS = {
    "credit_record": {"expire", "repair", "revoke", "suspend"},
    "external_listing": {"dispute", "confirm_removal", "remove", "expire"},
}
Source = CreditRecord | ExternalListing


def tell_of_restrictions(session: Session, happened: list[Event]) -> None:
    """Event handler: the subject of a record, or a listing, that begins or ends to limit anything is told so.

    What is stopped, why, until when and what lifts it; or what it may do again, and what it still may not.
    """
    for case_type in BEGINS:
        acts = {
            event.case_identifier: act
            for event in happened
            if event.case_type == case_type
            and (act := event.kind.partition(".")[2]) in BEGINS[case_type] | ENDS[case_type]
        }
        if acts:
            _tell(session, case_type, acts)


def _tell(session: Session, case_type: str, acts: dict[str, str]) -> None:
    of: Any = CreditRecord if case_type == "credit_record" else ExternalListing
    query = select(of).where(of.identifier.in_(acts)).order_by(of.id)
    sources: list[Source] = [each for each in session.scalars(query) if limits_of(each)]
    left = restrictions.of(session, [each.subject for each in sources])
    for each in sources:
        begins = acts[each.identifier] in BEGINS[case_type]
        if isinstance(each, ExternalListing) and not _told(each, acts[each.identifier]):
            continue
        stopped = {stop.activity for stop in left[each.subject_id]}
        events.record(
            session,
            SYSTEM,
            f"{case_type}.{'stop' if begins else 'open'}",
            case_type,
            each.identifier,
            data={"title": each.title, **(_begun(each) if begins else _ended(each, stopped))},
            notify=[each.subject_id],
        )


def limits_of(source: Source) -> list[str]:
    """What a record stops its subject at, or a listing by the policy in effect."""
    return list(source.limits)


def _told(listing: ExternalListing, act: str) -> bool:
    """Whether by this act it began to limit, or no longer does: not while a second official is waited for.

    Nor where it is taken off after it was disputed, and so limited nothing any more.
    """
    if act in BEGINS["external_listing"]:
        return listing.counts
    never = listing.removed_at is not None and listing.removed_at <= listing.listed_at
    let_go = act != "dispute" and listing.disputed_at is not None and listing.rejected_at is None
    return not (listing.counts or never or let_go)


def _begun(source: Source) -> Json:
    until = {"until": source.ends_at.isoformat()} if source.ends_at else {}
    way = "duty" if isinstance(source, CreditRecord) else "removal"
    return {"stops": limits_of(source), **until, way: source.rule.duty}


def _ended(source: Source, stopped: set[str]) -> Json:
    return {
        "opens": [each for each in limits_of(source) if each not in stopped],
        "still": [each for each in limits_of(source) if each in stopped],
    }
