"""Paying and confirming."""

from __future__ import annotations

from flask import Blueprint, redirect
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from werkzeug.wrappers import Response

from market.forms import Form, text, upload
from market.pages import ActPage, act_view, file_of, landing, visible
from market.payments import actions
from models.payments import Payment

rooms = Blueprint("payments", __name__)


class PayForm(Form):
    bank_reference = text(_l("银行流水号"), 60)
    file = upload(_l("付款凭证"))


ACTS = {
    "pay": ActPage(
        actions.pay, PayForm, lambda form: {"bank_reference": form.bank_reference.data, **file_of(form.file.data)}
    ),
    "confirm": ActPage(actions.confirm),
    "dispute": ActPage(actions.dispute),
}


@rooms.get("/payments/<identifier>")
@login_required
def show(identifier: str) -> Response:
    return redirect(landing(visible(Payment, identifier)), 303)


@rooms.route("/payments/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Payment, identifier, act, ACTS)
