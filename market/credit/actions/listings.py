"""What is done with an entry on a list kept elsewhere: disputed, answered, over."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from market.files import File, check_any, hand_in_all, hashes_of, with_files
from market.transaction import action
from models import clock
from models.actors import Actor
from models.credit import listing_changes
from models.credit.listings import ExternalListing, say_wrong
from models.workflow import check_reason, perform, permit


@action
def confirm(session: Session, actor: Actor, identifier: str) -> str:
    """A second official finds on the site what another brought in: it counts from now."""
    listing = ExternalListing.lock(session, identifier)
    _check_second(session, listing, "confirm", actor)
    listing_changes.confirm(session, listing, actor)
    return identifier


@action
def decline(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """A second official does not find it: it counts nowhere here."""
    listing = ExternalListing.lock(session, identifier)
    _check_second(session, listing, "decline", actor)
    listing.decision, listing.answered_at = check_reason(reason), clock.now()
    perform(session, listing, "decline", actor, reason=reason)
    return identifier


@action
def confirm_correction(session: Session, actor: Actor, identifier: str) -> str:
    """A second official finds on the site what another brought in: the listing rests on that from now."""
    listing = ExternalListing.lock(session, identifier)
    _check_second(session, listing, "confirm_correction", actor)
    listing_changes.accept_correction(session, listing, actor)
    return identifier


@action
def confirm_removal(session: Session, actor: Actor, identifier: str) -> str:
    """A second official finds that it was taken off: it is off from now."""
    listing = ExternalListing.lock(session, identifier)
    _check_second(session, listing, "confirm_removal", actor)
    listing_changes.accept_removal(session, listing, actor)
    return identifier


@action
def decline_change(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """A second official does not find what another brought in: it stays as it was confirmed."""
    listing = ExternalListing.lock(session, identifier)
    _check_second(session, listing, "decline_change", actor)
    listing_changes.decline_change(session, listing, actor, check_reason(reason))
    return identifier


def _check_second(session: Session, listing: ExternalListing, act: str, actor: Actor) -> None:
    permit(session, listing, act, actor)
    if (problem := listing.hindrance(actor, act)) is not None:
        raise problem


@with_files
@action
def dispute(session: Session, actor: Actor, identifier: str, *, dispute: str, files: Sequence[File]) -> str:
    """Its subject says that the entry is wrong, and shows it: from now it is not counted."""
    listing = ExternalListing.lock(session, identifier)
    permit(session, listing, "dispute", actor)
    say_wrong(listing, dispute)
    check_any(files)
    papers = hand_in_all(session, actor, listing, files)
    perform(session, listing, "dispute", actor, data=hashes_of(papers))
    return identifier


def _answer(session: Session, actor: Actor, identifier: str, act: str, reason: str) -> ExternalListing:
    listing = ExternalListing.lock(session, identifier)
    permit(session, listing, act, actor)
    listing.decision, listing.answered_at = check_reason(reason), clock.now()
    perform(session, listing, act, actor, reason=reason)
    return listing


def _follow_change(session: Session, listing: ExternalListing) -> None:
    """What the sites came to say otherwise meanwhile is followed, now that the dispute is answered."""
    if listing.change_fetch_id is not None:
        session.flush()
        listing_changes.follow(session, [listing.subject])


@action
def uphold(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """The dispute is right: the entry stays uncounted here, whatever the site says."""
    listing = _answer(session, actor, identifier, "uphold", reason)
    _follow_change(session, listing)
    return identifier


@action
def reject(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """The dispute is not right: the entry counts again from now."""
    listing = _answer(session, actor, identifier, "reject", reason)
    listing.rejected_at = listing.answered_at
    _follow_change(session, listing)
    return identifier


@action
def expire(session: Session, actor: Actor, identifier: str) -> str:
    """Its term is over: it is shown and counted nowhere any more."""
    listing = ExternalListing.lock(session, identifier)
    perform(session, listing, "expire", actor)
    listing.removed_at = clock.now()
    return identifier
