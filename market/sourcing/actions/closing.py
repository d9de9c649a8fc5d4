"""The deadline of a tender: its answers are counted, and what follows too few is as the policy says."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.sourcing.actions import keys
from market.sourcing.actions.cancelling import end, lapse
from market.sourcing.actions.tenders import tell_deadline
from market.timekeeping import surely
from market.transaction import action, sealing_key
from models import clock, draws, policy, workdays
from models.actors import SYSTEM, Actor
from models.credit import restrictions
from models.credit.restrictions import ENGAGED
from models.i18n import N_
from models.sourcing.answers import concerned
from models.sourcing.bids import Bid
from models.sourcing.clarifications import Clarification
from models.sourcing.modes import MODES, planned_draws
from models.sourcing.outcomes import Link, Outcome
from models.sourcing.quotes import Quote, reveal
from models.sourcing.related_bidders import aside, counted, links_among
from models.sourcing.tenders import Tender
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
    tender = Tender.lock(session, identifier)
    stopped = _stopped(session, tender)
    count, links = _counted(session, tender, stopped)
    check_role(session, tender, "close", actor, tender.workflow.find(tender.state, "close").who)
    if tender.closes_at <= clock.now():
        actor = SYSTEM  # it is the clock that acts, whoever noticed first
    rules = tender.rules
    follows = rules.follows(count, early=actor is not SYSTEM, extended=tender.extended)
    if follows == "extend":
        return _extend(session, tender, rules.extend_days)
    if follows in MODES:
        return _turn(session, tender, count, follows)
    _leave_out(session, tender, stopped)
    perform(session, tender, "close", actor, data={"count": count} | _frozen(session, tender, links))
    tender.outcome = Outcome(linked=links) if links else None
    lapse(session, Clarification, tender)
    if follows == "fail":
        told = {"count": count, "minimum": rules.least}
        perform(session, tender, "fail", SYSTEM, data=told, also_notify=concerned(session, tender))
        end(session, tender)
    elif not tender.way.sealed:
        _reveal(session, tender)
        perform(session, tender, "evaluate", SYSTEM, data={"count": count})
    return identifier


def _stopped(session: Session, tender: Tender) -> set[int]:
    """Those who answered and may not be awarded, or sign, as things stand."""
    answered = {each.agency_id for each in tender.way.standing(session, tender)}
    found = restrictions.restrictions(session, answered)
    return {key for key, stops in found.items() if restrictions.stopping(stops, ENGAGED)}


def _leave_out(session: Session, tender: Tender, stopped: set[int]) -> None:
    """Their bids stay sealed: they are in no draw, no opening and no scoring."""
    mine = select(Bid).where(Bid.tender_id == tender.id, Bid.state == "submitted", Bid.agency_id.in_(stopped))
    for bid in session.scalars(mine.order_by(Bid.id).with_for_update(of=Bid)) if stopped else ():
        perform(session, bid, "void", SYSTEM, reason=N_("截止时受到限制,不能中选,这份投标没有拆封。"))


def _counted(session: Session, tender: Tender, stopped: set[int]) -> tuple[int, list[Link]]:
    """How many answers stand that could be awarded, linked agencies counted once, and which are linked."""
    found = [each for each in tender.way.standing(session, tender) if each.agency_id not in stopped]
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
    tell_deadline(session, tender, "extend", SYSTEM)
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
    about = {"count": count, "deadline": tender.deadline.isoformat()}
    perform(session, tender, "turn", SYSTEM, data=about, also_notify=told)
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
