"""What an answer came to, as its agency is told: chosen or not, why, and until when it may object."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock, policy
from models.sourcing.answers import not_taken_back, participants_of
from models.sourcing.awards import Award, Objection
from models.sourcing.bids import Bid
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender


class Result(NamedTuple):
    """The award of a tender as one of those who answered reads it.

    `place` is its own in the published ranking of `ranked` answers, `points` its own of `best`; None where
    the mode publishes none.
    """

    award: Award
    won: bool
    may_object: bool
    place: int | None
    ranked: int
    points: float | None
    best: float | None


def result_of(session: Session, tender: Tender, answer: Quote | Bid | None) -> Result | None:
    """What an answer of a tender came to; None before there is an award that was not annulled."""
    if answer is None:
        return None
    standing = select(Award).where(Award.tender_id == tender.id, Award.state != "annulled")
    award = session.scalars(standing).unique().one_or_none()
    if award is None:
        return None
    outcome = tender.outcome if tender.opened else None
    ranking, totals = (outcome.ranking, outcome.totals) if outcome else ([], {})
    name = answer.identifier
    return Result(
        award,
        award.agency_id == answer.agency_id,
        may_object(session, award, answer.agency_id),
        ranking.index(name) + 1 if name in ranking else None,
        len(ranking),
        totals.get(name),
        max(totals.values(), default=None),
    )


def may_object(session: Session, award: Award, organisation_id: int | None) -> bool:
    """Whether an organisation that answered and was not chosen may object to the award now."""
    if organisation_id is None or organisation_id == award.agency_id:
        return False
    if award.state not in ("proposed", "objected") or clock.now() >= award.public_until:
        return False
    own = select(Objection.id).where(Objection.award_id == award.id, Objection.objector_id == organisation_id)
    return session.scalar(own) is None and participants_of(session, award.tender_id, organisation_id)


def not_chosen(session: Session, tender: Tender, winner: int) -> set[int]:
    """The agencies that answered a tender and were not chosen; none that took its answer back."""
    found: set[int] = set()
    kinds: tuple[Any, ...] = (Quote, Bid)
    for kind in kinds:
        answers = select(kind.agency_id).where(kind.tender_id == tender.id, not_taken_back(kind))
        found |= set(session.scalars(answers))
    return found - {winner}


def invited_told(tender: Tender) -> int | None:
    """How many were invited, where the rules let whoever may read the tender know by now.

    For sealed bids never before the deadline: who knows how few compete may agree with them.
    """
    if tender.openness != "invited" or tender.way.invites_one:
        return None
    since = policy.get(tender.policy_version).text(f"tender.tell_invited.{tender.funds}")
    over = tender.state not in ("draft", "published")
    told = (since == "always" and not tender.way.sealed) or (since != "never" and over)
    return len(tender.invitations) if told else None
