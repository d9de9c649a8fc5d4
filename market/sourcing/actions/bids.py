"""Sealed bids: handed in, opened all at once, and undercut in a live auction."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from market.files import Kept, hand_in, keep, put_for, store
from market.sourcing.actions import keys
from market.sourcing.actions.common import answering
from market.sourcing.actions.scoring import start_scoring
from market.transaction import Beforehand, action, arriving, looking, sealing_key
from models import agencies, clock, draws, identifiers, money, policy, sealing
from models.actors import SYSTEM, Actor
from models.base import Json
from models.documents import check
from models.errors import Conflict, Problem, RuleViolation, WrongState
from models.i18n import N_
from models.pricing import Quantity
from models.sourcing import Bid, LivePrice, Tender, check_terms, lowest, step
from models.sourcing.bids import drawn_by, open_up, put_back, take_out
from models.sourcing.ranking import ranked, reference, told_links
from models.sourcing.related_bidders import spread, void
from models.workflow import perform, permit, start


def submit_bid(
    actor: Actor,
    identifier: str,
    *,
    price: int | None,
    days: int,
    note: str = "",
    contribution: str = "",
    file_name: str = "",
    content: bytes = b"",
    submission: str = "",
) -> str:
    """Seal a bid, or replace the one there is. Returns the bid's identifier; its receipt is on its page.

    In a random draw the price is the buyer's, or the agency's published one where that is lower.
    `contribution` is the bidder's own text for the tender's draws, sealed with the rest, as is a file.
    """
    with arriving():
        attached = Beforehand(_attach(actor, identifier, file_name, content) if content else None)
        said = {
            "price": price,
            "days": days,
            "note": note,
            "contribution": contribution,
            "file": hashlib.sha256(content).hexdigest() if content else "",
        }
        return _submit_bid(actor, identifier, **said, attached=attached, submission=submission)


def _attach(actor: Actor, identifier: str, name: str, content: bytes) -> dict[str, str] | None:
    """Keep an attached file sealed.

    Returns what the bid says of it: its name and hash, and the hash of the sealed bytes. None from somebody
    who cannot bid here; the act says why.
    """
    check(content)
    with looking() as session:
        tender = Tender.load(session, identifier)
        try:
            answering(session, actor, tender)
        except Problem:
            return None
    if tender.public_key is None or tender.keeper_key is None:
        return None
    return {
        "name": name[:200],
        "sha256": hashlib.sha256(content).hexdigest(),
        "sealed": put_for(actor, _seal(tender, content)),
    }


@action
def _submit_bid(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    price: int | None,
    days: int,
    note: str,
    contribution: str,
    file: str,
    attached: Beforehand[dict[str, str] | None],
) -> str:
    tender = Tender.lock(session, identifier)
    if not tender.way.sealed or tender.public_key is None or tender.keeper_key is None:
        raise RuleViolation(N_("这项需求现在不接收密封投标。"))
    agency, schedule = answering(session, actor, tender)
    tender.seals(clock.arrival(session))
    if file and attached.got is None:
        raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。"))
    ceiling = schedule.price(Quantity.of(tender.quantity))
    if tender.mode == "random_draw":
        price = min(ceiling, tender.budget or 0)
    if price is None:
        raise RuleViolation(N_("请填写这一项。"), "price")
    agencies.check_price(schedule, Quantity.of(tender.quantity), price)
    check_terms(tender, price, days)
    if len(contribution) > 200:
        raise RuleViolation(N_("请填写 1 到 200 个字符。"), "contribution")
    bid = session.scalars(
        select(Bid).where(Bid.tender_id == tender.id, Bid.agency_id == agency.id).with_for_update(of=Bid)
    ).one_or_none()
    name = bid.identifier if bid is not None else identifiers.issue(session, "B")
    plain, receipt = sealing.commitment(
        {
            "bid": name,
            "tender": identifier,
            "revision": tender.revision,
            "price": price,
            "days": days,
            "note": note.strip()[:4000],
            "published_price": ceiling,
            "contribution": contribution.strip(),
            "file": attached.got,
        }
    )
    sealed, sealed_file = _seal(tender, plain.encode()), (attached.got or {}).get("sealed", "")
    if bid is not None:
        bid.sealed, bid.receipt, bid.sealed_file, bid.received_at = (
            sealed,
            receipt,
            sealed_file,
            clock.arrival(session),
        )
        perform(session, bid, "replace", actor, data={"receipt": receipt})
        return name
    bid = Bid(
        identifier=name,
        tender=tender,
        agency=agency,
        sealed=sealed,
        receipt=receipt,
        sealed_file=sealed_file,
        received_at=clock.arrival(session),
    )
    start(session, bid, actor, "submit", data={"receipt": receipt})
    return name


def _seal(tender: Tender, plain: bytes) -> bytes:
    """To the platform's key for this tender, and over it to the keeper's."""
    return sealing.seal(tender.keeper_key or b"", sealing.seal(tender.public_key or b"", plain))


@action
def withdraw_bid(session: Session, actor: Actor, identifier: str) -> str:
    perform(session, Bid.lock(session, identifier), "withdraw", actor)
    return identifier


@dataclass(frozen=True)
class Unsealed:
    """What was under a bid's seal: its text, and the file it names. No text where the seal is broken."""

    sealed: bytes
    plain: str = ""
    file: Kept | None = None


