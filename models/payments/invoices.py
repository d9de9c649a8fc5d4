"""Invoices (发票): recorded by the agency against a payment.

With the number of the tax authority and the file.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, money, spelling
from models.base import Base, Fen
from models.contracts.of_contract import OfContract
from models.documents import Document
from models.errors import RuleViolation
from models.i18n import N_
from models.payments.payment import Payment
from models.workflow_table import Move, State, Workflow

INVOICE = Workflow(
    name="invoice",
    unhurried={"recorded": "that it was received is noted; no money and no other act waits for it"},
    label=N_("发票"),
    states=(
        State("recorded", N_("待业主查收")),
        State("received", N_("已查收"), tone="good"),
        State("voided", N_("已红冲"), tone="plain", terminal=True),
    ),
    moves=(
        Move("recorded", "receive", "received", who={"buyer"}, main=True, notify=("agency",)),
        Move("recorded", "void", "voided", who={"agency"}, needs_reason=True, notify=("buyer",)),
        Move("received", "void", "voided", who={"agency"}, needs_reason=True, notify=("buyer",)),
    ),
    duties=("record", "receive", "void"),
    openings={"record": N_("登记发票")},
    consequences={"void": N_("这张发票不再有效,需要时另行登记。")},
    acts={"receive": N_("查收发票"), "void": N_("红冲")},
)


class Invoice(OfContract, Base):
    """An invoice of the agency to the buyer. `amount` includes `tax`, both in fen."""

    __tablename__ = "invoices"
    workflow: ClassVar[Workflow] = INVOICE
    prefix: ClassVar[str] = "I"
    stake: ClassVar[str] = N_("发票金额")

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    amount: Mapped[Fen]
    tax: Mapped[Fen]
    issued_on: Mapped[date]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    payment: Mapped[Payment] = relationship(lazy="joined")
    document: Mapped[Document] = relationship(lazy="joined")

    @hybrid_property
    def amount_at_stake(self) -> int:
        return self.amount


def check_number(session: Session, number: str) -> str:
    """An invoice's number in digits alone.

    20 of a digital one (数电发票), or code and number of an older one, 18 or 20 together. RuleViolation at
    `number`, also for one that is recorded already.
    """
    digits = spelling.code(number).replace("-", "")
    if not re.fullmatch("[0-9]{18}|[0-9]{20}", digits):
        raise RuleViolation(N_("发票号码应为 20 位数字(数电发票),或发票代码加号码共 18 或 20 位。"), "number")
    if session.scalars(select(Invoice.id).where(Invoice.number == digits)).first():
        raise RuleViolation(N_("这张发票已经登记过。"), "number")
    return digits


def check_sums(session: Session, payment: Payment, amount: int, tax: int, issued_on: date) -> None:
    """RuleViolation where an invoice cannot be.

    It is over what is left of its payment, its tax is not below it, or it is of a day to come.
    """
    standing = select(func.coalesce(func.sum(Invoice.amount), 0)).where(
        Invoice.payment_id == payment.id, Invoice.state != "voided"
    )
    left = payment.amount - int(session.scalar(standing) or 0)
    if not 0 < amount <= left:
        raise RuleViolation(
            N_("金额应大于 0,且不超过这笔付款尚未开票的 %(left)s。"), "amount", left=money.show(left)
        )
    if not 0 <= tax < amount:
        raise RuleViolation(N_("税额应小于价税合计。"), "tax")
    if issued_on > clock.today():
        raise RuleViolation(N_("开票日期不能晚于今天。"), "issued_on")
