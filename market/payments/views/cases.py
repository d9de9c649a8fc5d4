"""Payouts and invoices on their pages."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market import filters
from market.case_registry import ActPage, register_case
from market.case_views import case_link, case_page, case_url, file_of, form_page, visible
from market.extensions import db
from market.filters import Filters
from market.formatting import in_english
from market.gateways import get_gateway
from market.identity import current_actor
from market.pagination import paged
from market.payments.actions import invoicing
from market.payments.actions import payouts as payout_actions
from market.payments.blueprint import bp
from market.payments.forms import InvoiceForm, SendForm, SendToForm
from models.agencies.account_changes import under_way
from models.i18n import N_
from models.money import capital, show
from models.payments.invoices import Invoice
from models.payments.payment import KINDS, Payment, reference
from models.payments.payouts import PAYOUT_KINDS, Payout, awaited
from models.workflow import check_role

FILTERS = Filters(filters.states(Payout.workflow))


@bp.get("/payouts")
@login_required
def payouts() -> str | tuple[str, int]:
    """What leaves, or has left, newest first, as far as the reader has a part in it."""
    asked = FILTERS.asked()
    query = select(Payout).where(Payout.visible_to(current_actor())).order_by(Payout.id.desc())
    return filters.rendered(
        "payments/payouts.html",
        page=paged(query.where(Payout.state == asked["state"]) if asked else query),
        kinds=PAYOUT_KINDS,
        asked=asked,
    )


@bp.get("/payouts/<identifier>")
@login_required
def show_payout(identifier: str) -> str:
    payout: Payout = visible(Payout, identifier)
    way = get_gateway(payout.gateway)
    return render_template(
        "payments/payout.html",
        **case_page(payout),
        payout=payout,
        kinds=PAYOUT_KINDS,
        payment_kinds=KINDS,
        awaited=awaited(db.session, payout) if payout.state == "held" else [],
        capital="" if in_english() else capital(payout.amount),
        way=way.label if way else payout.gateway,
        accounts=_accounts(payout),
        changing=under_way(db.session, payout.payee_id),
        reference=reference(payout.identifier),
        contract_link=case_link(payout.contract),
    )


def _accounts(payout: Payout) -> list[list[tuple[str, str]]]:
    """The accounts a payout can go to, each as labels and values."""
    found = payout_actions.accounts_of(db.session, payout)
    return [[(_(label), value) for label, value in account] for account in found]


def payee_account(payout: Payout) -> list[tuple[str, str]]:
    """Whose account a payout goes to and which, as labels and values, with the sum and the remark."""
    accounts = _accounts(payout)
    known = [fact for account in accounts for fact in account]
    return [
        (_("收款单位"), payout.payee.name),
        *(known or [(_("账户"), _("还不知道,请先与收款单位核实。"))]),
        *([(_("哪一个"), _("来款有几个账户,请与收款单位核实退到哪一个。"))] if accounts[1:] else []),
        (_("金额"), show(payout.amount)),
        (_("附言"), reference(payout.identifier)),
    ]


def _form_to_send(payout: Payout) -> type[SendForm]:
    return SendForm if len(_accounts(payout)) == 1 else SendToForm


register_case(
    bp,
    Payout,
    url="/payouts",
    page=show_payout,
    acts={
        "send": ActPage(
            payout_actions.send,
            build=_form_to_send,
            beside=payee_account,
            beside_heading=N_("收款账户"),
        ),
        "arrive": ActPage(payout_actions.arrive),
        "bounce": ActPage(payout_actions.bounce),
    },
    timed={"arrive": payout_actions.arrive},
)


@bp.route("/payments/<identifier>/invoice", methods=["GET", "POST"])
@login_required
def new_invoice(identifier: str) -> Response | str | tuple[str, int]:
    """The agency records an invoice against a payment."""
    payment: Payment = visible(Payment, identifier)
    check_role(db.session, payment, "confirm", current_actor(), {"agency"})
    return form_page(
        InvoiceForm(),
        _("登记发票"),
        invoicing.record,
        lambda found: case_url("invoice", found),
        lambda form: {**{k: v for k, v in form.values().items() if k != "file"}, **file_of(form.file.data)},
        payment.identifier,
        lead=_("发票由机构在税务系统开具,在这里登记号码并上传文件,业主即可查收。"),
        back=case_url("payment", payment.identifier),
    )


@bp.get("/invoices/<identifier>")
@login_required
def show_invoice(identifier: str) -> str:
    invoice: Invoice = visible(Invoice, identifier)
    return render_template(
        "payments/invoice.html",
        **case_page(invoice),
        invoice=invoice,
        contract_link=case_link(invoice.contract),
        payment_link=case_link(invoice.payment),
    )


register_case(
    bp,
    Invoice,
    url="/invoices",
    page=show_invoice,
    acts={"receive": ActPage(invoicing.receive), "void": ActPage(invoicing.void)},
)
