"""Invoices: the agency records one with its file, the buyer takes it, and the agency may void it."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.files import hand_in, with_file
from market.transaction import action
from models import identifiers
from models.actors import Actor
from models.errors import RuleViolation
from models.i18n import N_
from models.payments.invoices import Invoice, check_number, check_sums
from models.payments.payment import Payment
from models.workflow import check_role, start


@with_file
@action
def record(
    session: Session,
    actor: Actor,
    payment: str,
    *,
    number: str,
    amount: int,
    tax: int,
    issued_on: date,
    file_name: str,
    content: bytes,
) -> str:
    """The agency records an invoice against a payment. RuleViolation at the field that is wrong."""
    paid = Payment.lock(session, payment)
    contract = paid.contract
    check_role(session, paid, "confirm", actor, {"agency"})  # billing goes with being paid
    if paid.state == "cancelled":
        raise RuleViolation(N_("已取消的付款不能开票。"))
    digits = check_number(session, number)
    check_sums(session, paid, amount, tax, issued_on)
    invoice = Invoice(
        identifier=identifiers.issue(session, Invoice),
        contract=contract,
        payment=paid,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        number=digits,
        amount=amount,
        tax=tax,
        issued_on=issued_on,
    )
    invoice.document = hand_in(session, actor, invoice, file_name, content)
    start(
        session,
        invoice,
        actor,
        "record",
        data={"number": digits, "amount": amount},
        notify=("buyer",),
    )
    return invoice.identifier


# The buyer has it.
receive = case_action(__name__, Invoice, "receive")


# The agency voids it with a red one; its number stays taken.
void = case_action(__name__, Invoice, "void")
