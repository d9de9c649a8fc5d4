"""The blueprint of the room, and what its pages share."""

from __future__ import annotations

from flask import Blueprint, abort

from market.extensions import db
from market.identity import current_actor
from models.accounts import Organisation

bp = Blueprint("agencies", __name__)


def mine() -> Organisation:
    """The agency the reader works for; 403 for everybody else."""
    actor = current_actor()
    if "agency" not in actor.roles or actor.organisation_id is None:
        abort(403)
    return db.session.get_one(Organisation, actor.organisation_id)
