"""What several acts of sourcing share."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.extensions import db
from models import clock
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.agencies import eligibility, fees
from models.conflicts import keep_apart
from models.credit import abandoned
from models.errors import NotAllowed
from models.i18n import N_
from models.pricing import Quantity
from models.sourcing.bids import Bid
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from models.workflow import perform


def answering(session: Session, actor: Actor, tender: Tender) -> tuple[Organisation, fees.FeeSchedule]:
    """The answering agency and the fee schedule it may offer under.

    Problem, naming the rule that stops it.
    """
    if "agency" not in actor.roles or actor.organisation_id is None:
        raise NotAllowed(N_("只有中介机构可以报价或投标。"))
    tender.check_accepts_offers(clock.arrival(session))
    if tender.openness == "invited" and all(i.agency_id != actor.organisation_id for i in tender.invitations):
        raise NotAllowed(N_("这项需求只接收受邀机构的报价。"))
    stand_apart(session, actor, tender)
    agency = session.get_one(Organisation, actor.organisation_id)
    abandoned.check_rerun(session, agency, tender)
    return agency, eligibility.check_eligible(session, agency, tender.item, tender.way.activity)


def stand_apart(session: Session, actor: Actor, tender: Tender) -> None:
    """NotAllowed unless whoever answers (or asks) for its agency has nothing to do with the buyer."""
    keep_apart(session, actor, actor.organisation_id, lambda: {tender.buyer_id})


def published_price(actor: Actor, tender: Tender) -> int:
    """What the actor's published fees make this tender cost, in fen.

    Problem, naming the rule that stops an answer.
    """
    schedule = answering(db.session, actor, tender)[1]
    return schedule.price(Quantity.of(tender.quantity))


def turn_away(session: Session, tender: Tender, winner: int | None = None) -> None:
    """Close what other answers are still open, for whoever did not win."""
    for quote in session.scalars(select(Quote).where(Quote.tender_id == tender.id).with_for_update(of=Quote)):
        if quote.agency_id != winner and quote.state in Quote.live:
            perform(session, quote, "decline", SYSTEM)
    for bid in session.scalars(select(Bid).where(Bid.tender_id == tender.id).with_for_update(of=Bid)):
        if bid.state == "submitted":
            perform(session, bid, "void", SYSTEM)
