"""Why an organisation is out of standing, as its own people are told."""

from __future__ import annotations

from flask import g

from market.extensions import db
from models.accounts import Organisation
from models.credit import restrictions
from models.events import Event


def suspension_of(organisation: Organisation) -> Event | None:
    """The act that put an organisation out of standing.

    None for one that is in, or that an administrator put out past the table.
    """
    return restrictions.endings(db.session, [organisation]).get(organisation.identifier)


def own_suspension(organisation_id: int) -> Event | None:
    """The same for the reader's own, on every page; a page made while the database is away asks nothing."""
    organisation = None if "apart" in g else db.session.get(Organisation, organisation_id)
    return suspension_of(organisation) if organisation else None
