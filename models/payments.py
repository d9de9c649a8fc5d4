"""Payments: a sum due under a contract, paid by bank transfer and confirmed by both sides."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import ledger
from models.base import Base, Fen
from models.contracts import Contract
from models.documents import Document
from models.sourcing import PARTIES
from models.text import N_
from models.workflow import Case, Limit, Move, State, Workflow

KINDS = {"deposit": N_("定金"), "settlement": N_("余款")}

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
    opening=Limit(attribute="pay_by"),
)  # fmt: skip


class Payment(Case, Base):
    """The deposit or the settlement of one contract. `reference` is what the payer writes on the transfer."""

    __tablename__ = "payments"
    __table_args__ = (UniqueConstraint("contract_id", "kind"),)
    workflow: ClassVar[Workflow] = PAYMENT
    parties: ClassVar[dict[str, str]] = PARTIES

    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    amount: Mapped[Fen]
    pay_by: Mapped[datetime]
    bank_reference: Mapped[str | None] = mapped_column(String(60))
    voucher_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    voucher: Mapped[Document | None] = relationship()
    contract: Mapped[Contract] = relationship(lazy="joined")

    @property
    def title(self) -> str:
        return self.contract.title

    @property
    def stake(self) -> int:
        return self.amount


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


def release(session: Session, contract: Contract) -> ledger.Entry:
    """The contract is fulfilled: debit its escrow by all it holds, credit what we owe the agency."""
    escrow = ledger.escrow(contract.identifier)
    held = ledger.balance(session, escrow)
    return ledger.post(
        session,
        f"{contract.identifier}:released",
        "released",
        contract.identifier,
        {escrow: -held, ledger.payable(contract.agency.uscc): held},
    )


def pay_out(session: Session, contract: Contract, amount: int) -> ledger.Entry:
    """What we owe the agency leaves by bank: debit the payable, credit the bank."""
    return ledger.post(
        session,
        f"{contract.identifier}:paid_out",
        "paid_out",
        contract.identifier,
        {ledger.payable(contract.agency.uscc): -amount, ledger.BANK: amount},
    )
