"""Money that is in: booked once, whoever says so first, and what follows from it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.settlement.lifecycle import ask, begin, freeze, settle
from market.settlement.payouts import create_payouts, free_payouts
from models import clock
from models.actors import Actor
from models.payments import postings, settlement
from models.payments.payment import Payment
from models.workflow import perform, permit


def record_receipt(session: Session, payment: Payment, act: str, actor: Actor, gateway: str) -> None:
    """Book a payment that both sides confirm or that was seen (`act`), and go on with its contract.

    Begin it, pay the agency what is covered now, ask the buyer for what paying late costs.
    """
    permit(session, payment, act, actor)
    told = {"kind": payment.kind, "amount": payment.amount, "entry": _book(session, payment, gateway)}
    perform(session, payment, act, actor, data=told)
    if payment.state == "cleared":
        free_payouts(session, payment.contract)
    _go_on(session, payment)


def _book(session: Session, payment: Payment, gateway: str) -> str:
    """The entry's identifier."""
    contract = payment.contract
    payment.gateway, payment.paid_at = gateway, payment.paid_at or clock.now()
    entry = postings.post(
        session,
        f"{payment.kind}_received",
        f"{payment.identifier}:received",
        contract.identifier,
        payment.amount,
        contract=contract.identifier,
        gateway=gateway,
        owed=contract.agency.uscc,
    )
    return entry.identifier if entry else ""


def _go_on(session: Session, payment: Payment) -> None:
    contract = payment.contract
    if payment.kind == "penalty":
        create_payouts(session, contract, contract.agency, "penalty", payment.amount)
        return
    if contract.state == "disputed":
        freeze(session, contract, payment.identifier)
    if payment.kind == "deposit":
        begin(session, contract)
    else:
        settle(session, contract)
    ask(session, contract, "penalty", settlement.late_payment(payment), payment.milestone_number)
