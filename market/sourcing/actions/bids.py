"""Sealed bids: handed in, replaced and withdrawn."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.files import put_for
from market.sourcing.actions.common import answering
from market.transaction import Beforehand, action, arriving, looking
from models import clock, identifiers, sealing
from models.actors import Actor
from models.agencies import fees
from models.documents import check
from models.errors import Conflict, Problem, RuleViolation
from models.i18n import N_
from models.pricing import Quantity
from models.sourcing.bids import Bid
from models.sourcing.quotes import check_terms
from models.sourcing.tenders import Tender
from models.workflow import perform, start


def submit(
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
        handed = content or file_name  # under a name, a file of nothing is refused
        attached = Beforehand(_attach(actor, identifier, file_name, content) if handed else None)
        said = {
            "price": price,
            "days": days,
            "note": note,
            "contribution": contribution,
            "file": hashlib.sha256(content).hexdigest() if content else "",
        }
        return _submit(actor, identifier, **said, attached=attached, submission=submission)


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
def _submit(
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
    if tender.way.answer_class is not Bid or tender.public_key is None or tender.keeper_key is None:
        raise RuleViolation(N_("这项需求现在不接收密封投标。"))
    agency, schedule = answering(session, actor, tender)
    tender.seals(clock.arrival(session))
    if file and attached.got is None:
        raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。"))
    ceiling = schedule.price(Quantity.of(tender.quantity))
    price = tender.way.price_of(tender, price, ceiling)
    if price is None:
        raise RuleViolation(N_("请填写这一项。"), "price")
    fees.check_price(schedule, Quantity.of(tender.quantity), price)
    check_terms(tender, price, days)
    if len(contribution) > 200:
        raise RuleViolation(N_("请填写 1 到 200 个字符。"), "contribution")
    bid = session.scalars(
        select(Bid).where(Bid.tender_id == tender.id, Bid.agency_id == agency.id).with_for_update(of=Bid)
    ).one_or_none()
    name = bid.identifier if bid is not None else identifiers.issue(session, Bid)
    plain, receipt = sealing.commitment(
        {
            "bid": name,
            "request": identifier,  # the key of the published file, /bids/<identifier>.json
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


withdraw = case_action(__name__, Bid, "withdraw")
