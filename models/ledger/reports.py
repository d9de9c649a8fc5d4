"""What the books add up to: totals by kind of account, and the statement of one or more accounts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, Subquery, case, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from models.ledger.books import ACCOUNT_KINDS, Account, Entry, Line


@dataclass(frozen=True, slots=True)
class Total:
    """A row of the trial balance.

    How many accounts of a kind, their turnover on both sides and their balance, in fen.
    """

    kind: str
    accounts: int
    debits: int
    credits: int

    @property
    def balance(self) -> int:
        return self.credits - self.debits


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """What accounts stood at when a period began and when it ended, and what moved between."""

    opening: int
    came_in: int
    went_out: int

    @property
    def closing(self) -> int:
        return self.opening + self.came_in - self.went_out


def _legs() -> Select[tuple[int, int, int, int]]:
    """Every line twice: once for the account it debits (below zero), once for the one it credits."""
    debits = select(
        Line.id.label("line_id"),
        Line.entry_id,
        Line.debit_id.label("account_id"),
        (-Line.amount).label("amount"),
    )
    credits_ = select(Line.id, Line.entry_id, Line.credit_id, Line.amount)
    legs = union_all(debits, credits_).subquery("legs")
    return select(legs.c.line_id, legs.c.entry_id, legs.c.account_id, legs.c.amount)


def totals(session: Session) -> list[Total]:
    """The trial balance, a row a kind of account, in the order of the chart of accounts."""
    legs = _legs().subquery()
    side = (
        func.coalesce(func.sum(case((legs.c.amount < 0, -legs.c.amount), else_=0)), 0),
        func.coalesce(func.sum(case((legs.c.amount > 0, legs.c.amount), else_=0)), 0),
    )
    query = (
        select(Account.kind, func.count(Account.id.distinct()), *side)
        .outerjoin(legs, legs.c.account_id == Account.id)
        .group_by(Account.kind)
    )
    rows = {
        kind: Total(kind, count, int(debits), int(credited))
        for kind, count, debits, credited in session.execute(query)
    }
    return [rows[kind] for kind in ACCOUNT_KINDS if kind in rows]


def trial_balance(session: Session) -> int:
    """The sum of every account there is. Anything but 0 is an alarm."""
    return int(session.scalar(select(func.coalesce(func.sum(Account.balance), 0))) or 0)


def unbalanced_accounts(session: Session) -> list[str]:
    """The codes of accounts whose balance is not what their lines add up to.

    Any is an alarm: somebody reached past the books.
    """
    legs = _legs().subquery()
    added = func.coalesce(func.sum(legs.c.amount), 0)
    query = (
        select(Account.code)
        .outerjoin(legs, legs.c.account_id == Account.id)
        .group_by(Account.id, Account.code, Account.balance)
    )
    return list(session.scalars(query.having(added != Account.balance).order_by(Account.code)))


def account_statement(
    session: Session, codes: Collection[str], since: datetime, until: datetime
) -> AccountStatement:
    """The accounts with these codes taken as one, from `since` (with it) to `until` (without it).

    What moves between them counts for nothing.
    """
    before, net = Entry.at < since, _net(codes)
    query = (
        select(
            func.coalesce(func.sum(case((before, net.c.amount), else_=0)), 0),
            func.coalesce(func.sum(case((before, 0), (net.c.amount > 0, net.c.amount), else_=0)), 0),
            func.coalesce(func.sum(case((before, 0), (net.c.amount < 0, -net.c.amount), else_=0)), 0),
        )
        .join_from(net, Entry, Entry.id == net.c.entry_id)
        .where(Entry.at < until)
    )
    opening, came_in, went_out = session.execute(query).one()
    return AccountStatement(int(opening), int(came_in), int(went_out))


def _net(codes: Collection[str]) -> Subquery:
    """What each entry does to these accounts together."""
    legs = _legs().subquery()
    query = select(legs.c.entry_id, cast(func.sum(legs.c.amount), BigInteger).label("amount")).join(
        Account, Account.id == legs.c.account_id
    )
    return (
        query.where(Account.code.in_(codes))
        .group_by(legs.c.entry_id)
        .having(func.sum(legs.c.amount) != 0)
        .subquery("net")
    )


def account_statement_lines(
    codes: Collection[str], since: datetime, until: datetime, opening: int = 0
) -> Select[Any]:
    """The entries that moved these accounts in a period, oldest first.

    (entry, what it did to them together, where they stood after it), in fen; `opening` is where they stood
    before the first.
    """
    net = _net(codes)
    running = (literal(opening) + cast(func.sum(net.c.amount).over(order_by=Entry.id), BigInteger)).label(
        "running"
    )
    query: Select[Any] = select(Entry, net.c.amount, running).join_from(
        net, Entry, Entry.id == net.c.entry_id
    )
    return query.where(Entry.at >= since, Entry.at < until).order_by(Entry.id)
