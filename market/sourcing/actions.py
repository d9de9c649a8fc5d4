"""From a need to an award: what buyers and agencies do, and what the clock does for them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts.drafting import draft_contract
from market.extensions import db
from market.sourcing.proposing import commit_to_draw, drawn_as, propose
from market.transaction import action, sealing_key
from models import agencies, clock, draws, events, identifiers, sealing, workdays
from models.accounts import Organisation, authority_for
from models.actors import SYSTEM, Actor
from models.base import Json
from models.catalogue import item_by_code
from models.pricing import Quantity
from models.regions import Region
from models.sourcing import (
    FUNDS,
    MODES,
    OPENNESS,
    Award,
    Bid,
    Invitation,
    Quote,
    Request,
    add_offer,
    check_terms,
    live_answers,
)
from models.text import N_, NotAllowed, RuleBroken
from models.workflow import perform, start


def _buyer(session: Session, actor: Actor, on_behalf_of: int | None) -> int:
    """Whom a new request is for: the actor's own enterprise, or one that delegated this to it."""
    wanted = actor.organisation_id if on_behalf_of is None else on_behalf_of
    if wanted in actor.buyers() and wanted is not None:
        return wanted
    if on_behalf_of is not None and on_behalf_of != actor.organisation_id:
        raise NotAllowed(N_("您没有得到这家单位的采购委托。"))
    raise NotAllowed(N_("只有项目业主或其受托人可以发布采购需求。"))


def _fill(session: Session, actor: Actor, request: Request, *, item_code: str, region_code: str, project: str, description: str,
          quantity: Json, budget: int | None, mode: str, funds: str, openness: str, deadline: datetime,
          invited: list[str]) -> None:  # fmt: skip
    """Take a form's values into a draft the actor may act on; RuleBroken at the field that is wrong."""
    item = item_by_code(session, item_code)
    if item is None or item.withdrawn_on is not None:
        raise RuleBroken(N_("清单里没有这个服务事项。"), "item_code")
    if session.scalar(select(Region.id).where(Region.code == region_code)) is None:
        raise RuleBroken(N_("请选择项目所在地区。"), "region_code")
    if not 4 <= len(project.strip()) <= 200:
        raise RuleBroken(N_("项目名称应为 4 到 200 个字。"), "project")
    for value, known, field in ((mode, MODES, "mode"), (funds, FUNDS, "funds"), (openness, OPENNESS, "openness")):
        if value not in known:
            raise RuleBroken(N_("请选择一项。"), field)
    if budget is not None and not budget > 0:
        raise RuleBroken(N_("金额应大于 0,且不超过 100 亿元。"), "budget")
    item.check_quantity(quantity)
    request.item_id, request.item = item.id, item
    request.region_code, request.project, request.description = region_code, project.strip(), description.strip()
    request.quantity, request.budget, request.mode, request.funds = quantity, budget, mode, funds
    request.openness, request.deadline = openness, deadline
    department = authority_for(session, "department", item.department, region_code)
    request.department_id = department.id if department else None
    named = session.scalars(select(Organisation).where(Organisation.identifier.in_(invited), Organisation.kind == "agency"))
    request.invitations = [Invitation(agency_id=agency.id) for agency in named]
    if "buyer" not in request.roles_of(actor):
        raise RuleBroken(N_("受托采购须设预算上限,且不超过委托的金额。"), "budget")


@action
def create_request(session: Session, actor: Actor, *, on_behalf_of: int | None = None, **values: object) -> str:
    """Start a draft. Returns its identifier."""
    request = Request(identifier=identifiers.issue(session, "Q"), buyer_id=_buyer(session, actor, on_behalf_of))
    with session.no_autoflush:
        _fill(session, actor, request, **values)  # type: ignore[arg-type]
    start(session, request, actor, "create")
    return request.identifier


@action
def edit_request(session: Session, actor: Actor, identifier: str, **values: object) -> str:
    request = Request.load(session, identifier, lock=True)
    perform(session, request, "edit", actor)
    with session.no_autoflush:
        _fill(session, actor, request, **values)  # type: ignore[arg-type]
    return identifier


@action
def publish(session: Session, actor: Actor, identifier: str) -> str:
    """Open the request to answers; a sealed bid gets its key pair now."""
    request = Request.load(session, identifier, lock=True)
    request.published_at = clock.now()
    if request.mode == "sealed_bid":
        request.public_key, request.wrapped_key = sealing.make_pair(sealing_key())
    happened = perform(session, request, "publish", actor, data={"item": request.item.name, "deadline": request.deadline.isoformat()})
    happened.tells = {"organisations": sorted(i.agency_id for i in request.invitations)}
    return identifier


