"""Which contracts money is kept of: what stands on their own accounts in the books."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select, union_all

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
