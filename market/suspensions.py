"""Why an organisation is out of standing, as its own people are told."""

from __future__ import annotations

from flask import g
from sqlalchemy import select

from market.extensions import db
from models.accounts import Organisation
from models.events import Event

_ENDS = {"suspended": "organisation.suspend", "removed": "organisation.refuse"}


def suspension_of(organisation: Organisation) -> Event | None:
    """The act that put an organisation out of standing.

    None for one that is in, or that an administrator put out past the table.
    """
    acts = select(Event).where(
        Event.case_type == "organisation", Event.case_identifier == organisation.identifier
    )
    acts = acts.where(Event.kind == _ENDS.get(organisation.state, "")).order_by(Event.id.desc())
    return db.session.scalars(acts.limit(1)).first()


def own_suspension(organisation_id: int) -> Event | None:
    """The same for the reader's own, on every page; a page made while the database is away asks nothing."""
    organisation = None if "apart" in g else db.session.get(Organisation, organisation_id)
    return suspension_of(organisation) if organisation else None
