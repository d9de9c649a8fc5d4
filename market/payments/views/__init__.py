"""Money on its pages: payments, payouts, invoices, paying online, custody, the books, statements."""

from market.payments.blueprint import bp
from market.payments.views import books, cases, custody, importing, online, payments, statements

__all__ = ["books", "bp", "cases", "custody", "importing", "online", "payments", "statements"]
