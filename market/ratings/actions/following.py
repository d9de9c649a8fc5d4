"""Following up a bad rating: contact, result, and whether it is mended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.files import File, hand_in_all, hashes_of, with_files
from market.transaction import action
from models import clock
from models.actors import Actor
from models.ratings import follow_ups
from models.ratings.follow_ups import FollowUp
from models.workflow import perform, permit


@action
def contact(session: Session, actor: Actor, identifier: str, *, contact: str) -> str:
    """Whoever was rated says that, and how, it reached the rater."""
    found = FollowUp.lock(session, identifier)
    permit(session, found, "contact", actor)
    follow_ups.note_contact(found, contact)
    perform(session, found, "contact", actor)
    return identifier


@with_files
@action
def report(
    session: Session, actor: Actor, identifier: str, *, result: str, files: Sequence[File] = ()
) -> str:
    """Whoever was rated hands in what it found and did."""
    found = FollowUp.lock(session, identifier)
    permit(session, found, "report", actor)
    follow_ups.note_result(found, result)
    papers = hand_in_all(session, actor, found, files)
    perform(session, found, "report", actor, data=hashes_of(papers) if papers else {})
    return identifier


@action
def mend(session: Session, actor: Actor, identifier: str) -> str:
    """Who was dissatisfied says it is mended."""
    found = FollowUp.lock(session, identifier)
    perform(session, found, "mend", actor)
    found.ended_at = clock.now()
    return identifier


@action
def deny(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """Who was dissatisfied says it is not, and why."""
    return _not_mended(session, actor, identifier, "deny", reason)


@action
def find(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator it was referred to finds that nothing was put right."""
    return _not_mended(session, actor, identifier, "find", reason)


def _not_mended(session: Session, actor: Actor, identifier: str, act: str, reason: str) -> str:
    found = FollowUp.lock(session, identifier)
    perform(session, found, act, actor, reason=reason)
    found.said, found.ended_at = reason.strip(), clock.now()
    return identifier


def _ended(session: Session, found: FollowUp) -> None:
    found.ended_at = clock.now()


# Who was dissatisfied says nothing: nobody says it for him.
lapse = case_action(__name__, FollowUp, "lapse", then=_ended)
