"""Rating, and publishing what was sealed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.transaction import action, sealing_key
from models import clock, ratings
from models.actors import SYSTEM, Actor
from models.ratings import Rating
from models.workflow import perform, permit


def _publish(session: Session, rating: Rating) -> None:
    perform(session, rating, "publish", SYSTEM)
    ratings.unseal(rating, sealing_key(), clock.now())


@action
def rate(
    session: Session, actor: Actor, identifier: str, *, scores: dict[str, int], comment: str = ""
) -> str:
    """A party rates the other; when both have, both are published."""
    rating = Rating.lock(session, identifier)
    permit(session, rating, "rate", actor)
    ratings.seal(rating, sealing_key(), scores, comment)
    perform(session, rating, "rate", actor)
    both = session.scalars(
        select(Rating).where(Rating.contract_id == rating.contract_id).order_by(Rating.id)
    ).all()
    if all(r.state == "sealed" for r in both):
        for each in both:
            _publish(session, each)
    return identifier


@action
def publish(session: Session, actor: Actor, identifier: str) -> str:
    """The window is over: what was sealed is published."""
    rating = Rating.lock(session, identifier)
    rating.workflow.find(rating.state, "publish")
    _publish(session, rating)
    return identifier


# The window is over and nothing came.
lapse = case_action(__name__, Rating, "lapse")
