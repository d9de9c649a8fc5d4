"""Money on its pages: payments, payouts, invoices, paying online, custody, the books, statements."""

from market.payments.views import books, cases, custody, importing, online, payments, statements
from market.payments.views.rooms import rooms

__all__ = ["books", "cases", "custody", "importing", "online", "payments", "rooms", "statements"]
