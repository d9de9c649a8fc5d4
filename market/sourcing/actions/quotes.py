"""Quotes and the bargaining over them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.sourcing.actions.common import answering
from market.transaction import action, sealing_key
from models import clock, identifiers, workdays
from models.actors import SYSTEM, Actor
from models.agencies import eligibility, fees
from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_
from models.pricing import Quantity
from models.sourcing.answers import concerned, live_answers
from models.sourcing.awards import standing_award
from models.sourcing.quotes import (
    Quote,
    add_offer,
    check_offer,
    check_terms,
    restore_offer,
    seal_terms,
    sealed_terms,
)
from models.sourcing.tenders import Tender
from models.workflow import perform, permit, start


@action
def submit(session: Session, actor: Actor, identifier: str, *, price: int, days: int, note: str = "") -> str:
    """An agency answers an inquiry.

    Where quotes are hidden until the deadline it is kept sealed, and may be replaced until then. Returns the
    quote's identifier.
    """
    tender = Tender.lock(session, identifier)
    if tender.way.answer_class is not Quote:
        raise RuleViolation(N_("这项需求要密封投标,不接收公开报价。"))
    agency, schedule = answering(session, actor, tender)
    earlier = (
        select(Quote)
        .where(Quote.tender_id == tender.id, Quote.agency_id == agency.id)
        .with_for_update(of=Quote)
    )
    before = session.scalars(earlier).one_or_none()
    if before is not None and before.sealed is None:
        raise RuleViolation(N_("贵机构已经报过价,请在原报价上议价。"))
    ceiling = fees.check_price(schedule, Quantity.of(tender.quantity), price)
    terms: Json = {"price": price, "days": days, "note": note, "published_price": ceiling}
    if before is not None:
        permit(session, before, "replace", actor)
        seal_terms(before, sealing_key(), **terms)
        perform(session, before, "replace", actor)
        return before.identifier
    hidden = tender.rules.hidden
    quote = Quote(
        identifier=identifiers.issue(session, Quote),
        tender=tender,
        buyer_id=tender.buyer_id,
        agency=agency,
        published_price=None if hidden else ceiling,
        stands_until=workdays.add(max(tender.deadline, clock.now()), 20),
    )
    if hidden:
        seal_terms(quote, sealing_key(), **terms)
    else:
        add_offer(quote, "agency", price, days, note)
    start(session, quote, actor, "submit", notify=("buyer",))
    return quote.identifier


def own_terms(actor: Actor, quote: Quote) -> Json:
    """What an agency has under the seal of its own quote; empty for everybody else."""
    mine = actor.organisation_id is not None and actor.organisation_id == quote.agency_id
    return sealed_terms(quote, sealing_key()) if mine else {}


def _ceiling(session: Session, quote: Quote, price: int) -> int:
    """What the agency's published fees allow for the tender as it now stands.

    RuleViolation if the price is above.
    """
    schedule = eligibility.check_eligible(session, quote.agency, quote.tender.item, "quote")
    return fees.check_price(schedule, Quantity.of(quote.tender.quantity), price)


@action
def offer(session: Session, actor: Actor, identifier: str, *, price: int, days: int, note: str = "") -> str:
    """The next turn of a negotiation, by whoever's turn it is."""
    quote = Quote.lock(session, identifier)
    if quote.sealed is not None:
        raise RuleViolation(N_("截止前报价不公开,不能议价;可以更换或者撤回报价。"))
    by = "buyer" if quote.state == "open" else "agency"
    permit(session, quote, "offer", actor)
    ceiling = _ceiling(session, quote, price)
    check_offer(quote, price, days)
    perform(session, quote, "offer", actor, data={"by": by})
    quote.published_price = ceiling
    add_offer(quote, by, price, days, note)
    return identifier


@action
def accept(session: Session, actor: Actor, identifier: str) -> str:
    """Agree to the other side's last price, as long as it keeps within the tender and the published fees."""
    quote = Quote.lock(session, identifier)
    permit(session, quote, "accept", actor)
    if quote.price is None or quote.days is None:
        raise RuleViolation(N_("截止前报价不公开,不能议价;可以更换或者撤回报价。"))
    check_terms(quote.tender, quote.price, quote.days)
    quote.published_price = _ceiling(session, quote, quote.price)
    perform(session, quote, "accept", actor, data={"price": quote.price})
    return identifier


def _end(session: Session, actor: Actor, quote: Quote, act: str) -> None:
    tender = quote.tender
    permit(session, quote, act, actor)
    last = tender.state == "evaluated" and not live_answers(session, tender, besides=quote)
    if last and act == "decline" and "buyer" in quote.roles_of(actor) and tender.cancels_with_consent:
        raise RuleViolation(N_("这是最后一份报价:谢绝它就等于取消采购,请按规则列明的情形申请取消。"))
    told = concerned(session, tender) - {quote.agency_id} if last else set()
    perform(session, quote, act, actor)
    if last:
        perform(session, tender, "fail", SYSTEM, data={"count": 0}, also_notify=told)


@action
def decline(session: Session, actor: Actor, identifier: str) -> str:
    """Either side is done with it.

    RuleViolation where the buyer would so end what it may only cancel with consent.
    """
    _end(session, actor, Quote.lock(session, identifier), "decline")
    return identifier


@action
def withdraw(session: Session, actor: Actor, identifier: str) -> str:
    """The agency takes it back while the buyer has not answered."""
    _end(session, actor, Quote.lock(session, identifier), "withdraw")
    return identifier


@action
def expire(session: Session, actor: Actor, identifier: str) -> str:
    """Its time is over, or only that of the buyer's counter-offer. One that was chosen has no such time."""
    quote = Quote.lock(session, identifier)
    if standing_award(session, quote.tender_id, quote.agency_id):
        quote.due_at = None
        return identifier
    own = restore_offer(quote)
    if own is not None:
        perform(session, quote, "stand", actor, data={"price": own.price})
    else:
        _end(session, actor, quote, "expire")
    return identifier