@action
def cancel(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    request = Request.load(session, identifier, lock=True)
    perform(session, request, "cancel", actor, reason=reason)
    _turn_away(session, actor, request, None)
    return identifier


def _turn_away(session: Session, actor: Actor, request: Request, winner: int | None) -> None:
    """Close what other answers are still open, for whoever did not win."""
    for quote in session.scalars(select(Quote).where(Quote.request_id == request.id).with_for_update(of=Quote)):
        if quote.agency_id != winner and quote.state in ("open", "countered", "agreed"):
            perform(session, quote, "decline", SYSTEM)
    for bid in session.scalars(select(Bid).where(Bid.request_id == request.id).with_for_update(of=Bid)):
        if bid.state == "submitted":
            perform(session, bid, "void", SYSTEM)


@action
def close(session: Session, actor: Actor, identifier: str) -> str:
    """The deadline (or the buyer, where it may): count the answers, open the bids or begin the comparison."""
    request = Request.load(session, identifier, lock=True)
    perform(session, request, "close", actor)
    count = live_answers(session, request)
    if count < request.minimum_bidders:
        perform(session, request, "fail", SYSTEM, data={"count": count, "minimum": request.minimum_bidders})
        _turn_away(session, SYSTEM, request, None)
        return identifier
    evaluated = perform(session, request, "evaluate", SYSTEM, data={"count": count})
    if request.mode == "sealed_bid":
        _open_bids(session, request)
        evaluated.data = {**evaluated.data, **commit_to_draw(session, request)}
    return identifier


def _open_bids(session: Session, request: Request) -> None:
    """Open every submitted bid at once, each exactly once."""
    query = select(Bid).where(Bid.request_id == request.id, Bid.state == "submitted").order_by(Bid.id)
    for bid in session.scalars(query.with_for_update(of=Bid)):
        content = json.loads(sealing.open_sealed(sealing_key(), request.wrapped_key or b"", bid.sealed))
        bid.price, bid.days, bid.note = content["price"], content["days"], content["note"]
        bid.published_price = content["published_price"]
        perform(session, bid, "open", SYSTEM, data={"receipt": bid.receipt})


def _agency(session: Session, actor: Actor, request: Request) -> tuple[Organisation, agencies.FeeSchedule]:
    """The answering agency and the fee schedule it may offer under."""
    if "agency" not in actor.roles or actor.organisation_id is None:
        raise NotAllowed(N_("只有中介机构可以报价或投标。"))
    request.takes_offers()
    if request.openness == "invited" and all(i.agency_id != actor.organisation_id for i in request.invitations):
        raise NotAllowed(N_("这项需求只接收受邀机构的报价。"))
    agency = session.get_one(Organisation, actor.organisation_id)
    return agency, agencies.check_eligible(session, agency, request.item)


def published_price(actor: Actor, request: Request) -> int:
    """What the actor's published fees make this request cost, in fen. Problem, naming the rule that stops an answer."""
    schedule = _agency(db.session, actor, request)[1]
    return schedule.price(Quantity.of(request.quantity))


@action
def submit_quote(session: Session, actor: Actor, identifier: str, *, price: int, days: int, note: str = "") -> str:
    """An agency answers an inquiry. Returns the quote's identifier."""
    request = Request.load(session, identifier, lock=True)
    if request.mode != "inquiry":
        raise RuleBroken(N_("这项需求要密封投标,不接收公开报价。"))
    agency, schedule = _agency(session, actor, request)
    if session.scalar(select(Quote.id).where(Quote.request_id == request.id, Quote.agency_id == agency.id)):
        raise RuleBroken(N_("贵机构已经报过价,请在原报价上议价。"))
    ceiling = agencies.check_price(schedule, Quantity.of(request.quantity), price)
    quote = Quote(
        identifier=identifiers.issue(session, "P"),
        request=request,
        buyer_id=request.buyer_id,
        agency=agency,
        region_code=request.region_code,
        policy_version=request.policy_version,
        published_price=ceiling,
        price=price,
        days=days,
        stands_until=workdays.add(max(request.deadline, clock.now()), 20),
    )
    with session.no_autoflush:
        add_offer(quote, "agency", price, days, note)
    start(session, quote, actor, "submit", tells=("buyer",))
    return quote.identifier


def _quote(session: Session, identifier: str) -> Quote:
    """The quote, its request locked first: the order in which an award takes them too."""
    Request.load(session, Quote.load(session, identifier).request.identifier, lock=True)
    return Quote.load(session, identifier, lock=True)


@action
def offer(session: Session, actor: Actor, identifier: str, *, price: int, days: int, note: str = "") -> str:
    """The next turn of a negotiation, by whoever's turn it is."""
    quote = _quote(session, identifier)
    by = "buyer" if quote.state == "open" else "agency"
    perform(session, quote, "offer", actor, data={"by": by})
    schedule = agencies.check_eligible(session, quote.agency, quote.request.item)
    agencies.check_price(schedule, Quantity.of(quote.request.quantity), price)
    add_offer(quote, by, price, days, note)
    return identifier


def _quote_act(act: str):  # type: ignore[no-untyped-def]
    def run(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
        quote = _quote(session, identifier)
        perform(session, quote, act, actor, reason=reason, data={"price": quote.price} if act == "accept" else None)
        if quote.request.state == "evaluated" and not live_answers(session, quote.request):
            perform(session, quote.request, "fail", SYSTEM, data={"count": 0})
        return identifier

    run.__name__ = f"{act}_quote"
    return action(run)


accept_quote = _quote_act("accept")
decline_quote = _quote_act("decline")
withdraw_quote = _quote_act("withdraw")
expire_quote = _quote_act("expire")


@action
def submit_bid(session: Session, actor: Actor, identifier: str, *, price: int, days: int, note: str = "") -> str:
    """Seal a bid, or replace the one there is. Returns the bid's identifier; its receipt is on its page."""
    request = Request.load(session, identifier, lock=True)
    if request.mode != "sealed_bid" or request.public_key is None:
        raise RuleBroken(N_("这项需求现在不接收密封投标。"))
    agency, schedule = _agency(session, actor, request)
    ceiling = agencies.check_price(schedule, Quantity.of(request.quantity), price)
    check_terms(request, price, days)
    content = {"price": price, "days": days, "note": note.strip()[:500], "published_price": ceiling}
    sealed = sealing.seal(request.public_key, json.dumps(content, ensure_ascii=False).encode())
    receipt = hashlib.sha256(sealed).hexdigest()
    bid = session.scalars(
        select(Bid).where(Bid.request_id == request.id, Bid.agency_id == agency.id).with_for_update(of=Bid)
    ).one_or_none()
    if bid is not None:
        bid.sealed, bid.receipt, bid.received_at = sealed, receipt, clock.now()
        perform(session, bid, "replace", actor, data={"receipt": receipt})
        return bid.identifier
    bid = Bid(
        identifier=identifiers.issue(session, "B"),
        request=request,
        agency=agency,
        region_code=request.region_code,
        policy_version=request.policy_version,
        sealed=sealed,
        receipt=receipt,
        received_at=clock.now(),
    )
    start(session, bid, actor, "submit", data={"receipt": receipt})
    return bid.identifier


@action
def withdraw_bid(session: Session, actor: Actor, identifier: str) -> str:
    bid = Bid.load(session, identifier)
    Request.load(session, bid.request.identifier, lock=True)
    bid = Bid.load(session, identifier, lock=True)
    perform(session, bid, "withdraw", actor)
    return identifier


@action
def contribute(session: Session, actor: Actor, identifier: str, *, value: str) -> str:
    """A candidate adds a text of its own to a draw before it is run. Returns the request's identifier."""
    draw = draws.load(session, identifier)
    request = Request.load(session, draw.case_identifier, lock=True)
    draw = draws.load(session, identifier, lock=True)
    mine = select(Bid).where(Bid.request_id == request.id, Bid.agency_id == actor.organisation_id)
    bid = session.scalars(mine).one_or_none()
    draws.contribute(draw, drawn_as(bid) if bid else "", value)
    events.record(
        session, actor, "request.contribute", "request", request.identifier, audience="public",
        data={"title": request.title, "value": value.strip()},
    )  # fmt: skip
    return request.identifier


@action
def award(session: Session, actor: Actor, identifier: str, *, agency: str = "", reasons: str = "") -> str:
    """The buyer names the winner, with reasons. Returns the award's identifier."""
    request = Request.load(session, identifier, lock=True)
    perform(session, request, "award", actor)
    chosen = propose(session, actor, request, agency, reasons)
    _turn_away(session, actor, request, chosen.agency_id)
    if chosen.public_until <= clock.now():
        _finalise(session, chosen)
    return chosen.identifier


def _finalise(session: Session, chosen: Award) -> None:
    perform(session, chosen, "finalise", SYSTEM)
    perform(session, chosen.request, "contract", SYSTEM)
    draft_contract(session, chosen)


@action
def finalise(session: Session, actor: Actor, identifier: str) -> str:
    """The publicity period is over: the award stands and the contract is drafted."""
    request = Award.load(session, identifier).request.identifier
    Request.load(session, request, lock=True)
    chosen = Award.load(session, identifier, lock=True)
    chosen.workflow.find(chosen.state, "finalise")
    _finalise(session, chosen)
    return identifier


@action
def annul(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator annuls an award in its publicity period; the buyer decides anew."""
    request = Request.load(session, Award.load(session, identifier).request.identifier, lock=True)
    chosen = Award.load(session, identifier, lock=True)
    perform(session, chosen, "annul", actor, reason=reason)
    reopened = perform(session, request, "reopen", SYSTEM)
    if request.mode == "sealed_bid":
        reopened.data = {**reopened.data, **commit_to_draw(session, request)}
    return identifier
