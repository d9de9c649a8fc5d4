"""The blueprint of the room, and what its pages share."""

from __future__ import annotations

from flask import Blueprint
from markupsafe import Markup

from market.case_views import case_url, link, not_found
from market.extensions import db
from market.identity import current_actor
from models.sourcing import Tender

bp = Blueprint("sourcing", __name__)


def readable(identifier: str) -> Tender:
    """A tender the reader may see, or NotFound."""
    found = Tender.load(db.session, identifier)
    if not found.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    return found


def tender_link(found: Tender) -> Markup:
    return link(case_url("tender", found.identifier), found.identifier)
