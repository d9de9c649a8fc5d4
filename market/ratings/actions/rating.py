"""Rating, publishing what was sealed, and the one reply to it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.transaction import action, sealing_key
from models import clock
from models.actors import SYSTEM, Actor
from models.base import Json
from models.errors import WrongState
from models.i18n import N_
from models.ratings import follow_ups, rating
from models.ratings.rating import PUBLIC, Rating
from models.workflow import perform, permit


def _publish(session: Session, ratings: Iterable[Rating]) -> None:
    """Open what is sealed, all in one act, and begin to follow up what is bad."""
    for each in ratings:
        perform(session, each, "publish", SYSTEM)
        rating.unseal(each, sealing_key(), clock.now())
        follow_ups.begin(session, each)


def _check_once(found: Rating, actor: Actor) -> None:
    """In its own words, to whoever gave it alone: a rating is given once."""
    if "rater" in found.roles_of(actor) and found.state in ("sealed", *PUBLIC):
        raise WrongState(N_("这件事您已经评价过:一事一评,交上以后不能修改。"))


@action
def rate(
    session: Session, actor: Actor, identifier: str, *, scores: dict[str, int], comment: str = ""
) -> str:
    """A party rates the other; when both parties have, all that is sealed about the contract is published.

    A department's rating waits with theirs, and keeps nobody waiting.
    """
    found = Rating.lock(session, identifier)
    _check_once(found, actor)
    permit(session, found, "rate", actor)
    rating.seal(found, sealing_key(), scores, comment)
    perform(session, found, "rate", actor)
    of_contract = select(Rating).where(Rating.contract_id == found.contract_id).order_by(Rating.id)
    every = session.scalars(of_contract).all()
    if rating.exchanged(every):
        _publish(session, [each for each in every if each.state == "sealed"])
    return identifier


def own_words(actor: Actor, found: Rating) -> Json:
    """What somebody has under the seal of the rating it gave; empty for everybody else."""
    return rating.under_seal(found, sealing_key()) if "rater" in found.roles_of(actor) else {}


@action
def publish(session: Session, actor: Actor, identifier: str) -> str:
    """The window is over: what was sealed is published."""
    found = Rating.lock(session, identifier)
    found.workflow.find(found.state, "publish")
    _publish(session, [found])
    return identifier


# The window is over and nothing came.
lapse = case_action(__name__, Rating, "lapse")


@action
def reply(session: Session, actor: Actor, identifier: str, *, reply: str) -> str:
    """Whoever was rated answers, once, for everybody to read.

    The words stand with the rating and in no event: they go out of sight with it.
    """
    found = Rating.lock(session, identifier)
    permit(session, found, "reply", actor)
    perform(session, found, "reply", actor)
    rating.reply(found, reply)
    return identifier
