"""The deadline of a tender: its answers are counted, and what follows too few is as the policy says."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.sourcing.actions import keys
from market.sourcing.actions.cancelling import end, lapse
from market.sourcing.actions.common import also_notify
from market.sourcing.actions.tenders import keep_standing
from market.timekeeping import surely
from market.transaction import action, sealing_key
from models import clock, draws, policy, workdays
from models.actors import SYSTEM, Actor
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing import (
    MODES,
    Bid,
    Clarification,
    Link,
    Outcome,
    Quote,
    Tender,
    concerned,
    planned_draws,
    reveal,
)
from models.sourcing.related_bidders import aside, counted, links_among
from models.workflow import check_role, perform


@surely
def close(actor: Actor, identifier: str, *, submission: str = "") -> str:
    """The deadline (or the buyer, where it may).

    Count the answers and go on, or move the deadline once where there are too few, which the keeper hears of
    after; or do then what the policy says.
    """
    _close(actor, identifier, submission=submission)
    keys.settle_at_hand(identifier)
    return identifier


@action
def _close(session: Session, actor: Actor, identifier: str) -> str:
    tender = Tender.load(session, identifier, lock=True)
    count, links, rules = *_counted(session, tender), tender.rules
    check_role(session, tender, "close", actor, tender.workflow.find(tender.state, "close").who)
    if tender.closes_at <= clock.now():
        actor = SYSTEM  # it is the clock that acts, whoever noticed first
    if count < rules.least and actor is SYSTEM:
        if rules.extend_days and not tender.extended:
            return _extend(session, tender, rules.extend_days)
        if rules.too_few in MODES and count:
            return _turn(session, tender, count, rules.too_few)
    perform(session, tender, "close", actor, data={"count": count} | _frozen(session, tender, links))
    tender.outcome = Outcome(linked=links) if links else None
    if actor is not SYSTEM and not count:
        raise RuleViolation(N_("还没有收到报价,不能提前截止。"))
    lapse(session, Clarification, tender)
    if count < rules.least and not (rules.too_few == "go_on" and count):
        perform(session, tender, "fail", SYSTEM, data={"count": count, "minimum": rules.least})
        end(session, tender)
    elif not tender.way.sealed:
        _reveal(session, tender)
        perform(session, tender, "evaluate", SYSTEM, data={"count": count})
    return identifier


def _counted(session: Session, tender: Tender) -> tuple[int, list[Link]]:
    """How many answers stand, linked agencies counted once, and which are linked."""
    found = tender.way.standing(session, tender)
    links = links_among(session, tender, found)
    return counted(len(found), links), links


def _reveal(session: Session, tender: Tender) -> None:
    """The deadline has come: the buyer reads every quote, all at once."""
    for quote in session.scalars(
        select(Quote).where(Quote.tender_id == tender.id, Quote.sealed.is_not(None)).with_for_update(of=Quote)
    ):
        if not quote.workflow.states[quote.state].terminal:
            reveal(quote, sealing_key())


def _extend(session: Session, tender: Tender, days: int) -> str:
    """Move the deadline once, and tell nobody how many answers there are."""
    tender.extended, tender.deadline = True, tender.way.deadline_on(workdays.add(clock.now(), days))
    happened = perform(session, tender, "extend", SYSTEM, data={"deadline": tender.deadline.isoformat()})
    keep_standing(session, tender)
    also_notify(happened, concerned(session, tender))
    return tender.identifier


def _turn(session: Session, tender: Tender, count: int, mode: str) -> str:
    """Too few for its mode: the same tender is answered anew in another, and no bid is ever opened."""
    told = concerned(session, tender)
    for bid in session.scalars(
        select(Bid).where(Bid.tender_id == tender.id, Bid.state == "submitted").with_for_update(of=Bid)
    ):
        perform(session, bid, "void", SYSTEM)
    tender.mode = mode
    tender.deadline = workdays.add(clock.now(), policy.get(tender.policy_version).number("tender.usual_days"))
    happened = perform(
        session, tender, "turn", SYSTEM, data={"count": count, "deadline": tender.deadline.isoformat()}
    )
    also_notify(happened, told)
    return tender.identifier


def _frozen(session: Session, tender: Tender, links: list[Link]) -> dict[str, str]:
    """Fix the lists of a sealed tender's draws, before a word of any bid can be read.

    Bidders that are linked have one place in the order. Returns what the event tells: one hash over all
    receipts.
    """
    bids = list(
        session.scalars(
            select(Bid).where(Bid.tender_id == tender.id, Bid.state == "submitted").order_by(Bid.id)
        )
    )
    if not bids:
        return {}
    names = [bid.identifier for bid in bids]
    own, plans = [name for name in names if name not in aside(links)], planned_draws()
    for draw in draws.of_case(session, tender.identifier):
        planned = plans[draw.purpose]
        candidates = planned.candidates(own, tender.policy_version)
        draws.freeze(draw, candidates, planned.picks or len(candidates), names)
    return {"receipts": hashlib.sha256("\n".join(sorted(bid.receipt for bid in bids)).encode()).hexdigest()}
