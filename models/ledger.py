"""The ledger: double entry, integer fen, append-only.

Amounts are signed: a credit is positive, a debit negative, and the lines of an entry sum to zero.
A contract's escrow is a liability (money we owe to its parties), so it never falls below zero; the
database holds that line too. Every entry carries an idempotency key: posting it again returns the
entry that stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, event, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, identifiers
from models.base import Base, Code, Fen
from models.text import N_, RuleBroken

BANK = "bank"  # the custody account: an asset, so its balance is negative or zero here


ACCOUNT_KINDS = {"bank": N_("托管银行"), "escrow": N_("合同托管"), "payable": N_("应付机构")}
ENTRY_KINDS = {
    "deposit_received": N_("收到定金"),
    "milestone_received": N_("收到节点款"),
    "settlement_received": N_("收到余款"),
    "released": N_("解除托管"),
    "paid_out": N_("付给机构"),
    "refunded": N_("退还业主"),
}


class Account(Base):
    """One account. `code` is `bank`, `escrow:<contract>` or `payable:<organisation's code>`."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        CheckConstraint("kind = 'bank' OR balance >= 0", name="never_negative"),
        CheckConstraint("kind IN ('bank', 'escrow', 'payable')", name="known_kind"),
    )

    code: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    balance: Mapped[Fen] = mapped_column(default=0)


class Entry(Base):
    """A posting: what it was for, and its lines."""

    __tablename__ = "ledger_entries"

    identifier: Mapped[Code] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[Code]
    case_identifier: Mapped[Code] = mapped_column(index=True)
    at: Mapped[datetime]
    lines: Mapped[list[Line]] = relationship(back_populates="entry", lazy="selectin")


class Line(Base):
    """One account's part in an entry, in fen: credit above zero, debit below."""

    __tablename__ = "ledger_lines"
    __table_args__ = (CheckConstraint("amount <> 0", name="moves_something"),)

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entries.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"), index=True)
    amount: Mapped[Fen]
    entry: Mapped[Entry] = relationship(back_populates="lines")
    account: Mapped[Account] = relationship(lazy="joined")


@event.listens_for(Entry, "before_update")
@event.listens_for(Entry, "before_delete")
@event.listens_for(Line, "before_update")
@event.listens_for(Line, "before_delete")
def _refuse(mapper: object, connection: object, target: object) -> None:
    raise RuntimeError("the ledger is append-only")


def escrow(contract: str) -> str:
    return f"escrow:{contract}"


def payable(organisation: str) -> str:
    return f"payable:{organisation}"


def post(session: Session, key: str, kind: str, case_identifier: str, amounts: Mapping[str, int]) -> Entry:
    """Post one entry: `amounts` maps account codes to signed fen.

    The same key again returns the entry that stands, provided it says the same; otherwise, for
    lines that do not sum to zero, or for an account that would fall below zero, raises RuleBroken and
    nothing is posted. Accounts are locked in the order of their codes.
    """
    lines = {code: amount for code, amount in amounts.items() if amount}
    if not lines or sum(lines.values()) != 0:
        raise RuleBroken(N_("分录借贷不平,未入账。"))
    accounts = {code: _account(session, code) for code in sorted(lines)}
    standing = session.scalars(select(Entry).where(Entry.key == key)).one_or_none()
    if standing:
        if standing.kind != kind or {line.account.code: line.amount for line in standing.lines} != lines:
            raise RuleBroken(N_("同一凭证号已有不同的入账,未重复入账。"))
        return standing
    short = [code for code, account in accounts.items() if account.kind != "bank" and account.balance + lines[code] < 0]
    if short:
        raise RuleBroken(N_("托管账户余额不足,未入账。"))
    entry = Entry(
        identifier=identifiers.issue(session, "L"), key=key, kind=kind, case_identifier=case_identifier, at=clock.now()
    )
    for code, amount in lines.items():
        accounts[code].balance += amount
        entry.lines.append(Line(account=accounts[code], amount=amount))
    session.add(entry)
    session.flush()
    return entry


def balance(session: Session, code: str) -> int:
    """An account's balance in fen; 0 for one never posted to."""
    return session.scalar(select(Account.balance).where(Account.code == code)) or 0


def trial_balance(session: Session) -> int:
    """The sum of every line there is. Anything but 0 is an alarm."""
    return session.scalar(select(func.coalesce(func.sum(Line.amount), 0))) or 0


def _account(session: Session, code: str) -> Account:
    """The account, locked; made on first use."""
    from sqlalchemy.dialects import postgresql, sqlite

    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(Account).values(code=code, kind=code.split(":")[0], balance=0).on_conflict_do_nothing(index_elements=["code"])
    )
    return session.scalars(
        select(Account).where(Account.code == code).with_for_update().execution_options(populate_existing=True)
    ).one()