def open_bids(actor: Actor, identifier: str, *, submission: str = "") -> str:
    """Open every bid of a closed tender, run its draws and rank: one transaction, so all of it or none.

    The seals are undone before it.

    KeeperAway while the key is with a keeper elsewhere; nothing has happened then and the clock tries again.
    """
    return _open_bids(actor, identifier, read=Beforehand(_read(actor, identifier)), submission=submission)


def _read(actor: Actor, identifier: str) -> dict[str, Unsealed] | None:
    """Every bid of a tender that may be opened now, unsealed, by its name.

    None where it may not be, and the act says why.
    """
    outer = keys.half_of(actor, identifier)
    if outer is None:
        return None
    with looking() as session:
        tender = Tender.load(session, identifier)
        bids = session.scalars(_submitted(tender)).all()
    inner = sealing.unwrap(sealing_key(), tender.wrapped_key or b"")
    return {bid.identifier: _unseal(bid, outer, inner) for bid in bids}


def _submitted(tender: Tender) -> Select[Any]:
    return select(Bid).where(Bid.tender_id == tender.id, Bid.state == "submitted").order_by(Bid.id)


def _unseal(bid: Bid, outer: bytes, inner: bytes) -> Unsealed:
    """Undo the seals of a bid and of its file, which is kept."""

    def unsealed(sealed: bytes, sha256: str) -> bytes:
        plain = sealing.open_sealed(inner, sealing.open_sealed(outer, sealed))
        if hashlib.sha256(plain).hexdigest() != sha256:
            raise InvalidTag
        return plain

    try:
        plain = unsealed(bid.sealed, bid.receipt).decode()
        told = json.loads(plain)["file"]
        file = keep(unsealed(store().get(told["sealed"]), told["sha256"])) if told else None
    except (InvalidTag, FileNotFoundError):
        return Unsealed(bid.sealed)
    return Unsealed(bid.sealed, plain, file)


@action
def _open_bids(
    session: Session, actor: Actor, identifier: str, *, read: Beforehand[dict[str, Unsealed] | None]
) -> str:
    tender = Tender.lock(session, identifier)
    permit(session, tender, "open", actor)
    bids = list(session.scalars(_submitted(tender).with_for_update(of=Bid)))
    if read.got is None or any(
        bid.identifier not in read.got or read.got[bid.identifier].sealed != bid.sealed for bid in bids
    ):
        raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。"))
    for bid in bids:
        _open(session, tender, bid, read.got[bid.identifier].plain)
    _strike_linked(session, tender, bids, _links(tender))
    tender.opened_at = clock.now()
    left = any(bid.state == "opened" for bid in bids)
    told: Json = {"count": len(bids)}
    # of an auction all but the prices waits for its end: names, texts, files, the draw, who is linked to whom
    if left and tender.mode == "reverse_auction":
        _put_back(bids, read.got)
    else:
        _lay_open(session, bids, read.got)
        _rank(session, tender, bids)
        told |= told_links(tender)
    perform(session, tender, "open", actor, data=told, also_notify=[bid.agency_id for bid in bids])
    tender.keeper_half = None
    _go_on(session, tender, left)
    return identifier


def _links(tender: Tender) -> list[Json]:
    found: list[Json] = (tender.outcome or {}).get("linked", [])
    return found


def _open(session: Session, tender: Tender, bid: Bid, plain: str) -> None:
    """Open one bid, or find it void and say why."""
    perform(session, bid, "open", SYSTEM, data={"receipt": bid.receipt})
    if not plain:
        perform(session, bid, "disqualify", SYSTEM, reason=N_("密文与回执不符,无法拆封。"))
        return
    content = json.loads(plain)
    bid.price = content["price"]
    if content["revision"] != tender.revision:
        perform(session, bid, "disqualify", SYSTEM, reason=N_("需求修改后没有更新投标。"))


