"""Keeping the index in step with events. Runs in the jobs worker, the index's only writer."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.credit.actions import agencies_scored
from models.accounts import Organisation
from models.events import Event
from search.index import agency_documents


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
