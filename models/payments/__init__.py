"""Money: payments and payouts, charges at gateways, the bank's statements, invoices, and the named postings
of all of it.
"""

from models.payments.bank import (
    LINE_STATES,
    PROBLEMS,
    BankLine,
    BankStatement,
    booked_before,
    comes_back,
    fits,
    match,
    newest_statement,
    off_by,
    offered_return,
    seen_of,
    statement_of,
    unexplained,
)
from models.payments.charges import Charge, Difference, GatewayEvent, charges_of
from models.payments.invoices import Invoice
from models.payments.layouts import StatementLayout, WaitingStatement, layout_of
from models.payments.payment import IN, KINDS, OPEN, Payment, named_in, reference
from models.payments.payouts import PAYOUT_KINDS, Payout
from models.payments.postings import POSTINGS, post
from models.payments.sums import (
    Release,
    fair_share,
    kept,
    late_payment,
    lateness,
    of_contract,
    payable_now,
    received,
    release_of,
    still_to_ask,
)

__all__ = [
    "IN",
    "KINDS",
    "LINE_STATES",
    "OPEN",
    "PAYOUT_KINDS",
    "POSTINGS",
    "PROBLEMS",
    "BankLine",
    "BankStatement",
    "Charge",
    "Difference",
    "GatewayEvent",
    "Invoice",
    "Payment",
    "Payout",
    "Release",
    "StatementLayout",
    "WaitingStatement",
    "booked_before",
    "charges_of",
    "comes_back",
    "fair_share",
    "fits",
    "kept",
    "late_payment",
    "lateness",
    "layout_of",
    "match",
    "named_in",
    "newest_statement",
    "of_contract",
    "off_by",
    "offered_return",
    "payable_now",
    "post",
    "received",
    "reference",
    "release_of",
    "seen_of",
    "statement_of",
    "still_to_ask",
    "unexplained",
]
