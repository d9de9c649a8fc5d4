"""The ledger: the books, what they add up to, and the closing of each day."""

from models.ledger.books import (
    ACCOUNT_KINDS,
    BANK,
    PLATFORM,
    Account,
    Entry,
    Line,
    Moved,
    balance,
    clearing,
    escrow,
    hold,
    payable,
    post,
    retention,
)
from models.ledger.closing import Fault, close, close_days, day_file, next_closing, verify
from models.ledger.days import Closing, midnight, open_day
from models.ledger.reports import Statement, Total, crooked, statement, statement_lines, totals, trial_balance

__all__ = [
    "ACCOUNT_KINDS",
    "BANK",
    "PLATFORM",
    "Account",
    "Closing",
    "Entry",
    "Fault",
    "Line",
    "Moved",
    "Statement",
    "Total",
    "balance",
    "clearing",
    "close",
    "close_days",
    "crooked",
    "day_file",
    "escrow",
    "hold",
    "midnight",
    "next_closing",
    "open_day",
    "payable",
    "post",
    "retention",
    "statement",
    "statement_lines",
    "totals",
    "trial_balance",
    "verify",
]
