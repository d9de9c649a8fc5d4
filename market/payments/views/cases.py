"""Payouts and invoices on their pages."""

from __future__ import annotations

from typing import Any

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
from market.formatting import format_instant, in_english
from market.gateways import get_gateway
from market.identity import current_actor
from market.pagination import paged
from market.payments.actions import invoicing
from market.payments.actions import payouts as payout_actions
from market.payments.actions.payouts import Destination
from market.payments.blueprint import bp
from market.payments.forms import InvoiceForm, SendForm, SendKnownForm, SendToForm
from models.agencies.account_changes import under_way
from models.i18n import N_
from models.money import capital, show
from models.payments.invoices import Invoice
from models.payments.payment import KINDS, Payment, reference
from models.payments.payouts import PAYOUT_KINDS, Account, Payout, awaited, last_return
from models.spelling import same_name
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
        **_where_to(payout),
        reference=reference(payout.identifier),
        contract_link=case_link(payout.contract),
    )


LEFT = ("sending", "sent", "arrived")  # the states in which it went to the account that was kept with it


def _where_to(payout: Payout) -> dict[str, Any]:
    """What its page tells of where it goes, or went, as far as the reader may see it.

    The `destinations` as labels and values; of one that can still leave also why they are to be asked about
    (`doubts`), and where the last one `bounced`.
    """
    if not payout.shows_account_to(current_actor()):
        return {"shown": False, "destinations": [], "doubts": [], "bounced": [], "changing": None}
    if payout.state in LEFT:
        kept = [account_facts(payout.sent_to)] if payout.sent_to else []
        return {"shown": True, "destinations": kept, "doubts": [], "bounced": [], "changing": None}
    found = payout_actions.destinations_of(db.session, payout)
    return {
        "shown": True,
        "destinations": [account_facts(each.account, each.seen) for each in found],
        "doubts": _doubts(payout, found),
        "bounced": _bounced(payout),
        "changing": under_way(db.session, payout.payee_id),
    }


def account_facts(account: Account, seen: str = "") -> list[tuple[str, str]]:
    """An account as labels and values, with the bank's line by which we know it, if we do."""
    unnamed = _("对账单上没有写") if seen else ""
    return [
        (_("户名"), account.holder or unnamed),
        (_("开户银行"), account.bank or unnamed),
        (_("账号"), account.number),
        (_("来款流水"), seen),
    ]


def _doubts(payout: Payout, found: list[Destination]) -> list[str]:
    """Why the custodian has to ask the payee which account it is, though there is something we know."""
    names = [each.account.holder for each in found if not same_name(each.account.holder, payout.payee.name)]
    back = payout.sent_to is not None and any(each.account.is_same(payout.sent_to) for each in found)
    return [
        *([_("来款有几个账户,请与收款单位核实退到哪一个。")] if found[1:] else []),
        *([_("户名与收款单位的名称不一致,请与收款单位核实付到哪个账户。")] if names else []),
        *([_("上次就是从这个账户退回的,请与收款单位核实付到哪个账户。")] if back else []),
    ]


def _bounced(payout: Payout) -> list[tuple[str, str]]:
    """The account it came back from, as labels and values, with when and why."""
    told = last_return(db.session, payout) if payout.sent_to else None
    if payout.sent_to is None or told is None:
        return []
    reason = told.data["reason"]
    return [
        *account_facts(payout.sent_to),
        (_("退回时间"), format_instant(told.at)),
        (_("退回原因"), _(reason)),
    ]


def payee_account(payout: Payout) -> list[tuple[str, str]] | None:
    """Whose account a payout goes to and which, as labels and values, with the sum and the remark.

    Nothing for whoever may not see the account: what was sent without leave is answered with this page, too.
    """
    if not payout.shows_account_to(current_actor()):
        return None
    found = payout_actions.destinations_of(db.session, payout)
    known = [fact for each in found for fact in account_facts(each.account, each.seen)]
    back = [(label, value) for label, value in _bounced(payout) if value]
    return [
        (_("收款单位"), payout.payee.name),
        *([(_("上次退回"), " · ".join(value for _label, value in back))] if back else []),
        *(known or [(_("账户"), _("还不知道,请先与收款单位核实。"))]),
        *((_("请核实"), doubt) for doubt in _doubts(payout, found)),
        (_("金额"), show(payout.amount)),
        (_("附言"), reference(payout.identifier)),
    ]


def _form_to_send(payout: Payout) -> type[SendForm]:
    """What is asked: the account where we may not take it from what we know, else its bank if that lacks."""
    found = payout_actions.known(db.session, payout)
    if found is None or payout.sent_to is not None:
        return SendToForm
    return SendForm if found.account.bank else SendKnownForm


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
