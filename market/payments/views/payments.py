"""A payment on its page: how to pay it, what stands of it, and its invoices."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.extensions import db
from market.pages import ActPage, act_view, case_page, case_url, file_of, link, visible
from market.payments import actions
from market.payments.forms import PayForm
from market.payments.gateways import bank, offering
from market.payments.views.rooms import rooms
from market.referring import urges
from models.money import capital
from models.payments import KINDS, Invoice, Payment, charges_of

ACTS = {
    "pay": ActPage(
        actions.pay,
        PayForm,
        lambda form: {"bank_reference": form.bank_reference.data, **file_of(form.file.data)},
    ),
    "confirm": ActPage(actions.confirm),
    "receive": ActPage(actions.receive),
    "dispute": ActPage(actions.dispute),
    "urge": ActPage(urges("payment")),
    "set_aside": ActPage(actions.set_aside),
}


@rooms.get("/payments/<identifier>")
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
        "capital": capital(payment.amount),
        "account": [(_(label), value) for label, value in bank().account] if bank().offers(payment) else [],
        "charges": charges_of(db.session, payment),
        "online": [label for _gateway, label in offering(payment).values()],
        "invoices": list(
            db.session.scalars(select(Invoice).where(Invoice.payment_id == payment.id).order_by(Invoice.id))
        ),
    }


@rooms.route(
    "/payments/<identifier>/<any(pay, confirm, receive, dispute, urge, set_aside):act>",
    methods=["GET", "POST"],
)
@login_required
def act(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Payment, identifier, act, ACTS)
