"""The blueprint of the room, and what its pages share."""

from __future__ import annotations

from flask import Blueprint
from markupsafe import Markup

from market.accounts.identity import current_actor
from market.case_views import case_url, link, not_found
from market.extensions import db
from models.sourcing import Request

bp = Blueprint("sourcing", __name__)


def readable(identifier: str) -> Request:
    """A request the reader may see, or NotFound."""
    found = Request.load(db.session, identifier)
    if not found.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    return found


def request_link(found: Request) -> Markup:
    return link(case_url("request", found.identifier), found.identifier)
