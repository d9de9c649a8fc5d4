"""A change of where an agency's money goes, on its page."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _
from flask_login import login_required

from market.agencies.actions import accounts
from market.agencies.blueprint import bp
from market.case_registry import ActPage, register_case
from market.case_views import case_page, visible
from market.extensions import db
from market.forms import ReasonForm
from models.agencies.account_changes import AccountChange
from models.agencies.entry import profile_of


@bp.get("/account-changes/<identifier>")
@login_required
def show_account_change(identifier: str) -> str:
    change = visible(AccountChange, identifier)
    used = profile_of(db.session, change.agency)
    now_used = (
        [(_("户名"), used.account_name), (_("开户银行"), used.bank_name), (_("账号"), used.account_number)]
        if used.account_number
        else []
    )
    return render_template(
        "agencies/account_change.html", **case_page(change), change=change, now_used=now_used
    )


register_case(
    bp,
    AccountChange,
    url="/account-changes",
    page=show_account_change,
    acts={"stop": ActPage(accounts.stop, ReasonForm)},
    timed={"take_effect": accounts.take_effect},
)
