"""Payments by bank transfer: the buyer pays and shows it, the agency confirms."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.contracts.course import begin, settle
from market.files import hand_in
from market.transaction import action
from models import payments
from models.actors import Actor
from models.contracts import Contract
from models.payments import Payment
from models.text import N_, RuleBroken
from models.workflow import perform


def _payment(session: Session, identifier: str) -> Payment:
    """The payment, its contract locked first."""
    Contract.load(session, Payment.load(session, identifier).contract.identifier, lock=True)
    return Payment.load(session, identifier, lock=True)


@action
def pay(session: Session, actor: Actor, identifier: str, *, bank_reference: str, file_name: str, content: bytes) -> str:
    """The buyer says it has paid, and shows the bank's voucher."""
    payment = _payment(session, identifier)
    perform(session, payment, "pay", actor, data={"kind": payment.kind, "amount": payment.amount})
    if not 4 <= len(bank_reference.strip()) <= 60:
        raise RuleBroken(N_("请填写银行流水号(4 到 60 个字符)。"), "bank_reference")
    payment.bank_reference = bank_reference.strip()
    payment.voucher_id = hand_in(session, actor, payment, file_name, content).id
    return identifier


@action
def confirm(session: Session, actor: Actor, identifier: str) -> str:
    """The agency confirms; the ledger records it, and the contract goes on to its next part."""
    payment = _payment(session, identifier)
    contract = payment.contract
    happened = perform(session, payment, "confirm", actor, data={"kind": payment.kind, "amount": payment.amount})
    entry = payments.receive(session, payment)
    happened.data = {**happened.data, "entry": entry.identifier}
    if payment.kind == "deposit":
        begin(session, contract)
    else:
        settle(session, contract)
    return identifier


@action
def dispute(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The agency does not see the money: the payment is due again."""
    payment = _payment(session, identifier)
    perform(session, payment, "dispute", actor, reason=reason)
    return identifier
