"""Between us and a gateway. The gateway is asked outside of any transaction; what is about to be asked is committed before, what it
answered after, and the jobs take up whatever stopped in between."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from market.extensions import db
from market.payments import actions
from market.payments.gateways.stripe import Refused, Standing, StripeGateway, Told, overdue_to_look
from models import clock
from models.actors import SYSTEM, Actor
from models.agencies import profile_of
from models.payments import OPEN, Charge, GatewayEvent, Payment, Payout, charges_of
from models.text import N_, NotFound, Problem

log = logging.getLogger(__name__)


def stripe() -> StripeGateway:
    """The gateway; NotFound where none is set."""
    gateway: StripeGateway | None = current_app.extensions["stripe"]
    if gateway is None:
        raise NotFound(N_("没有这个页面。"))
    return gateway


def _charge(key: str) -> Charge:
    db.session.rollback()
    return db.session.scalars(select(Charge).where(Charge.key == key)).one()


def begin(actor: Actor, payment: str, method: str, back: str) -> tuple[str, Standing]:
    """A buyer pays through the gateway: the charge's key, and how it stands there. Pressed twice it is one charge."""
    key = actions.ask_charge(actor, payment, gateway=StripeGateway.name, method=method)
    return key, _ask(key, back)


def _ask(key: str, back: str) -> Standing:
    charge = _charge(key)
    try:
        standing = stripe().begin(charge, back) if charge.gateway_id is None else stripe().look(charge.gateway_id)
    except Refused:
        actions.fail_charge(SYSTEM, key)
        raise
    actions.note_charge(SYSTEM, key, gateway_id=standing.gateway_id)
    _settle(key, standing)
    return standing


def follow(key: str) -> None:
    """Look how a charge stands at the gateway, and settle it accordingly. One of a payment that is in, which nobody has paid, is
    called off."""
    charge = _charge(key)
    if charge.state not in ("waiting", "asked") or charge.gateway_id is None:
        return
    standing = stripe().look(charge.gateway_id)
    if standing.state == "waiting" and charge.payment.state not in OPEN:
        standing = stripe().cancel(charge.gateway_id)
    actions.note_charge(SYSTEM, key, gateway_id=standing.gateway_id)
    _settle(key, standing)


def follow_all(payment: Payment) -> None:
    """Look at every charge of a payment that is open."""
    keys = [charge.key for charge in charges_of(db.session, payment)]
    for key in keys:
        follow(key)


def _settle(key: str, standing: Standing) -> None:
    if standing.state == "failed":
        actions.fail_charge(SYSTEM, key)
    elif standing.state == "succeeded" and standing.amount == _charge(key).amount:  # any other sum is for a person to look at
        actions.settle_charge(SYSTEM, key, fee=standing.fee)


def take(told: Told) -> None:
    """A signed event: kept first, then dealt with; if that cannot be now, the jobs will."""
    actions.note_event(SYSTEM, gateway=StripeGateway.name, event_id=told.event_id, kind=told.kind, about=told.about, content=told.content)
    try:
        _handle(told.event_id, told.about)
    except Problem as problem:
        log.warning("event %s waits: %s", told.event_id, problem)


def _handle(event_id: str, about: str) -> None:
    db.session.rollback()
    key = db.session.scalars(select(Charge.key).where(Charge.gateway == StripeGateway.name, Charge.gateway_id == about)).one_or_none()
    if key is not None:
        follow(key)
    elif about.startswith("pi_") and _still_asked():
        return  # it may be a charge whose name we are just being told
    actions.close_event(SYSTEM, gateway=StripeGateway.name, event_id=event_id)


def _still_asked() -> bool:
    return db.session.scalars(select(Charge.id).where(Charge.state == "asked").limit(1)).first() is not None


def work() -> int:
    """What every minute brings: charges and payouts that stopped half-way, events not dealt with. Returns how many were taken up."""
    if current_app.extensions["stripe"] is None:
        return 0
    db.session.rollback()
    minute = clock.now() - timedelta(minutes=1)
    asked = list(db.session.scalars(select(Charge.key).where(Charge.state == "asked", Charge.asked_at <= minute)))
    waiting = [charge.key for charge in db.session.scalars(select(Charge).where(Charge.state == "waiting")) if overdue_to_look(charge)]
    events = list(db.session.execute(select(GatewayEvent.event_id, GatewayEvent.about).where(GatewayEvent.handled_at.is_(None)).order_by(GatewayEvent.id)))
    leaving = list(db.session.scalars(select(Payout.identifier).where(Payout.gateway != "bank", Payout.state.in_(("due", "sending"))).order_by(Payout.id)))
    db.session.rollback()
    done = 0
    for act, arguments in [
        *((_ask, (key, current_app.config["PUBLIC_URL"])) for key in asked), *((_handle, event) for event in events),
        *((follow, (key,)) for key in waiting), *((pay_out, (identifier,)) for identifier in leaving),
    ]:  # fmt: skip
        try:
            act(*arguments)  # type: ignore[operator]
            done += 1
        except Problem as problem:
            log.warning("%s of %s waits: %s", act.__name__, arguments[0], problem)
    return done


def pay_out(identifier: str) -> None:
    """Send a payout through the gateway, looking first whether it was sent before we stopped."""
    payout = Payout.load(db.session, identifier)
    if payout.state == "due":
        db.session.rollback()
        actions.begin_sending(SYSTEM, identifier)
        db.session.rollback()
        payout = Payout.load(db.session, identifier)
    profile = profile_of(db.session, payout.payee) if payout.charge is None else None
    gateway_id = stripe().find(payout)  # while this is not answered nobody knows, and nothing else is tried
    if gateway_id is None:
        try:
            gateway_id = stripe().send(payout, profile.stripe_account if profile else "")
        except Refused as refused:
            log.warning("the gateway refuses %s: %s", identifier, refused)
            actions.give_up_sending(SYSTEM, identifier)
            return
    actions.finish_sending(SYSTEM, identifier, gateway_id=gateway_id)
