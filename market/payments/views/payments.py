"""A payment on its page: how to pay it, what stands of it, and its invoices."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select

from market.case_registry import ActPage, register_case
from market.case_views import case_page, case_url, file_of, link, visible
from market.extensions import db
from market.formatting import in_english
from market.gateways import bank_transfer, online_methods
from market.payments.actions import paying
from market.payments.blueprint import bp
from market.payments.forms import PayForm
from models.money import capital
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
        "contract_link": link(case_url("contract", payment.contract.identifier), payment.contract.identifier),
        "kinds": KINDS,
        "capital": "" if in_english() else capital(payment.amount),
        "account": [(_(label), value) for label, value in bank_transfer().account]
        if bank_transfer().offers(payment)
        else [],
        "charges": charges_of(db.session, payment),
        "online": [label for _gateway, label in online_methods(payment).values()],
        "invoices": list(
            db.session.scalars(select(Invoice).where(Invoice.payment_id == payment.id).order_by(Invoice.id))
        ),
    }


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
        ),
        "confirm": ActPage(paying.confirm),
        "receive": ActPage(paying.receive),
        "dispute": ActPage(paying.dispute),
        "set_aside": ActPage(paying.set_aside),
    },
    timed={"lapse": paying.lapse},
)
