"""What is done with money.

Paying and confirming, paying out, charging through a gateway, reading the bank's statements, recording
invoices, closing the books.
"""

from market.payments.actions.bank import close_day, leave_line, match_line, read_line, settle_line
from market.payments.actions.charges import (
    ask_charge,
    charge_by,
    close_event,
    fail_charge,
    note_charge,
    note_event,
    settle_charge,
)
from market.payments.actions.importing import (
    Unread,
    drop_waiting,
    forget_layout,
    import_statement,
    tell_layout,
    waiting,
)
from market.payments.actions.invoicing import receive_invoice, record_invoice, void_invoice
from market.payments.actions.paying import confirm, dispute, lapse, pay, receive, set_aside
from market.payments.actions.payouts import (
    arrive,
    begin_sending,
    bounce,
    finish_sending,
    give_up_sending,
    send,
    take_back,
)
from market.payments.actions.reconciling import keep_differences, note_differences

__all__ = [
    "Unread",
    "arrive",
    "ask_charge",
    "begin_sending",
    "bounce",
    "charge_by",
    "close_day",
    "close_event",
    "confirm",
    "dispute",
    "drop_waiting",
    "fail_charge",
    "finish_sending",
    "forget_layout",
    "give_up_sending",
    "import_statement",
    "keep_differences",
    "lapse",
    "leave_line",
    "match_line",
    "note_charge",
    "note_differences",
    "note_event",
    "pay",
    "read_line",
    "receive",
    "receive_invoice",
    "record_invoice",
    "send",
    "set_aside",
    "settle_charge",
    "settle_line",
    "take_back",
    "tell_layout",
    "void_invoice",
    "waiting",
]
