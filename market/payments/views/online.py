"""Paying through a gateway, and what it tells us.

Our pages only ever link to where the buyer pays: a form that leads elsewhere is refused by the content
policy, and rightly.
"""

from __future__ import annotations

import logging

from flask import Response as FlaskResponse
from flask import redirect, render_template, request, url_for
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.case_views import case_url, check_nothing_lacking, visible
from market.extensions import csrf, db
from market.forms import ActForm
from market.gateways import (
    GatewayStatus,
    OnlineGateway,
    gateways,
    get_online_gateway,
    online_methods,
)
from market.identity import current_actor
from market.payments import gateway_sync
from market.payments.blueprint import bp
from models.errors import NotFound
from models.i18n import N_
from models.payments.charges import Charge
from models.payments.payment import Payment

log = logging.getLogger(__name__)


@bp.route("/payments/<identifier>/online", methods=["GET", "POST"])
@login_required
def pay_online(identifier: str) -> Response | str | tuple[str, int]:
    """Choose how to pay, and go on with what was begun: nothing is begun twice."""
    payment: Payment = visible(Payment, identifier)
    check_nothing_lacking(payment)
    if not any(isinstance(way, OnlineGateway) for way in gateways()):
        raise NotFound(N_("没有这个页面。"))
    form, methods, method = ActForm(), online_methods(payment), request.form.get("method", "")
    if form.is_submitted() and form.validate():
        key, standing = gateway_sync.begin(
            current_actor(),
            identifier,
            method,
            url_for("payments.back", identifier=identifier, _external=True),
        )
        if standing.state == "succeeded" or method not in methods:
            return redirect(case_url("payment", identifier), 303)
        return _go_on(
            payment,
            db.session.scalars(select(Charge).where(Charge.key == key)).one(),
            standing,
            *methods[method],
        )
    return render_template("payments/online.html", payment=payment, methods=methods, form=form)


def _go_on(
    payment: Payment, charge: Charge, standing: GatewayStatus, gateway: OnlineGateway, label: str
) -> Response:
    answer = FlaskResponse(
        render_template(
            "payments/go_on.html",
            payment=payment,
            charge=charge,
            standing=standing,
            label=label,
            gateway=gateway,
        )
    )
    if policy := gateway.page_policy(charge):
        answer.headers["Content-Security-Policy"] = policy
    return answer


@bp.get("/payments/<identifier>/back")
@login_required
def back(identifier: str) -> Response:
    """The buyer comes back from the gateway, before or after its webhook.

    How it stands is looked up, whoever is first.
    """
    payment: Payment = visible(Payment, identifier)
    gateway_sync.follow_all(payment)
    return redirect(case_url("payment", identifier), 303)


@bp.post("/hooks/<gateway>")
@csrf.exempt
def hook(gateway: str) -> Response:
    """A signed event.

    Kept before it is answered, so that the gateway need not tell it again; refused where the signature is not
    its own. One that says nothing we could look up is noted in the log and answered all the same: it would
    only come again.
    """
    payload = request.get_data(cache=False)
    told = get_online_gateway(gateway).read(payload, request.headers)
    if told is None:
        log.warning("an event of %s is ignored: %r", gateway, payload[:200])
        return FlaskResponse("ignored\n", mimetype="text/plain")
    gateway_sync.take(gateway, told)
    return FlaskResponse("ok\n", mimetype="text/plain")
