"""Keeping agencies in mind (收藏), for one's organisation."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.transaction import action
from models.accounts import Organisation
from models.actors import Actor
from models.agencies import shortlist
from models.errors import NotAllowed
from models.permission import NO_PART


def _ours(session: Session, actor: Actor) -> int:
    """The organisation the list is kept for, locked, so that two colleagues do not fill its last place."""
    if actor.organisation_id is None:
        raise NotAllowed(NO_PART)
    session.get_one(Organisation, actor.organisation_id, with_for_update=True)
    return actor.organisation_id


@action
def add(session: Session, actor: Actor, *, agency: str) -> str:
    """Keep this agency (its identifier); one that is kept stays so."""
    ours = _ours(session, actor)
    shortlist.add(session, ours, Organisation.load(session, agency))
    return agency


@action
def remove(session: Session, actor: Actor, *, agency: str) -> str:
    """Keep this agency (its identifier) no longer."""
    ours = _ours(session, actor)
    shortlist.remove(session, ours, agency)
    return agency
