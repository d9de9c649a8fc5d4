"""Charging through a gateway, in steps that each commit: asked for, known by the gateway's name, settled.

Whatever stops between them is taken up where it stopped.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.settlement.payouts import create_payouts
from market.settlement.receipts import record_receipt
from market.transaction import action
from models import clock
from models.actors import SYSTEM, Actor
from models.errors import NotFound, WrongState
from models.i18n import N_
from models.payments import postings
from models.payments.charges import Charge, GatewayEvent, charges_of
from models.payments.payment import OPEN, Payment
from models.upsert import upsert
from models.workflow import check_role


def charge_by(session: Session, **where: str) -> Charge:
    """The one charge with this key, or name at its gateway; NotFound."""
    found = session.scalars(select(Charge).filter_by(**where)).one_or_none()
    if found is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=", ".join(where.values()))
    return found


def _locked(session: Session, key: str) -> Charge:
    """The charge, its contract and its payment locked before it."""
    Payment.lock(session, charge_by(session, key=key).payment.identifier)
    query = (
        select(Charge)
        .where(Charge.key == key)
        .with_for_update(of=Charge)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).one()


@action
def ask(session: Session, actor: Actor, identifier: str, *, gateway: str, method: str) -> str:
    """The buyer wants to pay through a gateway: a charge to ask it for, or the one that is open already.

    Its key.
    """
    payment = Payment.lock(session, identifier)
    check_role(session, payment, "pay", actor, {"buyer"})
    if not payment.asked:
        raise WrongState(
            N_("现在的状态是“%(state)s”,不能办理“%(act)s”这一步。"),
            state=payment.state_label,
            act=payment.workflow.acts["pay"],
        )
    before = charges_of(session, payment)
    standing = next(
        (c for c in before if c.state in ("asked", "waiting") and (c.gateway, c.method) == (gateway, method)),
        None,
    )
    if standing is None:
        standing = Charge(
            payment=payment,
            gateway=gateway,
            method=method,
            key=f"{payment.identifier}:{len(before) + 1}",
            amount=payment.amount,
        )
        session.add(standing)
        session.flush()
    return standing.key


@action
def note(session: Session, actor: Actor, key: str, *, gateway_id: str) -> str:
    """The gateway has it, under this name."""
    charge = _locked(session, key)
    charge.gateway_id = gateway_id
    if charge.state == "asked":
        charge.state = "waiting"
    charge.looked_at = clock.now()
    return key


@action
def fail(session: Session, actor: Actor, key: str) -> str:
    """The gateway took nothing and will not."""
    charge = _locked(session, key)
    if charge.state in ("asked", "waiting"):
        charge.state, charge.settled_at = "failed", clock.now()
    return key


@action
def settle(session: Session, actor: Actor, key: str, *, amount: int, fee: int = 0) -> str:
    """The gateway has the money: the `amount` (fen) it was asked for; any other is for a person to look at.

    Said by the page, a webhook and the jobs in any order and as often as they like, it is booked once; money
    for a payment that is in already is the buyer's, and goes back. The platform bears the gateway's `fee`
    (fen).
    """
    charge = _locked(session, key)
    if charge.state == "succeeded" or amount != charge.amount:
        return key
    payment, contract = charge.payment, charge.payment.contract
    charge.state, charge.settled_at = "succeeded", clock.now()
    session.flush()
    postings.post(session, "gateway_fee", f"{key}:fee", contract.identifier, fee, gateway=charge.gateway)
    if payment.state in OPEN:
        record_receipt(session, payment, "receive", SYSTEM, charge.gateway)
        return key
    charge.surplus = True
    session.flush()
    postings.post(
        session,
        "surplus_received",
        f"{charge.key}:surplus",
        contract.identifier,
        charge.amount,
        gateway=charge.gateway,
        owed=contract.buyer.uscc,
    )
    create_payouts(session, contract, contract.buyer, "refund", charge.amount)
    return key


@action
def note_event(
    session: Session,
    actor: Actor,
    *,
    gateway: str,
    event_id: str,
    kind: str,
    about: str,
    content: dict[str, object],
) -> str:
    """Keep what a gateway told us, once."""
    row = {
        "gateway": gateway,
        "event_id": event_id,
        "kind": kind,
        "about": about,
        "content": content,
        "received_at": clock.now(),
    }
    upsert(session, GatewayEvent, ["gateway", "event_id"], row)
    return event_id


@action
def close_event(session: Session, actor: Actor, *, gateway: str, event_id: str) -> str:
    """What it told us has been looked up and dealt with."""
    query = (
        select(GatewayEvent)
        .where(GatewayEvent.gateway == gateway, GatewayEvent.event_id == event_id)
        .with_for_update()
    )
    event = session.scalars(query).one()
    event.handled_at = event.handled_at or clock.now()
    return event_id