def _put_back(bids: list[Bid], unsealed: dict[str, Unsealed]) -> None:
    for bid in bids:
        found = unsealed[bid.identifier]
        if found.plain:
            put_back(bid, sealing_key(), found.plain, asdict(found.file) if found.file else None)


def _lay_open(session: Session, bids: list[Bid], unsealed: dict[str, Unsealed]) -> None:
    """Everything that was sealed is there for whoever may see the bids, the files among it."""
    for bid in bids:
        found = unsealed[bid.identifier]
        if found.plain:
            content = open_up(bid, found.plain)
            if found.file is not None:
                hand_in(session, SYSTEM, bid, content["file"]["name"], found.file)


def _rank(session: Session, tender: Tender, bids: list[Bid]) -> None:
    """All is open: run the draws, and put the bids in order."""
    links = _links(tender)
    tender.outcome = {
        **_draw(session, tender, [drawn_by(bid) for bid in bids if bid.content]),
        "linked": links,
    }
    tender.outcome["order"] = spread(tender.outcome["order"], links)
    if tender.mode == "reference_price":
        tender.outcome = _with_reference(tender, bids)
    tender.outcome = {**tender.outcome, "ranking": ranked(tender, bids)}


def _strike_linked(session: Session, tender: Tender, bids: list[Bid], links: list[Json]) -> None:
    """Bids that do not take part since their bidders are linked: void, as the policy says."""
    struck = void(tender, links, {bid.identifier for bid in bids if bid.state == "opened"})
    for bid in bids:
        if bid.identifier in struck and bid.state == "opened":
            perform(
                session,
                bid,
                "disqualify",
                SYSTEM,
                reason=N_("与另一家投标机构或项目业主是关联单位,按规则这份投标无效。"),
            )


def _draw(session: Session, tender: Tender, contributions: list[Json]) -> dict[str, Any]:
    """Run what was promised at publication and frozen at the deadline.

    An auction that began when draws were run at its opening has drawn.
    """
    found: dict[str, Any] = {}
    for draw in draws.of_case(session, tender.identifier):
        drawn = draws.run(draw, sealing_key(), contributions) if draw.drawn_at is None else draw.result
        found[draw.purpose] = drawn if draw.purpose == "order" else drawn[0]
    return found


def _with_reference(tender: Tender, bids: list[Bid]) -> dict[str, Any]:
    prices = [bid.price for bid in bids if bid.state == "opened" and bid.price is not None]
    outcome = dict(tender.outcome or {})
    if prices:
        found = reference(prices, outcome["percent"], tender.policy_version)
        outcome["reference"] = {**asdict(found), "counted": found.counted}
    return outcome


def _go_on(session: Session, tender: Tender, left: bool) -> None:
    """What follows an opening: nothing left, a live auction, scoring, or the award."""
    if not left:
        perform(session, tender, "fail", SYSTEM, data={"count": 0})
    elif tender.mode == "reverse_auction":
        minutes = policy.get(tender.policy_version).number("choosing.auction_minutes")
        tender.auction_started_at = clock.now()
        tender.auction_ends_at = clock.now() + timedelta(minutes=minutes)
        perform(session, tender, "start_auction", SYSTEM, data={"until": tender.auction_ends_at.isoformat()})
    elif tender.mode == "merit":
        start_scoring(session, tender)


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
def end_auction(session: Session, actor: Actor, identifier: str) -> str:
    """The auction is over: all is open, the lowest price comes first, and everyone sees who gave which."""
    tender = Tender.lock(session, identifier)
    permit(session, tender, "end_auction", actor)
    took = select(Bid).where(
        Bid.tender_id == tender.id, Bid.state.in_(("opened", "disqualified")), Bid.price.is_not(None)
    )
    bids = list(session.scalars(took.order_by(Bid.id).with_for_update(of=Bid)))
    told, opened = told_links(tender), [bid.agency_id for bid in bids if bid.state == "opened"]
    perform(session, tender, "end_auction", actor, data=told, also_notify=opened)
    _lay_open(session, bids, {bid.identifier: _taken_out(bid) for bid in bids})
    _rank(session, tender, bids)
    return identifier


def _taken_out(bid: Bid) -> Unsealed:
    """What was kept of a bid while its auction ran; nothing of one that was laid open before it."""
    if bid.content:
        return Unsealed(bid.sealed)
    plain, file = take_out(bid, sealing_key())
    return Unsealed(bid.sealed, plain, Kept(**file) if file else None)
