"""Paying by transfer: the buyer pays and shows it, the agency confirms, the bank's statement settles it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.files import hand_in, with_file
from market.settlement.payouts import free_payouts
from market.settlement.receipts import record_receipt
from market.transaction import action
from models import clock
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.clock import BEIJING
from models.credit import records
from models.lengths import check_text
from models.money import show
from models.payments import postings
from models.payments.payment import REFERENCE_WRONG, Payment
from models.workflow import perform, permit


@with_file
@action
def pay(
    session: Session, actor: Actor, identifier: str, *, bank_reference: str, file_name: str, content: bytes
) -> str:
    """The buyer says it has paid, and shows the bank's voucher."""
    payment = Payment.lock(session, identifier)
    permit(session, payment, "pay", actor)
    bank_reference = check_text(Payment.bank_reference, bank_reference, REFERENCE_WRONG)
    perform(session, payment, "pay", actor, data={"kind": payment.kind, "amount": payment.amount})
    payment.bank_reference, payment.paid_at = bank_reference, clock.now()
    payment.voucher_id = hand_in(session, actor, payment, file_name, content).id
    return identifier


@action
def confirm(session: Session, actor: Actor, identifier: str) -> str:
    """The agency confirms; the ledger records it, and the contract goes on to its next part."""
    record_receipt(session, Payment.lock(session, identifier), "confirm", actor, "bank")
    return identifier


@action
def receive(session: Session, actor: Actor, identifier: str) -> str:
    """The custodian has seen the money at the bank, without a statement to import."""
    see_at_bank(session, actor, Payment.lock(session, identifier))
    return identifier


def see_at_bank(session: Session, actor: Actor, payment: Payment) -> None:
    """The money of a payment is at the bank.

    Booked in, if the two sides had not said so before, and out of what was on its way.
    """
    if payment.state == "confirmed":
        perform(session, payment, "receive", actor, data={"kind": payment.kind, "amount": payment.amount})
        free_payouts(session, payment.contract)
    else:
        record_receipt(session, payment, "receive", actor, "bank")
    postings.post(
        session, "seen_at_bank", f"{payment.identifier}:seen", payment.contract.identifier, payment.amount
    )


@action
def dispute(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The money is not there: the payment is due again."""
    return _due_again(session, actor, identifier, "dispute", reason)


@action
def set_aside(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator takes a payment that was shown, and never confirmed, as not paid.

    Neither side nor the custodian says whether it is there, and meanwhile nothing of the contract can end: it
    was referred to the regulator.
    """
    return _due_again(session, actor, identifier, "set_aside", reason)


def _due_again(session: Session, actor: Actor, identifier: str, act: str, reason: str) -> str:
    payment = Payment.lock(session, identifier)
    perform(session, payment, act, actor, reason=reason)
    payment.paid_at = None
    return identifier


@action
def lapse(session: Session, actor: Actor, identifier: str) -> str:
    """Not paid in time: both are told, and a record is put forward for the regulator to take up."""
    payment = Payment.lock(session, identifier)
    perform(session, payment, "lapse", actor, data={"kind": payment.kind, "amount": payment.amount})
    if not records.recorded(session, payment.identifier):
        day = payment.pay_by.astimezone(BEIJING).date()
        facts = (
            f"合同 {payment.contract.identifier} 的款项 {payment.identifier}({show(payment.amount)})"
            f"应于 {day} 前支付,逾期未付。"
        )
        records.propose(
            session,
            SYSTEM,
            session.get_one(Organisation, payment.buyer_id),
            "late_payment",
            facts,
            payment.identifier,
        )
    return identifier
