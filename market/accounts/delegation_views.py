"""Pages on which a buyer delegates somebody, and on which that person answers."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.accounts.actions import delegating
from market.accounts.blueprint import bp
from market.accounts.forms import DelegationForm
from market.accounts.views import _back, _by_person, _mine
from market.case_views import form_page
from market.extensions import limiter
from market.identity import current_actor
from market.pagination import paged
from models import CASES
from models.accounts import (
    SCOPE,
    Delegation,
    may_buy_for_others,
)


@bp.route("/my/delegations/new", methods=["GET", "POST"])
@login_required
@limiter.limit("60 per hour", methods=["POST"], key_func=_by_person)
def new_delegation() -> Response | str | tuple[str, int]:
    _mine()
    return form_page(
        DelegationForm(),
        _("委托采购"),
        delegating.delegate,
        _back,
        back=_back(),
        lead=_(
            "受托人登录接受后,在所选事项、金额和期限内,以本单位名义办理;您随时可以收回,受托人随时可以辞去。"
        ),
    )


@bp.post("/my/delegations/<int:number>/revoke")
@login_required
def revoke(number: int) -> Response:
    delegating.revoke(current_actor(), number)
    return redirect(_back(), 303)


@bp.get("/my/delegations")
@login_required
def delegations() -> str:
    """What buyers offered to the reader, to be accepted or laid down."""
    mine = (
        select(Delegation).where(Delegation.user_id == current_actor().user_id).order_by(Delegation.id.desc())
    )
    return render_template(
        "accounts/delegations.html",
        page=paged(mine),
        scope_names={name: CASES[name].workflow.label for name in SCOPE},
        may_accept=current_actor().confirmed and may_buy_for_others(current_user.user),
    )


@bp.post("/my/delegations/<int:number>/accept")
@login_required
def accept_delegation(number: int) -> Response:
    delegating.accept(current_actor(), number)
    return redirect(url_for("accounts.delegations"), 303)


@bp.post("/my/delegations/<int:number>/lay-down")
@login_required
def lay_down_delegation(number: int) -> Response:
    delegating.lay_down(current_actor(), number)
    return redirect(url_for("accounts.delegations"), 303)
