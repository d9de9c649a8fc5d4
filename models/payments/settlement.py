"""How much is owed, payable, lost by lateness, and shared out at an early end."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session, lazyload

from models import money, workdays
from models.contracts.agreement import Contract, Milestone
from models.contracts.deliverables import Deliverable
from models.ledger import books
from models.ledger.books import Entry, Line
from models.payments.payment import IN, OPEN, Payment


@dataclass(frozen=True, slots=True)
class Release:
    """What becomes of a milestone's price, in fen.

    `net` goes to the agency, `retained` waits for the last milestone, `penalty` goes back to the buyer for
    the agency's late days. `freed` is what was retained before and goes to the agency now.
    """

    net: int
    retained: int
    penalty: int
    freed: int


def payments_of(session: Session, contract: Contract, *, lock: bool = False) -> list[Payment]:
    """The payments of a contract, in the order they were asked for."""
    query = (
        select(Payment)
        .where(Payment.contract_id == contract.id)
        .order_by(Payment.id)
        .options(lazyload(Payment.contract))
    )
    return list(session.scalars(query.with_for_update(of=Payment) if lock else query))


def _asked(asked: list[Payment]) -> list[Payment]:
    """Those towards the price."""
    return [payment for payment in asked if payment.kind != "penalty" and payment.state != "cancelled"]


def still_to_ask(contract: Contract, milestone: Milestone, asked: list[Payment]) -> int:
    """What the buyer owes for a milestone that is met, in fen.

    Its price, but never more than the contract's less what was asked before. So the deposit is used for what
    is paid last, and escrow holds it until then.
    """
    return max(0, min(milestone.amount, contract.price - sum(payment.amount for payment in _asked(asked))))


def payable_now(contract: Contract, asked: list[Payment]) -> list[Milestone]:
    """The milestones whose price can go to the agency now, in order.

    Met, not paid yet, and their money (and that of all before) in.
    """
    open_numbers = {payment.milestone_number for payment in _asked(asked) if payment.state in OPEN}
    found = []
    for milestone in contract.milestones:
        if milestone.met_at is None or milestone.number in open_numbers:
            break
        if milestone.paid_at is None:
            found.append(milestone)
    return found


def received(session: Session, contract: Contract) -> int:
    """What the buyer has paid in towards the price, in fen."""
    return sum(payment.amount for payment in _asked(payments_of(session, contract)) if payment.state in IN)


def funds_held(session: Session, contract: Contract) -> int:
    """All that is kept for a contract, in fen: escrow, what is retained, what a dispute holds."""
    codes = (
        books.escrow(contract.identifier),
        books.retention(contract.identifier),
        books.hold(contract.identifier),
    )
    return books.balance(session, *codes)


def fair_share(session: Session, contract: Contract, fault: str) -> int:
    """What of the sum kept the agency gets when a contract ends through somebody's fault, in fen.

    All of it if the buyer's, who loses the deposit (民法典 587); else what it earned by milestones met and
    not yet paid, and what was retained of those paid, as far as money is there.
    """
    money_kept = funds_held(session, contract)
    earned = sum(m.amount for m in contract.milestones if m.met_at is not None and m.paid_at is None)
    return (
        money_kept
        if fault == "buyer"
        else min(money_kept, earned + books.balance(session, books.retention(contract.identifier)))
    )


def penalties(session: Session, contract: Contract) -> int:
    """What the agency's lateness has cost it under this contract so far, in fen."""
    query = select(func.coalesce(func.sum(Line.amount), 0)).join(Entry, Entry.id == Line.entry_id)
    return int(
        session.scalar(query.where(Entry.case_identifier == contract.identifier, Entry.kind == "penalty"))
        or 0
    )


def lateness(contract: Contract, amount: int, days: int, before: int = 0) -> int:
    """The penalty for `days` working days of lateness on `amount` fen.

    Such that with the penalties `before` it never passes the contract's most (民法典 585; the clause on
    liability says both rates). 0 where the contract does not say so.
    """
    if not contract.penal or days <= 0:
        return 0
    most = money.share(contract.price, Fraction(contract.late_most)) - before
    return max(0, min(money.share(amount, Fraction(contract.late_rate) * days), most))


def release_of(session: Session, contract: Contract, milestone: Milestone) -> Release:
    """How the price of a milestone that is met and covered is divided."""
    last = milestone is contract.milestones[-1]
    retained = 0 if last else money.share(milestone.amount, Fraction(contract.retention_rate))
    query = select(Deliverable).where(Deliverable.milestone_id == milestone.id)
    deliverable = session.scalars(
        query.options(lazyload(Deliverable.contract), lazyload(Deliverable.milestone))
    ).one_or_none()
    days = deliverable.late_days if deliverable and deliverable.submitted_at else 0
    penalty = min(
        lateness(contract, milestone.amount, days, penalties(session, contract)), milestone.amount - retained
    )
    freed = books.balance(session, books.retention(contract.identifier)) if last else 0
    return Release(milestone.amount - retained - penalty, retained, penalty, freed)


def late_payment(payment: Payment) -> int:
    """What paying so late costs the buyer, in fen.

    From the working days between its limit and the day it came in.
    """
    if payment.kind == "penalty" or payment.paid_at is None or payment.paid_at <= payment.pay_by:
        return 0
    return lateness(payment.contract, payment.amount, workdays.between(payment.pay_by, payment.paid_at))
