"""The opening: the seals of every bid are undone at once, and what the mode lets follow begins."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from market.files import keep, store
from market.sourcing.actions import auction, keys, scoring
from market.sourcing.actions.revealing import Unsealed, keep_back, lay_open, links_of_closing, rank_bids
from market.transaction import Beforehand, action, looking, sealing_key
from models import clock, sealing
from models.actors import SYSTEM, Actor
from models.base import Json
from models.errors import Conflict
from models.i18n import N_
from models.sourcing.bids import Bid
from models.sourcing.outcomes import Link
from models.sourcing.ranking import told_links
from models.sourcing.related_bidders import void
from models.sourcing.tenders import Tender
from models.workflow import perform, permit

_FOLLOWS: dict[str, Callable[[Session, Tender], None]] = {  # by the act a mode names
    "start_auction": auction.begin,
    "start_scoring": scoring.begin,
}


def open_bids(actor: Actor, identifier: str, *, submission: str = "") -> str:
    """Open every bid of a closed tender, run its draws and rank: one transaction, so all of it or none.

    The seals are undone before it.

    KeeperUnavailable while the key is with a keeper elsewhere; nothing has happened then and the clock tries
    again.
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
    _strike_linked(session, tender, bids, links_of_closing(tender))
    tender.opened_at = clock.now()
    told: Json = {"count": len(bids)}
    left = any(bid.state == "opened" for bid in bids)
    if left and not tender.way.opens_all:  # the draw, and who is linked with whom, wait too
        keep_back(bids, read.got)
    else:
        lay_open(session, bids, read.got)
        rank_bids(session, tender, bids)
        told |= told_links(tender)
    bidders = [bid.agency_id for bid in bids]
    perform(session, tender, "open", actor, data=told, also_notify=bidders)
    tender.keeper_half = None
    if not left:
        perform(session, tender, "fail", SYSTEM, data={"count": 0}, also_notify=bidders)
    elif tender.way.follows:
        _FOLLOWS[tender.way.follows](session, tender)
    return identifier


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


def _strike_linked(session: Session, tender: Tender, bids: list[Bid], links: list[Link]) -> None:
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
