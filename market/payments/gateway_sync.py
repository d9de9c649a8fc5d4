"""Between us and a gateway.

The gateway is asked outside of any transaction; what is about to be asked is committed before, what it
answered after, and the jobs take up whatever stopped in between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from flask import current_app
from sqlalchemy import ColumnElement, Select, or_, select

from market.chunks import each
from market.extensions import db
from market.gateways import (
    GatewayStatus,
    OnlineGateway,
    Refused,
    WebhookEvent,
    gateways,
    get_online_gateway,
    online_methods,
)
from market.payments.actions import charges as charge_actions
from market.payments.actions import payouts as payout_actions
from market.payments.actions import reconciling
from models import clock
from models.actors import SYSTEM, Actor
from models.errors import Problem, RuleViolation
from models.failures import Attempt
from models.i18n import N_
from models.payments.charges import Charge, GatewayEvent, charges_of
from models.payments.payment import OPEN, Payment
from models.payments.payouts import Payout
from models.payments.reconciliation import strangers

log = logging.getLogger(__name__)


def _charge(key: str) -> Charge:
    db.session.rollback()
    return db.session.scalars(select(Charge).where(Charge.key == key)).one()


def begin(actor: Actor, payment: str, method: str, back: str) -> tuple[str, GatewayStatus]:
    """A buyer pays by one of the methods a gateway offers: the charge's key, and how it stands there.

    Pressed twice it is one charge. RuleViolation where nobody offers the method for this payment.
    """
    gateway, _label = online_methods(Payment.load(db.session, payment)).get(method, (None, ""))
    db.session.rollback()
    if gateway is None:
        raise RuleViolation(N_("请选择一项。"), "method")
    key = charge_actions.ask(actor, payment, gateway=gateway.name, method=method)
    return key, _ask(key, back)


def _ask(key: str, back: str) -> GatewayStatus:
    charge = _charge(key)
    try:
        gateway = get_online_gateway(charge.gateway)
        standing = (
            gateway.begin(charge, back) if charge.gateway_id is None else gateway.look(charge.gateway_id)
        )
    except Refused:
        charge_actions.fail(SYSTEM, key)
        raise
    charge_actions.note(SYSTEM, key, gateway_id=standing.gateway_id)
    _settle(key, standing)
    return standing


def follow(key: str) -> None:
    """Look how a charge stands at the gateway, and settle it accordingly.

    One of a payment that is in, which nobody has paid, is called off.
    """
    charge = _charge(key)
    if charge.state not in ("waiting", "asked") or charge.gateway_id is None:
        return
    gateway = get_online_gateway(charge.gateway)
    standing = gateway.look(charge.gateway_id)
    if standing.state == "waiting" and charge.payment.state not in OPEN:
        standing = gateway.cancel(charge.gateway_id)
    charge_actions.note(SYSTEM, key, gateway_id=standing.gateway_id)
    _settle(key, standing)


def follow_all(payment: Payment) -> None:
    """Look at every charge of a payment that is open."""
    keys = [charge.key for charge in charges_of(db.session, payment)]
    for key in keys:
        follow(key)


def _settle(key: str, standing: GatewayStatus) -> None:
    if standing.state == "failed":
        charge_actions.fail(SYSTEM, key)
    elif standing.state == "succeeded":
        charge_actions.settle(SYSTEM, key, amount=standing.amount, fee=standing.fee)


def take(gateway: str, told: WebhookEvent) -> None:
    """A signed event: kept first, then dealt with; if that cannot be now, the jobs will."""
    charge_actions.note_event(
        SYSTEM,
        gateway=gateway,
        event_id=told.event_id,
        kind=told.kind,
        about=told.about,
        content=told.content,
    )
    try:
        _handle(gateway, told.event_id, told.about)
    except Problem as problem:
        log.warning("event %s waits: %s", told.event_id, problem)


def _handle(gateway: str, event_id: str, about: str) -> None:
    """Look how what an event is about stands: a charge and what was refunded on it, or a transfer."""
    db.session.rollback()
    key = db.session.scalars(
        select(Charge.key).where(Charge.gateway == gateway, Charge.gateway_id == about)
    ).one_or_none()
    gone = list(
        db.session.scalars(
            _leaving(gateway).where((Charge.gateway_id == about) | (Payout.gateway_id == about))
        )
    )
    kind = (
        db.session.scalar(
            select(GatewayEvent.kind).where(
                GatewayEvent.gateway == gateway, GatewayEvent.event_id == event_id
            )
        )
        or ""
    )
    asked = db.session.scalars(
        select(Charge.id).where(Charge.gateway == gateway, Charge.state == "asked").limit(1)
    ).first()
    db.session.rollback()
    if key is None and not gone and asked:
        return  # it may be a charge whose name we are just being told
    if key is not None:
        follow(key)
        if get_online_gateway(gateway).may_report_reversal(kind):
            _look_for_strangers(gateway, about)
    for identifier in gone:
        follow_payout(identifier)
    charge_actions.close_event(SYSTEM, gateway=gateway, event_id=event_id)


def _look_for_strangers(gateway: str, about: str) -> None:
    """What somebody else took back from a charge is a difference for a person, who is told at once."""
    back = get_online_gateway(gateway).reversals(about)
    found = strangers(db.session, gateway, about, back)
    db.session.rollback()
    if found:
        reconciling.note_discrepancies(SYSTEM, gateway, found)


def _leaving(gateway: str) -> Select[str]:
    """The payouts a gateway has sent, each with the charge it is refunded on."""
    query = select(Payout.identifier).outerjoin(Charge, Payout.charge_id == Charge.id).order_by(Payout.id)
    return query.where(Payout.gateway == gateway, Payout.state.in_(("sent", "arrived")))


def follow_payout(identifier: str) -> None:
    """Look how a payout stands that a gateway has sent.

    One that failed there after all is owed again, and goes by bank.
    """
    payout = Payout.load(db.session, identifier)
    standing = get_online_gateway(payout.gateway).find(payout)
    if standing is not None and standing.state == "failed":
        payout_actions.take_back(SYSTEM, identifier, gateway_id=standing.gateway_id)


def work() -> int:
    """What every minute brings: charges and payouts that stopped half-way, events not dealt with.

    Returns how many were taken up.
    """
    return sum(_work(way.name) for way in gateways() if isinstance(way, OnlineGateway))


def _work(gateway: str) -> int:
    db.session.rollback()
    minute = clock.now() - timedelta(minutes=1)
    charges, payouts = (
        select(Charge).where(Charge.gateway == gateway),
        select(Payout.identifier).where(Payout.gateway == gateway),
    )
    asked = [
        charge.key
        for charge in db.session.scalars(charges.where(Charge.state == "asked", _asked_before(minute)))
    ]
    waiting = [
        charge.key
        for charge in db.session.scalars(charges.where(Charge.state == "waiting"))
        if charge.to_be_looked_at
    ]
    told = select(GatewayEvent.event_id, GatewayEvent.about).where(
        GatewayEvent.gateway == gateway, GatewayEvent.handled_at.is_(None)
    )
    events = list(db.session.execute(told.order_by(GatewayEvent.id)))
    leaving = list(
        db.session.scalars(payouts.where(Payout.state.in_(("due", "sending"))).order_by(Payout.id))
    )
    db.session.rollback()
    tries: list[tuple[Callable[..., object], tuple[str, ...]]] = [
        *((_ask, (key, current_app.config["PUBLIC_URL"])) for key in asked),
        *((_handle, (gateway, *event)) for event in events),
        *((follow, (key,)) for key in waiting),
        *((pay_out, (identifier,)) for identifier in leaving),
    ]
    return each(
        gateway,
        {
            Attempt(gateway, act.__name__, "gateway", arguments[0][:40]): partial(_wait, act, *arguments)
            for act, arguments in tries
        },
    )


def _asked_before(instant: datetime) -> ColumnElement[bool]:
    """Charges asked for before an instant; or later than now, by a clock that has been put right since."""
    return or_(Charge.asked_at <= instant, Charge.asked_at > clock.now())


def _wait(act: Callable[..., object], *arguments: str) -> bool:
    """One of these acts.

    Whether it was done; a gateway that refuses or is away is asked again the next time.
    """
    try:
        act(*arguments)
    except Problem as problem:
        log.warning("%s of %s waits: %s", act.__name__, arguments, problem)
        return False
    return True


def pay_out(identifier: str) -> None:
    """Send a payout through its gateway, looking first whether it was sent before we stopped."""
    payout = Payout.load(db.session, identifier)
    if payout.state == "due":
        db.session.rollback()
        payout_actions.begin_sending(SYSTEM, identifier)
        db.session.rollback()
        payout = Payout.load(db.session, identifier)
    gateway = get_online_gateway(payout.gateway)
    standing = gateway.find(payout)  # while this is not answered nobody knows, and nothing else is tried
    try:
        if standing is not None and standing.state == "failed":
            raise Refused(N_("支付渠道没有受理:%(why)s"), why=standing.gateway_id)
        gateway_id = standing.gateway_id if standing else gateway.send(payout)
    except Refused as refused:
        log.warning("the gateway refuses %s: %s", identifier, refused)
        payout_actions.give_up_sending(SYSTEM, identifier)
        return
    payout_actions.finish_sending(SYSTEM, identifier, gateway_id=gateway_id)
