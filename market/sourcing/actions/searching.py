"""Searches an organisation keeps, to hear of what is published and fits."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.transaction import action
from models.accounts import User
from models.actors import Actor
from models.errors import NotFound
from models.i18n import N_
from models.sourcing import saved_searches
from models.sourcing.saved_searches import SavedSearch, TenderSearch


@action
def save(
    session: Session, actor: Actor, *, item: str, region: str, mode: str, words: str, alert: bool
) -> str:
    """Keep a search for the actor's organisation, told of what fits if `alert`. Returns its number."""
    if actor.organisation_id is None or actor.user_id is None:
        raise NotFound(N_("没有找到这个搜索。"))
    asked = {"item": item, "region": region, "mode": mode, "words": words}
    user = session.get_one(User, actor.user_id)
    made = saved_searches.save(session, user, actor.organisation_id, TenderSearch.of(asked), alert)
    return str(made.id)


@action
def forget(session: Session, actor: Actor, number: int) -> str:
    """Whoever is of the organisation may drop what it keeps."""
    found = session.get(SavedSearch, number)
    if found is None or found.organisation_id != actor.organisation_id:
        raise NotFound(N_("没有找到这个搜索。"))
    session.delete(found)
    return str(number)
