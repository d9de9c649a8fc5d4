"""The custodian's bank: the statements it sends, line by line, and what each line turned out to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from models import clock
from models.base import Base, Code, Fen, Name, OptionalFen
from models.i18n import N_
from models.identifiers import Numbered, kinds_of
from models.ledger import books
from models.payments.payment import OPEN, Payment, payments_named_in
from models.payments.payouts import Payout

# Where a line stands: not looked at, found to be a payment or payout of ours, somebody's to look at, dealt
# with by somebody.
LINE_STATES = {"new": N_("核对中"), "matched": N_("已核对"), "open": N_("待处理"), "settled": N_("已处理")}
PROBLEMS = {
    "no_reference": N_("附言里没有付款编号"),
    "check_digits": N_("付款编号的校验位不对"),
    "several": N_("附言里有不止一个编号"),
    "unknown": N_("没有这个编号"),
    "direction": N_("收付方向与编号不符"),
    "amount": N_("金额与应收付的不符"),
    "state": N_("这一项现在不能入账"),
    "done": N_("这一项已由另一笔流水核对"),
    "returned": N_("银行说这一笔是退回或冲正"),
    "unreadable": N_("这一行有看不懂的地方"),
    "details": N_("汇总记账的明细合计与总额不符"),
}


class BankStatement(Numbered, Base):
    """A statement of the custody account as it was handed in, with the balances it says.

    `sha256` is that of the file kept; balances are in fen, None where it says none. `known` lines had come
    before; `left_out` were another account's; at so many `gaps` a balance does not follow from the one beside
    it.
    """

    __tablename__ = "bank_statements"
    prefix: ClassVar[str] = "S"

    identifier: Mapped[Code] = mapped_column(unique=True)
    account: Mapped[Code]
    source: Mapped[Name]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    opening: Mapped[OptionalFen]
    closing: Mapped[OptionalFen]
    first_day: Mapped[date]
    last_day: Mapped[date]
    known: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)
    gaps: Mapped[int] = mapped_column(default=0)
    imported_at: Mapped[datetime] = mapped_column(default=clock.now)
    imported_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


class BankLine(Base):
    """A line of a statement: fen that came in (above zero) or went out (below).

    `key` is the same whenever the bank tells of it again. `case_identifier` is the payment or payout it is;
    `problem` why it was not known, `note` what somebody decided.
    """

    __tablename__ = "bank_lines"
    __table_args__ = (UniqueConstraint("statement_id", "number"),)

    statement_id: Mapped[int] = mapped_column(ForeignKey("bank_statements.id"))
    number: Mapped[int]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    day: Mapped[date]
    amount: Mapped[Fen]
    counterparty: Mapped[Name]
    counterparty_account: Mapped[Code]
    remark: Mapped[Name]
    bank_reference: Mapped[Code]
    state: Mapped[str] = mapped_column(String(10), default="new", index=True)
    problem: Mapped[str] = mapped_column(String(20), default="")
    case_identifier: Mapped[Code] = mapped_column(default="", index=True)
    note: Mapped[Name] = mapped_column(default="")
    settled_at: Mapped[datetime | None]
    statement: Mapped[BankStatement] = relationship(lazy="joined")


def came_from(session: Session, contract_id: int) -> list[BankLine]:
    """The accounts the bank saw the money of a contract come from: of each its newest line."""
    paid = select(Payment.identifier).where(Payment.contract_id == contract_id)
    seen = select(BankLine).where(
        BankLine.case_identifier.in_(paid),
        BankLine.amount > 0,
        BankLine.counterparty_account != "",
        BankLine.state.in_(("matched", "settled")),
    )
    newest = {line.counterparty_account: line for line in session.scalars(seen.order_by(BankLine.id))}
    return list(newest.values())


@dataclass(frozen=True, slots=True)
class Match:
    """What a line is: one of ours, or why that is not known.

    Nothing is guessed: a line is a payment only if it names it with right check digits, and to the fen.
    """

    case: Payment | Payout | None
    problem: str = ""


def match(session: Session, line: BankLine) -> Match:
    """Find the payment or payout a line names. Locks nothing."""
    named, slipped = payments_named_in(line.remark)
    if not named:
        return Match(None, "check_digits" if slipped else "no_reference")
    if len(named) > 1 or slipped:
        return Match(None, "several")
    kind: Any = Payment if Payment in kinds_of(named[0]) else Payout
    found = session.scalars(
        select(kind).where(kind.identifier == named[0]).options(lazyload(kind.contract))
    ).one_or_none()
    if found is None:
        return Match(None, "unknown")
    return fits(session, line, found)


def fits(session: Session, line: BankLine, case: Payment | Payout) -> Match:
    """Whether a line can be this payment or payout as it stands now.

    One the custodian saw before its statement came fits too. What was sent more than once has a line for each
    time; one that comes in and names a payout is that payout coming back, for a person to say.
    """
    if isinstance(case, Payout) and line.amount > 0:
        return Match(
            None, "returned" if line.amount == case.amount and comes_back(session, case) else "direction"
        )
    if (line.amount > 0) != isinstance(case, Payment):
        return Match(None, "direction")
    if abs(line.amount) != case.amount:
        return Match(None, "amount")
    left, _back = cleared_of(session, case.identifier)
    if isinstance(case, Payout):
        if left >= case.tries > 0:
            return Match(None, "done")
        return (
            Match(case)
            if case.state in ("sent", "arrived", "due") and case.tries and case.gateway == "bank"
            else Match(None, "state")
        )
    if left + _back:
        return Match(None, "done")
    seen = ("cleared",) if case.gateway == "bank" else ()
    return Match(case) if case.state in (*OPEN, "confirmed", *seen) else Match(None, "state")


def cleared_of(session: Session, identifier: str) -> tuple[int, int]:
    """How many lines were found to be this case: of money that went out, and of money that came in."""
    query = select(func.count().filter(BankLine.amount < 0), func.count().filter(BankLine.amount > 0)).where(
        BankLine.case_identifier == identifier
    )
    out, back = session.execute(query).one()
    return int(out), int(back)


def comes_back(session: Session, payout: Payout) -> bool:
    """Whether a payout can be what came back.

    It was sent by bank more often than it is known to have returned.
    """
    return payout.gateway == "bank" and cleared_of(session, payout.identifier)[1] < payout.tries


def booked_before(session: Session, payout: Payout) -> bool:
    """Whether what comes back now was booked before its line came.

    Fewer such lines are known than returns are booked.
    """
    return cleared_of(session, payout.identifier)[1] < returns_booked(payout)


def this_try(payout: Payout, left: int) -> bool:
    """Whether the line that comes next is of its newest try, where `left` lines showed it leave before."""
    return left + 1 == payout.tries


def returns_booked(payout: Payout) -> int:
    """How often a payout was booked as returned: every try but one that is on its way, or there."""
    return payout.tries - (payout.state in ("sent", "arrived"))


def bank_statement_of(session: Session, identifier: str) -> BankStatement | None:
    return session.scalars(select(BankStatement).where(BankStatement.identifier == identifier)).one_or_none()


def unexplained(session: Session) -> int:
    """What lines that wait to be looked at add up to, in fen."""
    return int(
        session.scalar(
            select(func.coalesce(func.sum(BankLine.amount), 0)).where(BankLine.state.in_(("new", "open")))
        )
        or 0
    )


def newest_bank_statement(session: Session) -> BankStatement | None:
    """The statement that reaches furthest and says a closing balance."""
    query = (
        select(BankStatement)
        .where(BankStatement.closing.is_not(None))
        .order_by(BankStatement.last_day.desc(), BankStatement.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def statement_discrepancy(session: Session) -> int | None:
    """By how many fen the bank says more than the books and the lines not yet explained make.

    None without a statement.
    """
    newest = newest_bank_statement(session)
    if newest is None or newest.closing is None:
        return None
    return newest.closing - (-books.balance(session, books.BANK) + unexplained(session))
