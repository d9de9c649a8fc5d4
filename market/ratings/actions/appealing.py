"""Appeals against a rating: filed with evidence, answered, decided with a reason."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.files import File, check_any, hand_in_all, hashes_of, with_files
from market.transaction import action
from models import clock, identifiers
from models.actors import SYSTEM, Actor
from models.lengths import check_text
from models.ratings import appeals, follow_ups
from models.ratings.appeals import STATEMENT_WORDS, RatingAppeal
from models.ratings.rating import Rating
from models.workflow import perform, permit, start


@with_files
@action
def file(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    ground: str,
    claim: str,
    files: Sequence[File] = (),
) -> str:
    """Whoever was rated appeals, with evidence; the rating stays and is marked. Returns the appeal."""
    rating = Rating.lock(session, identifier)
    permit(session, rating, "appeal", actor)
    made = appeals.make(rating, "", ground, claim)
    check_any(files)
    made.identifier = identifiers.issue(session, RatingAppeal)
    perform(session, rating, "appeal", actor)
    rating.appealed_at = clock.now()
    start(session, made, actor, "file", notify=("rater",), data={"appeal_ground": ground})
    hand_in_all(session, actor, made, files)
    return made.identifier


@with_files
@action
def state(
    session: Session, actor: Actor, identifier: str, *, statement: str, files: Sequence[File] = ()
) -> str:
    """The rater gives its side, with evidence where there is any."""
    appeal = RatingAppeal.lock(session, identifier)
    permit(session, appeal, "state", actor)
    appeal.statement = check_text(RatingAppeal.statement, statement, STATEMENT_WORDS)
    appeal.stated_at = clock.now()
    papers = hand_in_all(session, actor, appeal, files)
    perform(session, appeal, "state", actor, data=hashes_of(papers) if papers else {})
    return identifier


# The rater said nothing in time; the regulator decides on what there is.
lapse = case_action(__name__, RatingAppeal, "lapse")


@action
def withdraw(session: Session, actor: Actor, identifier: str) -> str:
    """Whoever appealed takes it back; the rating stays."""
    appeal = RatingAppeal.lock(session, identifier)
    perform(session, appeal, "withdraw", actor)
    perform(session, appeal.rating, "keep", SYSTEM)
    return identifier


@action
def uphold(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator finds for whoever appealed: the rating is hidden, and its following up called off."""
    appeal = _decide(session, actor, identifier, "uphold", reason)
    told = {"appeal_ground": appeal.ground, "reason": reason.strip()}
    perform(session, appeal.rating, "hide", SYSTEM, data=told)
    appeals.hide(appeal.rating, appeal, reason.strip())
    follow_ups.call_off(session, appeal.rating)
    return identifier


@action
def reject(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator finds against whoever appealed: the rating stays."""
    appeal = _decide(session, actor, identifier, "reject", reason)
    perform(session, appeal.rating, "keep", SYSTEM)
    return identifier


def _decide(session: Session, actor: Actor, identifier: str, act: str, reason: str) -> RatingAppeal:
    appeal = RatingAppeal.lock(session, identifier)
    perform(session, appeal, act, actor, reason=reason)
    appeal.decision, appeal.decided_at = reason.strip(), clock.now()
    return appeal
