"""Which contracts money is kept of: what stands on their own accounts in the books."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from models.contracts.agreement import Contract
from models.ledger.books import Account

KEPT = ("escrow", "retention", "hold")  # the kinds of account a contract has


def keeps(*kinds: str) -> ColumnElement[bool]:
    """The contracts with money on an account of one of these kinds; of any of them where none is named."""
    held = (
        select(func.substr(Account.code, len(kind) + 2)).where(Account.kind == kind, Account.balance > 0)
        for kind in kinds or KEPT
    )
    return Contract.identifier.in_(union_all(*held))


def kept_sum(*kinds: str) -> ColumnElement[int]:
    """What is kept of a contract on its accounts of these kinds, of all where none is named, in fen."""
    codes = [literal(f"{kind}:").concat(Contract.identifier) for kind in kinds or KEPT]
    summed = select(func.coalesce(func.sum(Account.balance), 0)).where(Account.code.in_(codes))
    return summed.correlate(Contract).scalar_subquery()


def kept_of(session: Session, contracts: list[int], *kinds: str) -> dict[int, int]:
    """The same of each of these contracts, by its key."""
    found = select(Contract.id, kept_sum(*kinds)).where(Contract.id.in_(contracts))
    return {key: int(fen) for key, fen in session.execute(found)}


def kept_in_all(session: Session, contracts: Select[Any], *kinds: str) -> int:
    """The same of all the contracts a statement finds."""
    each = contracts.order_by(None).with_only_columns(kept_sum(*kinds).label("kept")).subquery()
    return int(session.scalar(select(func.sum(each.c.kept))) or 0)
