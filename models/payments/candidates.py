"""What a line of the bank's statement that names nothing may be: proposed to the custodian, who decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from models import spelling
from models.i18n import N_
from models.payments.bank import BankLine, returns_booked, this_try
from models.payments.payment import OPEN, Payment
from models.payments.payouts import Payout

MOST = 5  # are proposed
LOOKED_AT = 60  # of the same sum, the newest first

# What settling a line so binds to, beside what the tables say.
SHOWN_BEFORE = N_("这笔款已登记到账,这里只与银行流水对上,不会再入一次账。")
LEFT = N_("表示银行已付出这笔款,从托管账户记出,并记为已到账;以后银行退回的,仍会重新拨付。")
LEFT_BEFORE = N_("表示银行付出过这一次,从托管账户记出;不会再付一次。")
BACK_BEFORE = N_("这次退回已登记过,这里只把款记回托管账户;不会再付一次。")

SAME_SUM = N_("金额一分不差")
NAMED = N_("附言写了它的编号")
CONTRACT_NAMED = N_("附言写了合同编号")
SAME_PARTY = N_("对方户名与应收付的单位一致")
LIKE_PARTY = N_("对方户名与应收付的单位相近")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment or payout a line may be: whose it is, the way to settle it so, and why it is thought of.

    `act` is what is then done to it, empty where its state stays; `means` what that binds to.
    """

    case: Payment | Payout
    party: str
    way: str
    why: tuple[str, ...]
    act: str
    means: str

    @property
    def named(self) -> bool:
        return NAMED in self.why


def candidates(session: Session, line: BankLine) -> list[Candidate]:
    """What an open line may be: of its sum to the fen, and without a line of its own; the likeliest first.

    A payment for money that came in, a payout for money that left, or a payout that comes back.
    """
    if line.state != "open" or not line.amount:
        return []
    if line.amount > 0:
        found = [*_payments(session, line), *_returned(session, line)]
    else:
        found = list(_payouts(session, line))
    return sorted(found, key=lambda each: -len(each.why))[:MOST]


def _lines_of(case: type[Payment] | type[Payout], direction: ColumnElement[bool]) -> Any:
    """How many lines of this direction were found to be a case of this kind."""
    query = select(func.count(BankLine.id)).where(BankLine.case_identifier == case.identifier, direction)
    return query.correlate(case).scalar_subquery()


def _payments(session: Session, line: BankLine) -> Iterable[Candidate]:
    seen = (Payment.state == "cleared") & (Payment.gateway == "bank")
    query = select(Payment).where(
        Payment.amount == line.amount,
        or_(Payment.state.in_((*OPEN, "confirmed")), seen),
        _lines_of(Payment, BankLine.id.is_not(None)) == 0,
    )
    for payment in session.scalars(query.order_by(Payment.id.desc()).limit(LOOKED_AT)).unique():
        act, means = ("", SHOWN_BEFORE) if payment.state == "cleared" else ("receive", "")
        yield _candidate(line, payment, payment.contract.buyer.name, "payment", act, means)


def _payouts(session: Session, line: BankLine) -> Iterable[Candidate]:
    left = _lines_of(Payout, BankLine.amount < 0)
    query = select(Payout, left).where(
        Payout.amount == -line.amount,
        Payout.gateway == "bank",
        Payout.state.in_(("sent", "arrived", "due")),
        left < Payout.tries,
    )
    for payout, known in session.execute(query.order_by(Payout.id.desc()).limit(LOOKED_AT)).unique():
        arrives = payout.state == "sent" and this_try(payout, known)
        act, means = ("arrive", LEFT) if arrives else ("", LEFT_BEFORE)
        yield _candidate(line, payout, payout.payee.name, "payment", act, means)


def _returned(session: Session, line: BankLine) -> Iterable[Candidate]:
    """Payouts whose money may be coming back: sent more often than they are known to have returned."""
    back = _lines_of(Payout, BankLine.amount > 0)
    query = select(Payout, back).where(
        Payout.amount == line.amount, Payout.gateway == "bank", Payout.tries > back
    )
    for payout, known in session.execute(query.order_by(Payout.id.desc()).limit(LOOKED_AT)).unique():
        before = known < returns_booked(payout)
        way, act, means = ("returned_before", "", BACK_BEFORE) if before else ("returned", "bounce", "")
        yield _candidate(line, payout, payout.payee.name, way, act, means)


def _candidate(
    line: BankLine, case: Payment | Payout, party: str, way: str, act: str, means: str
) -> Candidate:
    said = _bare(line.remark)
    mine, theirs = spelling.name(party), spelling.name(line.counterparty)
    why = (
        SAME_SUM,
        *([NAMED] if _bare(case.identifier) in said else []),
        *([CONTRACT_NAMED] if _bare(case.contract.identifier) in said else []),
        *([SAME_PARTY] if mine == theirs else [LIKE_PARTY] if _alike(mine, theirs) else []),
    )
    return Candidate(case, party, way, why, act, means or case.workflow.consequences[act])


def _bare(text: str) -> str:
    """A text without what a bank, or whoever wrote it, puts between the parts of a number."""
    return re.sub(r"[-/._+]", "", spelling.code(text))


def _alike(one: str, other: str) -> bool:
    """Whether one name stands in the other, as where a bank cut it short or a branch was added."""
    short, long = sorted((one, other), key=len)
    return len(short) >= 4 and short in long
