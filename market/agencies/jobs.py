"""What the jobs worker does here: it keeps the index in step with events, and warns of certificates that end."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.credit.actions import agencies_scored
from models import clock, events, policy
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies import Qualification
from models.events import Event
from search.index import agency_documents


def warn_of_expiry(session: Session) -> int:
    """Once at each of the policy's thresholds (calendar days before the end, and at 0 when it is over): an event that
    tells the agency. A day that was missed is made up for. Returns how many were told."""
    today, told = clock.today(), 0
    thresholds = policy.current().numbers("entry.expiry_warning_days")
    watched = (
        select(Qualification, Organisation)
        .join(Organisation, Organisation.id == Qualification.agency_id)
        .where(Qualification.revoked_on.is_(None), Qualification.warned.is_distinct_from(0))
        .where(Qualification.valid_until <= today + timedelta(days=max(thresholds)))
    )
    for held, agency in session.execute(watched.with_for_update(of=Qualification)):
        reached = held.warning(today, thresholds)
        if reached is None:
            continue
        held.warned = reached
        events.record(
            session, SYSTEM, "organisation.expiring" if reached else "organisation.expire", "organisation", agency.identifier,
            data={"title": agency.name, "certificate": held.kind, "number": held.number, "valid_until": held.valid_until.isoformat()},
            tells=[agency.id],
        )  # fmt: skip
        told += 1
    return told


def index_agencies(session: Session, happened: list[Event]) -> None:
    """Event handler: put what these events changed into the index, as it stands now."""
    whoosh = current_app.extensions["search"].whoosh
    if not whoosh.exists():
        return
    named = {e.case_identifier for e in happened if e.case_type == "organisation"}
    touched = set(session.scalars(select(Organisation.id).where(Organisation.identifier.in_(named))))
    touched |= agencies_scored(session, happened)
    if touched:
        documents = agency_documents(session, touched)
        if documents:
            whoosh.update(documents)
