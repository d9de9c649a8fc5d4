"""A regulator's view of its area, and what an administrator looks after."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse
from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from market.accounts import actions as accounts
from market.accounts.forms import AuthorityForm
from market.accounts.identity import current_actor
from market.extensions import db
from market.forms import Form, text
from market.oversight import actions
from market.oversight.overview import agencies_of, as_csv, as_xlsx, grades_chart, table
from market.pages import case_url, form_page, paged
from models import CASES
from models.accounts import ROLES, Actor, Organisation
from models.catalogue import current_items

rooms = Blueprint("oversight", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class OverrideForm(Form):
    case_type = SelectField(_l("哪一类"), choices=[(name, _l(c.workflow.label)) for name, c in CASES.items()])
    identifier = text(_l("编号"), 40)
    target = SelectField(
        _l("改为"),
        choices=[(f"{n}/{s.name}", f"{n} → {s.name}") for n, c in CASES.items() for s in c.workflow.states.values()],
    )
    reason = TextAreaField(_l("理由"), [InputRequired(_l("请填写这一项。")), Length(max=1000)], description=_l("会告知各方并留痕。"))

    def values(self) -> dict[str, str]:
        return {**super().values(), "target": (self.target.data or "").rpartition("/")[2]}


def _need(*roles: str) -> Actor:
    actor = current_actor()
    if not actor.roles & set(roles):
        abort(403)
    return actor


@rooms.get("/oversight/agencies")
@login_required
def agencies() -> str:
    actor = _need("regulator", "admin")
    return render_template(
        "oversight/agencies.html",
        page=paged(agencies_of(actor, request.args.get("state", ""))),
        chart=grades_chart(actor),
        state_options=[(s.name, _(s.label)) for s in Organisation.workflow.states.values()],
    )


@rooms.get("/oversight/agencies.<any(csv, xlsx):kind>")
@login_required
def export(kind: str) -> Response:
    rows = table(_need("regulator", "admin"), request.args.get("state", ""))
    content, media_type = (as_csv(rows), "text/csv; charset=utf-8") if kind == "csv" else (as_xlsx(rows), XLSX)
    return Response(content, mimetype=media_type, headers={"Content-Disposition": f"attachment; filename=agencies.{kind}"})


@rooms.get("/admin/authorities")
@login_required
def authorities() -> str:
    _need("admin")
    query = select(Organisation).where(Organisation.kind == "authority").order_by(Organisation.region_code, Organisation.id)
    return render_template("oversight/authorities.html", page=paged(query), roles=ROLES)


@rooms.route("/admin/authorities/new", methods=["GET", "POST"])
@login_required
def new_authority() -> AnyResponse | str | tuple[str, int]:
    _need("admin")
    form, listed = AuthorityForm(), url_for("oversight.authorities")
    form.prepare(sorted({item.department for item in current_items(db.session)}))
    return form_page(form, _("开通部门账号"), accounts.set_up_authority, lambda _: listed, back=listed)


@rooms.route("/admin/override", methods=["GET", "POST"])
@login_required
def override() -> AnyResponse | str | tuple[str, int]:
    _need("admin")
    form = OverrideForm()
    return form_page(
        form, _("变更状态"), actions.override, lambda identifier: case_url(form.case_type.data, identifier),
        lead=_("只在流程本身走不通时使用:越过流程表把一件事改到另一个状态,理由会告知各方。"),
    )  # fmt: skip
