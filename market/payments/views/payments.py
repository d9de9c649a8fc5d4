"""A payment on its page: how to pay it, what stands of it, and its invoices."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select

from market.case_registry import ActPage, register_case
from market.case_views import case_link, case_page, file_of, visible
from market.extensions import db
from market.formatting import in_english
from market.gateways import bank_transfer, online_methods
from market.payments.actions import paying
from market.payments.blueprint import bp
from market.payments.forms import PayForm
from models import money
from models.i18n import N_
from models.payments.charges import charges_of
from models.payments.invoices import Invoice
from models.payments.payment import KINDS, Payment


@bp.get("/payments/<identifier>")
@login_required
def show(identifier: str) -> str:
    payment: Payment = visible(Payment, identifier)
    return render_template("payments/show.html", **case_page(payment), **about(payment))


def about(payment: Payment) -> dict[str, Any]:
    """What the page of a payment shows of it."""
    return {
        "payment": payment,
        "contract_link": case_link(payment.contract),
        "kinds": KINDS,
        "capital": "" if in_english() else money.capital(payment.amount),
        "account": custody_account(payment),
        "charges": charges_of(db.session, payment),
        "online": [label for _gateway, label in online_methods(payment).values()],
        "invoices": list(
            db.session.scalars(select(Invoice).where(Invoice.payment_id == payment.id).order_by(Invoice.id))
        ),
    }


def custody_account(payment: Payment) -> list[tuple[str, str]]:
    """Where a payment that is asked for is paid to, and what is written in the remark: labels and values."""
    if not bank_transfer().offers(payment):
        return []
    account = [(_(label), value) for label, value in bank_transfer().account]
    return [
        *account,
        (_("金额"), money.show(payment.amount)),
        (_("大写"), "" if in_english() else money.capital(payment.amount)),
        (_("附言"), payment.reference),
    ]


register_case(
    bp,
    Payment,
    url="/payments",
    page=show,
    acts={
        "pay": ActPage(
            paying.pay,
            PayForm,
            lambda form: {"bank_reference": form.bank_reference.data, **file_of(form.file.data)},
            beside=custody_account,
            beside_heading=N_("付到托管账户"),
        ),
        "confirm": ActPage(paying.confirm),
        "receive": ActPage(paying.receive),
        "dispute": ActPage(paying.dispute),
        "set_aside": ActPage(paying.set_aside),
    },
    timed={"lapse": paying.lapse},
)
