"""The live auction: it starts with the opened prices, is undercut and prolonged, and ends."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.sourcing.actions.revealing import lay_open, rank_bids, taken_out
from market.transaction import action
from models import clock, money, policy
from models.actors import SYSTEM, Actor
from models.errors import RuleViolation, WrongState
from models.i18n import N_
from models.sourcing.bids import Bid, LivePrice, lowest, step
from models.sourcing.ranking import told_links
from models.sourcing.tenders import Tender
from models.workflow import perform, permit


def begin(session: Session, tender: Tender) -> None:
    """The prices are open: bidders undercut one another for as long as the policy says."""
    minutes = policy.get(tender.policy_version).number("choosing.auction_minutes")
    tender.auction_started_at = clock.now()
    tender.auction_ends_at = clock.now() + timedelta(minutes=minutes)
    perform(session, tender, "start_auction", SYSTEM, data={"until": tender.auction_ends_at.isoformat()})


@action
def undercut(session: Session, actor: Actor, identifier: str, *, price: int) -> str:
    """A lower price in a live auction; in the last minutes it moves the end.

    Returns the tender's identifier.
    """
    bid = Bid.lock(session, identifier)
    tender = bid.tender
    permit(session, bid, "undercut", actor)
    best = lowest(session, tender)
    most = best - step(tender, best)
    if not 0 < price <= most:
        raise RuleViolation(
            N_("现在最低 %(best)s,新的价格不能高于 %(most)s。"),
            "price",
            best=money.show(best),
            most=money.show(most),
        )
    perform(session, bid, "undercut", actor, data={"price": price})
    bid.price = price
    _prolong(session, tender)
    at = clock.arrival(session)
    session.add(LivePrice(tender_id=tender.id, bid=bid, price=price, at=at, ends_at=tender.auction_ends_at))
    return tender.identifier


def _prolong(session: Session, tender: Tender) -> None:
    """A price in the last minutes moves the end to that long after it, up to the policy's longest auction."""
    book, begun = policy.get(tender.policy_version), tender.auction_started_at
    if begun is None or tender.auction_ends_at is None:
        raise WrongState(N_("现在没有进行中的网上竞价。"))
    latest = begun + timedelta(minutes=book.number("choosing.auction_longest_minutes"))
    wanted = min(
        latest,
        clock.arrival(session) + timedelta(minutes=book.number("choosing.auction_extend_within_minutes")),
    )
    if wanted > tender.auction_ends_at:
        tender.auction_ends_at = wanted
        perform(session, tender, "prolong", SYSTEM, data={"until": wanted.isoformat()})


@action
def end(session: Session, actor: Actor, identifier: str) -> str:
    """The auction is over: all is open, the lowest price comes first, and everyone sees who gave which."""
    tender = Tender.lock(session, identifier)
    permit(session, tender, "end_auction", actor)
    took = select(Bid).where(
        Bid.tender_id == tender.id, Bid.state.in_(("opened", "disqualified")), Bid.price.is_not(None)
    )
    bids = list(session.scalars(took.order_by(Bid.id).with_for_update(of=Bid)))
    told, opened = told_links(tender), [bid.agency_id for bid in bids if bid.state == "opened"]
    perform(session, tender, "end_auction", actor, data=told, also_notify=opened)
    lay_open(session, bids, {bid.identifier: taken_out(bid) for bid in bids})
    rank_bids(session, tender, bids)
    return identifier
