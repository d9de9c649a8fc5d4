"""Payments: a sum due under a contract, paid by bank transfer and confirmed by both sides."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import ledger
from models.base import Base, Fen
from models.contracts import Contract, Milestone, OfContract
from models.documents import Document
from models.sourcing import PARTIES
from models.text import N_
from models.workflow import Limit, Move, State, Workflow

KINDS = {"deposit": N_("定金"), "milestone": N_("节点款"), "settlement": N_("余款")}

PAYMENT = Workflow(
    name="payment",
    label=N_("付款"),
    states=(
        State("due", N_("待付款")),
        State("paid", N_("待机构确认")),
        State("confirmed", N_("已入账"), tone="good", terminal=True),
        State("cancelled", N_("已取消"), tone="plain", terminal=True),
    ),
    moves=(
        Move("due", "pay", "paid", who={"buyer"}, main=True, limit=Limit(policy="contract.confirm_days"), tells=("agency",)),
        Move("due", "cancel", "cancelled", who={"system"}, tells=("buyer", "agency")),
        Move("paid", "confirm", "confirmed", who={"agency"}, main=True, tells=("buyer",)),
        Move("paid", "dispute", "due", who={"agency"}, needs_reason=True, limit=Limit(attribute="pay_by"), tells=("buyer",)),
    ),
    acts={
        "pay": N_("上传付款凭证"),
        "confirm": N_("确认到账"),
        "dispute": N_("未到账"),
        "cancel": N_("取消"),
    },
    opening=Limit(attribute="pay_by", remind="contract.remind_days"),
)  # fmt: skip


class Payment(OfContract, Base):
    """A sum due under a contract: the deposit (`milestone_number` 0), or what a milestone's price still needs."""

    __tablename__ = "payments"
    __table_args__ = (UniqueConstraint("contract_id", "milestone_number"),)
    workflow: ClassVar[Workflow] = PAYMENT
    parties: ClassVar[dict[str, str]] = PARTIES

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    milestone_number: Mapped[int] = mapped_column(default=0)
    amount: Mapped[Fen]
    pay_by: Mapped[datetime]
    bank_reference: Mapped[str | None] = mapped_column(String(60))
    voucher_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    voucher: Mapped[Document | None] = relationship()
    contract: Mapped[Contract] = relationship(lazy="joined")

    @property
    def stake(self) -> int:
        return self.amount

    @classmethod
    def within_mandate(cls, most: int) -> ColumnElement[bool]:
        return cls.amount <= most


def of_contract(session: Session, contract: Contract, *, lock: bool = False) -> list[Payment]:
    """The payments of a contract, in the order they were asked for."""
    query = select(Payment).where(Payment.contract_id == contract.id).order_by(Payment.id)
    return list(session.scalars(query.with_for_update(of=Payment) if lock else query))


def still_to_ask(contract: Contract, milestone: Milestone, asked: list[Payment]) -> int:
    """What the buyer owes for a milestone that is met, in fen: its price, but never more than the contract's less what was
    asked before. So the deposit is used for what is paid last, and escrow holds it until then."""
    before = sum(payment.amount for payment in asked if payment.state != "cancelled")
    return max(0, min(milestone.amount, contract.price - before))


def payable_now(contract: Contract, asked: list[Payment]) -> list[Milestone]:
    """The milestones whose price can go to the agency now, in order: met, not paid yet, and their money (and that of all
    before) confirmed."""
    open_numbers = {payment.milestone_number for payment in asked if payment.state in ("due", "paid")}
    found = []
    for milestone in contract.milestones:
        if milestone.met_at is None or milestone.number in open_numbers:
            break
        if milestone.paid_at is None:
            found.append(milestone)
    return found


def received(session: Session, contract: Contract) -> int:
    """What the buyer has paid in, in fen."""
    return sum(payment.amount for payment in of_contract(session, contract) if payment.state == "confirmed")


def held(session: Session, contract: Contract) -> int:
    """What is in the contract's escrow, in fen."""
    return ledger.balance(session, ledger.escrow(contract.identifier))


def fair_share(session: Session, contract: Contract, fault: str) -> int:
    """What of the escrow the agency gets when a contract ends through somebody's fault, in fen: all of it if the buyer's,
    who loses the deposit (民法典 587); else what it earned by milestones met and not yet paid, as far as money is there."""
    money = held(session, contract)
    earned = sum(m.amount for m in contract.milestones if m.met_at is not None and m.paid_at is None)
    return money if fault == "buyer" else min(money, earned)


def receive(session: Session, payment: Payment) -> ledger.Entry:
    """Money came in: debit the bank, credit the contract's escrow."""
    escrow = ledger.escrow(payment.contract.identifier)
    return ledger.post(
        session,
        f"{payment.identifier}:received",
        f"{payment.kind}_received",
        payment.contract.identifier,
        {ledger.BANK: -payment.amount, escrow: payment.amount},
    )


def release(session: Session, contract: Contract, milestone: Milestone) -> None:
    """A milestone is met and its money there: debit the escrow, credit what we owe the agency; then it leaves by bank."""
    escrow, owed = ledger.escrow(contract.identifier), ledger.payable(contract.agency.uscc)
    _move(session, contract, f"{contract.identifier}:{milestone.number}", escrow, owed, milestone.amount)


def settle_up(session: Session, contract: Contract, to_agency: int) -> None:
    """A contract ended early: of what its escrow holds `to_agency` fen go to the agency, the rest back to the buyer.
    RuleBroken if it does not hold that much."""
    escrow = ledger.escrow(contract.identifier)
    _move(session, contract, f"{contract.identifier}:ended", escrow, ledger.payable(contract.agency.uscc), to_agency)
    left = ledger.balance(session, escrow)
    if left:
        ledger.post(session, f"{contract.identifier}:refunded", "refunded", contract.identifier, {escrow: -left, ledger.BANK: left})


def _move(session: Session, contract: Contract, key: str, escrow: str, owed: str, amount: int) -> None:
    if amount:
        ledger.post(session, f"{key}:released", "released", contract.identifier, {escrow: -amount, owed: amount})
        ledger.post(session, f"{key}:paid_out", "paid_out", contract.identifier, {owed: -amount, ledger.BANK: amount})
