"""Money that is in: booked once, whoever says so first, and what follows from it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.settlement.lifecycle import ask, begin, freeze, settle
from market.settlement.payouts import create_payouts
from models import clock, ledger, payments
from models.payments import Payment


def locked(session: Session, identifier: str) -> Payment:
    """The payment, its contract locked before it."""
    return Payment.load_under(session, identifier, "contract")


def record_receipt(session: Session, payment: Payment, gateway: str) -> ledger.Entry | None:
    """Book a payment that both sides confirm or that was seen, and go on with its contract.

    Begin it, pay the agency what is covered now, ask the buyer for what paying late costs.
    """
    contract = payment.contract
    payment.gateway, payment.paid_at = gateway, payment.paid_at or clock.now()
    entry = payments.post(
        session,
        f"{payment.kind}_received",
        f"{payment.identifier}:received",
        contract.identifier,
        payment.amount,
        contract=contract.identifier,
        gateway=gateway,
        owed=contract.agency.uscc,
    )
    if payment.kind == "penalty":
        create_payouts(session, contract, contract.agency, "penalty", payment.amount)
        return entry
    if contract.state == "disputed":
        freeze(session, contract, payment.identifier)
    if payment.kind == "deposit":
        begin(session, contract)
    else:
        settle(session, contract)
    ask(session, contract, "penalty", payments.late_payment(payment), payment.milestone_number)
    return entry
