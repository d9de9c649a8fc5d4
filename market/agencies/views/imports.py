"""Batches on pages: bringing in a table, comparing with the register, and how far each is."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response

from market import batches as doing
from market import filters
from market.accounts.actions.members import claim_code
from market.agencies import imports
from market.agencies.actions import registry
from market.agencies.blueprint import bp
from market.agencies.forms import ImportForm, RegisterForm
from market.agencies.shapes import SHAPES
from market.case_views import attempt, file_of, not_found
from market.extensions import db
from market.filters import Filters
from market.formatting import describe_result, stored_problem_text
from market.forms import ActForm
from market.identity import current_actor
from market.pagination import paged
from market.spreadsheets import Column, export
from models import batches
from models.accounts import Organisation
from models.batches import KINDS, STATES, Batch, BatchRow
from models.i18n import N_


@bp.get("/imports")
@login_required
def import_list() -> str:
    actor = current_actor()
    kinds = imports.kinds_for(actor)
    query = select(Batch).where(Batch.kind.in_(SHAPES))
    if "admin" not in actor.roles:
        query = query.where(Batch.organisation_id == (actor.organisation_id or 0))
    return render_template(
        "agencies/imports.html",
        page=paged(query.order_by(Batch.id.desc())),
        kinds=KINDS,
        states=STATES,
        open_kinds=kinds,
    )


@bp.route("/imports/new", methods=["GET", "POST"])
@login_required
def new_import() -> Response | str | tuple[str, int]:
    kinds = imports.kinds_for(current_actor())
    if not kinds:
        abort(403)
    wanted = request.args.get("kind")
    form, status = ImportForm(kind=wanted if wanted in kinds else kinds[0]), 200
    form.prepare(kinds)
    if form.is_submitted():
        status = 422
        if form.validate():
            result, status = attempt(
                form, imports.upload_table, kind=form.kind.data, **file_of(form.file.data)
            )
            if result is not None:
                return redirect(url_for("agencies.batch", identifier=result), 303)
    return render_template(
        "agencies/import.html",
        form=form,
        shapes={kind: SHAPES[kind].columns() for kind in kinds},
        kinds=KINDS,
    ), status


@bp.get("/imports/<any(agencies, fees):what>.<any(csv, xlsx):kind>")
def import_template(what: str, kind: str) -> FlaskResponse:
    """The table to fill in."""
    return export(what, _("批量导入"), kind, SHAPES[what].columns(), [SHAPES[what].example])


def _readable(identifier: str) -> Batch:
    found = batches.load(db.session, identifier)
    if not doing.may_see(current_actor(), found):
        raise not_found(identifier)
    return found


def _rows(batch: Batch, only: str) -> Select[Any]:
    """The rows that have been checked: all, those not in order, or those with a result."""
    query = select(BatchRow).where(BatchRow.batch_id == batch.id, BatchRow.number <= batch.position)
    noted = func.json_array_length(BatchRow.problems) > 0
    query = (
        query.where(noted)
        if only == "faulty"
        else query.where(BatchRow.result != "")
        if only == "found"
        else query
    )
    return query.order_by(BatchRow.number)


BATCH_FILTERS = Filters(
    filters.labels(
        "only", _l("显示"), {"faulty": N_("有问题的"), "found": N_("有结果的")}, nothing=_l("全部")
    )
)


@bp.get("/batches/<identifier>")
@login_required
def batch(identifier: str) -> str | tuple[str, int]:
    found, asked = _readable(identifier), BATCH_FILTERS.asked()
    return filters.rendered(
        "agencies/batch.html",
        batch=found,
        page=paged(_rows(found, asked.get("only", ""))),
        kinds=KINDS,
        states=STATES,
        asked=asked,
        form=ActForm(),
        moving=found.state in batches.UNDER_WAY,
        mine=found.person_id == current_actor().user_id,
    )


BATCH_ROWS = (
    Column[BatchRow](_l("行"), lambda row: row.number),
    Column[BatchRow](_l("对象"), lambda row: row.subject),
    Column[BatchRow](_l("结果"), describe_result),
    Column[BatchRow](
        _l("问题"),
        lambda row: "; ".join(map(stored_problem_text, [*row.problems, *row.content.get("warnings", [])])),
    ),
)


@bp.get("/batches/<identifier>.<any(csv, xlsx):kind>")
@login_required
def export_batch(identifier: str, kind: str) -> FlaskResponse:
    """What was found of each row.

    Of agencies that came in, with the code by which their first person claims them.
    """
    found = _readable(identifier)
    rows = db.session.scalars(_rows(found, BATCH_FILTERS.asked(refuse=True).get("only", ""))).all()
    codes: dict[str, str] = {}
    if found.kind == "agencies" and found.changed:
        entered = select(Organisation).where(
            Organisation.identifier.in_([row.result for row in rows]), Organisation.claimed.is_(False)
        )
        codes = {agency.identifier: claim_code(agency) for agency in db.session.scalars(entered)}
    claimed = Column[BatchRow](_l("入驻码"), lambda row: codes.get(row.result, ""))
    return export(identifier, identifier, kind, [*BATCH_ROWS, *([claimed] if codes else [])], rows)


@bp.post("/batches/<identifier>/<any(load, drop):act>")
@login_required
def act_batch(identifier: str, act: str) -> Response:
    (doing.load_batch if act == "load" else doing.drop_batch)(current_actor(), identifier)
    return redirect(url_for("agencies.batch", identifier=identifier), 303)


@bp.route("/oversight/register", methods=["GET", "POST"])
@login_required
def register() -> Response | str | tuple[str, int]:
    """Comparisons with the business register: those that were, how far one is, and a new one."""
    form, status = RegisterForm(), 200
    form.file.flags.required = not current_app.config["REGISTER"]
    if form.is_submitted():
        status = 422
        if form.validate():
            result, status = attempt(form, registry.compare_with_register, **file_of(form.file.data))
            if result is not None:
                return redirect(url_for("agencies.batch", identifier=result), 303)
    query = select(Batch).where(Batch.kind == "register").order_by(Batch.id.desc())
    return render_template("agencies/register.html", form=form, page=paged(query), states=STATES), status
