"""What follows when the word of a site is another: the listings of whom it is about, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from market.transaction import action, looking, transaction
from models import clock
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.credit.external import ExternalEntry, ExternalFetch, current
from models.credit.listing_changes import follow
from models.credit.listing_workflow import CHANGING, UNSEEN
from models.credit.listings import ExternalListing
from models.events import Event

T = TypeVar("T")
FOLLOWED = 50  # organisations whose listings are brought in step in one transaction
ENTERS = {"organisation.enter", "organisation.submit", "organisation.commit", "organisation.verify"}


def in_pieces(everything: Iterable[T], size: int) -> Iterator[list[T]]:
    """So many at a time, in their order."""
    left = iter(everything)
    while piece := list(islice(left, size)):
        yield piece


def follow_fetch(fetch: int) -> None:
    """Bring the listings of everybody a fetch may touch in step, some to a transaction."""
    with looking() as session:
        taken = session.get_one(ExternalFetch, fetch)
        touched = or_(ExternalEntry.fetch_id == fetch, ExternalEntry.until_id == fetch)
        if taken.whole:  # what it does not have says something of what others have
            touched = or_(touched, ExternalEntry.list.in_(taken.whole.split(",")) & current())
        waits = or_(ExternalListing.state.in_(UNSEEN), ExternalListing.change_fetch_id.is_not(None))
        about = select(Organisation.id).where(
            or_(  # what waits for a second official may be what the site now says itself
                Organisation.uscc.in_(select(ExternalEntry.uscc).where(touched)),
                Organisation.id.in_(select(ExternalListing.subject_id).where(waits)),
            ),
            Organisation.kind != "authority",
        )
        keys = list(session.scalars(about.order_by(Organisation.id)))
    _follow(keys)
    with transaction() as session:
        session.execute(
            update(ExternalFetch).where(ExternalFetch.id == fetch).values(followed_at=clock.now())
        )


def _follow(keys: list[int]) -> None:
    for piece in in_pieces(keys, FOLLOWED):
        follow_some(SYSTEM, keys=piece)


@action
def follow_some(session: Session, actor: Actor, *, keys: list[int]) -> str:
    """Bring the listings of these organisations in step. Returns the identifiers of those that changed."""
    query = select(Organisation).where(Organisation.id.in_(keys)).order_by(Organisation.id)
    found = list(session.scalars(query.with_for_update()))
    return " ".join(follow(session, found))


def match_those_who_enter(session: Session, happened: list[Event]) -> None:
    """Event handler: who enters this market with a code that was on a list before is matched now."""
    names = {event.case_identifier for event in happened if event.kind in ENTERS}
    if names:
        query = select(Organisation).where(Organisation.identifier.in_(names)).order_by(Organisation.id)
        follow(session, list(session.scalars(query.with_for_update())))


def follow_left() -> None:
    """What is left of fetches that were broken off after they were taken is followed.

    And those listings are ended whose term is over while they were disputed, or are not counted.
    """
    with looking() as session:
        left = list(
            session.scalars(
                select(ExternalFetch.id)
                .where(ExternalFetch.taken_at.is_not(None), ExternalFetch.followed_at.is_(None))
                .order_by(ExternalFetch.id)
            )
        )
        over = select(ExternalListing.subject_id).where(
            ExternalListing.ends_at <= clock.now(),
            ExternalListing.state.in_((*UNSEEN, *CHANGING.values(), "disputed", "not_counted")),
        )
        keys = sorted(set(session.scalars(over)))
    for fetch in left:
        follow_fetch(fetch)
    _follow(keys)
