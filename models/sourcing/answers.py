"""What came in for a tender, quotes or sealed bids, and who may see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select, union_all
from sqlalchemy.orm import Session

from models.actors import Actor
from models.events import Event
from models.sourcing.bids import Bid
from models.sourcing.clarifications import Clarification
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Invitation, Tender


def answers_to(session: Session, tender: Tender) -> list[Any]:
    """The quotes or sealed bids of a tender that were not withdrawn.

    In the order of their ranking where there is one, else cheapest first where a price is there to see.
    """
    case_class: Any = tender.way.answer_class
    query = select(case_class).where(case_class.tender_id == tender.id, case_class.state != "withdrawn")
    found = list(session.scalars(query.order_by(tender.way.sorted_by(tender))).unique())
    ranking = tender.outcome.ranking if tender.outcome and tender.opened else []
    return sorted(
        found, key=lambda a: ranking.index(a.identifier) if a.identifier in ranking else len(ranking)
    )


def shown_to(tender: Tender, answers: list[Any], actor: Actor) -> list[Any]:
    """Those of the answers an actor may see.

    Sealed bids nobody's but one's own before the opening and all after it; quotes only the buyer's side and
    its overseers, and each agency its own; of sealed quotes nobody but their agencies.
    """
    own = actor.organisation_id or 0
    return [a for a in answers if a.agency_id == own or tender.way.shows(tender, a, actor)]


def live_answers(session: Session, tender: Tender, *, besides: Quote | None = None) -> int:
    """How many quotes (or sealed bids) of a tender still stand; `besides` one of them."""
    case_class = tender.way.answer_class
    standing = select(func.count()).where(
        case_class.tender_id == tender.id, case_class.state.in_(case_class.live)
    )
    if besides is not None:
        standing = standing.where(case_class.id != besides.id)
    return session.scalar(standing) or 0


def participants_of(session: Session, tender_id: int, organisation_id: int | None) -> bool:
    """Whether an organisation answered a tender and did not take its answer back."""
    found = (
        session.scalar(
            select(kind.id).where(
                kind.tender_id == tender_id, kind.agency_id == (organisation_id or 0), not_taken_back(kind)
            )
        )
        for kind in (Quote, Bid)
    )
    return any(found)


def not_taken_back(kind: type[Quote] | type[Bid]) -> ColumnElement[bool]:
    """Of the quotes or the bids, those their agencies did not withdraw."""
    if kind is Bid:
        return Bid.state != "withdrawn"
    withdrawn = select(Event.id).where(
        Event.case_type == "quote", Event.case_identifier == Quote.identifier, Event.kind == "quote.withdraw"
    )
    return ~withdrawn.exists()


def answered(session: Session, tender_id: int, known: Collection[int], *, shown: bool) -> set[int]:
    """The organisations invited to a tender, and those that answered it and did not withdraw.

    Of these the `known` ones, and all where the answers are `shown` by now; but no other's whose quote stayed
    under its seal.
    """
    open_by_now: dict[type[Quote] | type[Bid], ColumnElement[bool]] = {
        Quote: Quote.sealed.is_(None),
        Bid: Bid.state.in_(("opened", "disqualified")),
    }
    answers: list[Any] = [
        select(kind.agency_id).where(
            kind.tender_id == tender_id,
            kind.state != "withdrawn",
            or_(kind.agency_id.in_(known), can_be_read if shown else false()),
        )
        for kind, can_be_read in open_by_now.items()
    ]
    return set(
        session.scalars(
            union_all(select(Invitation.agency_id).where(Invitation.tender_id == tender_id), *answers)
        )
    )


def concerned(session: Session, tender: Tender) -> set[int]:
    """The organisations a change of the tender matters to.

    Invited, with an answer that stands or could be handed in again, or a question.
    """
    found = {invitation.agency_id for invitation in tender.invitations}
    found |= set(session.scalars(select(Clarification.asker_id).where(Clarification.tender_id == tender.id)))
    for case_class, gone in ((Quote, ("declined", "expired")), (Bid, ("void",))):
        query = select(case_class.agency_id).where(
            case_class.tender_id == tender.id, case_class.state.not_in(gone)
        )
        found |= set(session.scalars(query))
    return found
