"""The agencies of an area as a table, and one of them whole."""

from __future__ import annotations

from flask import Response, abort, render_template, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select

from market.case_views import not_found
from market.extensions import db
from market.identity import current_actor
from market.options import region_asked
from market.oversight.agencies import (
    AGENCIES,
    COUNTED,
    PIECE,
    STORY,
    agencies_of,
    all_told,
    cases_listed,
    completed_here,
    figures,
    told,
)
from market.oversight.blueprint import bp
from market.oversight.overview import grades_chart
from market.pagination import asked, paged
from market.spreadsheets import export
from models import CASES
from models.accounts import Organisation
from models.agencies.history import KINDS
from models.credit.score import GRADES, CreditScore


def _asked() -> dict[str, str]:
    """What the page was asked for, the region by its code."""
    return {**request.args.to_dict(), "region": region_asked()}


def _agency(identifier: str) -> Organisation:
    """An agency of the reader's area; NotFound for any other."""
    agency = Organisation.load(db.session, identifier)
    if agency.kind != "agency" or not agency.roles_of(current_actor()) & {"regulator", "admin"}:
        raise not_found(identifier)
    return agency


@bp.get("/oversight/agencies")
@login_required
def agencies() -> str:
    actor, page = current_actor(), paged(agencies_of(current_actor(), _asked()))
    return render_template(
        "oversight/agencies.html",
        page=page,
        here=completed_here(actor, [organisation.id for organisation, _score in page.rows]),
        chart=grades_chart(actor),
        state_options=[(s.name, _(s.label)) for s in Organisation.workflow.states.values()],
        grade_options=[*((grade, grade) for grade in GRADES), ("none", _("未评"))],
        region=region_asked(),
    )


@bp.get("/oversight/agencies.<any(csv, xlsx):kind>")
@login_required
def export_agencies(kind: str) -> Response:
    rows = db.session.execute(agencies_of(current_actor(), _asked()))
    return export("agencies", _("辖区机构"), kind, AGENCIES, rows)


@bp.get("/oversight/agencies/<identifier>")
@login_required
def agency(identifier: str) -> str:
    """Everything that happened to an agency, in one order, and how many of its cases stand where."""
    found, actor = _agency(identifier), current_actor()
    lines = told(found, actor, request.args, PIECE + 1)
    return render_template(
        "oversight/agency.html",
        agency=found,
        score=db.session.scalars(select(CreditScore).where(CreditScore.agency_id == found.id)).one_or_none(),
        figures=figures(found, actor),
        lines=lines[:PIECE],
        newest=asked(before=None),
        older=asked(before=lines[PIECE - 1].event.id) if len(lines) > PIECE else None,
        kind_options=[(name, _(label)) for name, (label, _types) in KINDS.items()],
    )


@bp.get("/oversight/agencies/<identifier>.<any(csv, xlsx):kind>")
@login_required
def export_agency(identifier: str, kind: str) -> Response:
    found = _agency(identifier)
    return export(identifier, found.name, kind, STORY, all_told(found, current_actor(), request.args))


@bp.get("/oversight/agencies/<identifier>/<case_type>")
@login_required
def agency_cases(identifier: str, case_type: str) -> str:
    """The cases behind one figure of an agency's page."""
    found = _agency(identifier)
    if case_type not in COUNTED:
        abort(404)
    workflow = CASES[case_type].workflow
    return render_template(
        "oversight/agency_cases.html",
        agency=found,
        workflow=workflow,
        page=paged(cases_listed(found, current_actor(), case_type, request.args.get("state", ""))),
        state_options=[(s.name, _(s.label)) for s in workflow.states.values()],
    )
