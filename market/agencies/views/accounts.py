"""A change of where an agency's money goes, on its page."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.wrappers import Response

from market.agencies import actions
from market.agencies.blueprint import bp
from market.case_views import ActPage, act_view, case_page, visible
from market.extensions import db
from market.forms import ReasonForm
from models.agencies import AccountChange, profile_of

ACCOUNT_ACTS = {"stop": ActPage(actions.stop_change, ReasonForm)}


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


@bp.route("/account-changes/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_account_change(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(AccountChange, identifier, act, ACCOUNT_ACTS)
