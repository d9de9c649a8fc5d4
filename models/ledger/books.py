"""The books: double entry, integer fen, append-only.

A line moves a sum above zero from the account it debits to the account it credits, so an entry cannot fail to
balance. What the books must never do the database itself refuses (migration 0005): a trigger moves the
balances with every line, constraints hold the floors, and triggers refuse to change or delete what was
posted. Every entry carries an idempotency key: posting it again returns the entry that stands.

Balances are signed as credit minus debit: what is owed to somebody stands above zero, what a bank keeps for
us below.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, String, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import identifiers
from models.append_only import AppendOnly
from models.base import Base, Code, Fen
from models.errors import RuleViolation
from models.i18n import N_
from models.identifiers import Numbered
from models.ledger.days import booked_at, hold_open
from models.upsert import upsert

# What there is an account of, and the side on which it may stand: -1 debit, 1 credit, 0 either.
ACCOUNT_KINDS: dict[str, tuple[str, int]] = {
    "bank": (N_("托管银行"), -1),
    "clearing": (N_("在途"), 0),
    "escrow": (N_("合同托管"), 1),
    "retention": (N_("质量保留金"), 1),
    "hold": (N_("争议冻结"), 1),
    "payable": (N_("应付单位"), 1),
    "platform": (N_("平台"), 0),
}
BANK, PLATFORM = "bank", "platform"


def _kinds(side: int) -> str:
    return ", ".join(f"'{kind}'" for kind, (_label, allowed) in ACCOUNT_KINDS.items() if allowed == side)


class Account(Base):
    """One account.

    `code` is its kind, and after a colon whose it is: a contract's identifier, an organisation's code, a
    gateway. `balance` moves with the lines, by the database's own hand.
    """

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        CheckConstraint(f"kind NOT IN ({_kinds(1)}) OR balance >= 0", name="never_negative"),
        CheckConstraint(f"kind NOT IN ({_kinds(-1)}) OR balance <= 0", name="never_overdrawn"),
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in ACCOUNT_KINDS)})", name="known_kind"),
    )

    code: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(10), index=True)
    balance: Mapped[Fen] = mapped_column(default=0)


class Entry(AppendOnly, Numbered, Base):
    """A posting: what it was for, and its lines.

    `at` is when it was booked, on a day that was open (days.py).
    """

    __tablename__ = "ledger_entries"
    prefix: ClassVar[str] = "L"

    identifier: Mapped[Code] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[Code]
    case_identifier: Mapped[Code] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    lines: Mapped[list[Line]] = relationship(back_populates="entry", lazy="selectin", order_by="Line.id")


class Line(AppendOnly, Base):
    """A sum that moves from the account debited to the account credited, in fen."""

    __tablename__ = "ledger_lines"
    __table_args__ = (
        CheckConstraint("amount > 0", name="moves_something"),
        CheckConstraint("debit_id <> credit_id", name="moves_somewhere"),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entries.id"), index=True)
    debit_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"), index=True)
    credit_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"), index=True)
    amount: Mapped[Fen]
    entry: Mapped[Entry] = relationship(back_populates="lines")
    debit: Mapped[Account] = relationship(foreign_keys=debit_id, lazy="joined")
    credit: Mapped[Account] = relationship(foreign_keys=credit_id, lazy="joined")


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount` fen from the account `debit` to the account `credit`, both by code."""

    debit: str
    credit: str
    amount: int


def escrow(contract: str) -> str:
    return f"escrow:{contract}"


def retention(contract: str) -> str:
    return f"retention:{contract}"


def hold(contract: str) -> str:
    return f"hold:{contract}"


def payable(organisation: str) -> str:
    return f"payable:{organisation}"


def clearing(gateway: str) -> str:
    return f"clearing:{gateway}"


def post(session: Session, key: str, kind: str, case_identifier: str, moves: Iterable[Transfer]) -> Entry:
    """Post one entry of one or more moves, in their order; moves of nothing are left out.

    The same key again returns the entry that stands, provided it says the same. Otherwise, for no move or one
    below zero, or where an account would pass its floor, raises RuleViolation and nothing is posted. Whatever
    it is for (a payment, a return, a reversal, a fee), it is booked on a day that is open. Accounts are
    locked in the order of their codes, after the case.
    """
    lines = [move for move in moves if move.amount]
    if not lines or any(move.amount < 0 or move.debit == move.credit for move in lines):
        raise RuleViolation(N_("分录借贷不平,未入账。"))
    hold_open(session)
    accounts = _locked(session, {code for move in lines for code in (move.debit, move.credit)})
    standing = session.scalars(_STANDING, {"key": key}).one_or_none()
    if standing:
        if (
            standing.kind,
            [Transfer(line.debit.code, line.credit.code, line.amount) for line in standing.lines],
        ) != (kind, lines):
            raise RuleViolation(N_("同一凭证号已有不同的入账,未重复入账。"))
        return standing
    balances = {code: account.balance for code, account in accounts.items()}
    for move in lines:
        for code, change in ((move.debit, -move.amount), (move.credit, move.amount)):
            balances[code] += change
            if balances[code] * ACCOUNT_KINDS[accounts[code].kind][1] < 0:
                raise RuleViolation(N_("账户余额不足,未入账。"))
    entry = Entry(
        identifier=identifiers.issue(session, Entry),
        key=key,
        kind=kind,
        case_identifier=case_identifier,
        at=booked_at(session),
    )
    entry.lines = [
        Line(debit=accounts[move.debit], credit=accounts[move.credit], amount=move.amount) for move in lines
    ]
    session.add(entry)
    session.flush()
    for account in accounts.values():
        session.expire(account, ["balance"])
    return entry


def balance(session: Session, *codes: str) -> int:
    """The balance of these accounts together in fen; 0 for one never posted to."""
    return int(session.scalar(select(func.sum(Account.balance)).where(Account.code.in_(codes))) or 0)


# Made once: money moves in most acts, several times in some.
_STANDING = select(Entry).where(Entry.key == bindparam("key"))
_LOCK = (
    select(Account)
    .where(Account.code.in_(bindparam("codes", expanding=True)))
    .order_by(Account.code)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def _locked(session: Session, codes: set[str]) -> dict[str, Account]:
    """The accounts by code, locked in one order; made on first use."""
    found = {account.code: account for account in session.scalars(_LOCK, {"codes": sorted(codes)})}
    if len(found) == len(codes):
        return found
    rows = [
        {"code": code, "kind": code.partition(":")[0], "balance": 0} for code in sorted(codes - set(found))
    ]
    upsert(session, Account, ["code"], rows)
    return {account.code: account for account in session.scalars(_LOCK, {"codes": sorted(codes)})}
