"""Money on its pages.

Payments, payouts and invoices, paying online, the custodian's desk, the books, statements to take away.
"""

from market.payments.views import books, cases, custody, importing, online, payments, statements
from market.payments.views.cases import INVOICE_ACTS, PAYOUT_ACTS
from market.payments.views.payments import ACTS
from market.payments.views.rooms import rooms

__all__ = [
    "ACTS",
    "INVOICE_ACTS",
    "PAYOUT_ACTS",
    "books",
    "cases",
    "custody",
    "importing",
    "online",
    "payments",
    "rooms",
    "statements",
]
