"""The agencies of an area as a table, and one of them whole."""

from __future__ import annotations

from flask import Response, abort, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import select

from market import filters
from market.case_views import not_found
from market.extensions import db
from market.filters import Choice, Filter, Filters
from market.identity import current_actor
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
from market.pagination import asked as this_page
from market.pagination import order_asked, paged
from market.spreadsheets import export
from models import CASES
from models.accounts import Organisation
from models.agencies.history import KINDS
from models.credit.kept import CreditScore
from models.credit.policy import GRADES

FILTERS = Filters(
    Filter("q", _l("名称、编号或信用代码")),
    filters.states(Organisation.workflow),
    Choice("grade", _l("等级"), lambda: [*((grade, grade) for grade in GRADES), ("none", _("未评"))]),
    filters.region(),
)
STORY_FILTERS = Filters(
    Choice("about", _l("类别"), lambda: [(name, _(label)) for name, (label, _types) in KINDS.items()]),
    *filters.days(),
)


def _agency(identifier: str) -> Organisation:
    """An agency of the reader's area; NotFound for any other."""
    agency = Organisation.load(db.session, identifier)
    if agency.kind != "agency" or not agency.roles_of(current_actor()) & {"regulator", "admin"}:
        raise not_found(identifier)
    return agency


@bp.get("/oversight/agencies")
@login_required
def agencies() -> str | tuple[str, int]:
    actor, asked = current_actor(), FILTERS.asked()
    page = paged(agencies_of(actor, asked | order_asked()))
    return filters.rendered(
        "oversight/agencies.html",
        page=page,
        here=completed_here(actor, [organisation.id for organisation, _score in page.rows]),
        chart=grades_chart(actor),
        asked=asked,
    )


@bp.get("/oversight/agencies.<any(csv, xlsx):kind>")
@login_required
def export_agencies(kind: str) -> Response:
    rows = db.session.execute(agencies_of(current_actor(), FILTERS.asked(refuse=True) | order_asked()))
    return export("agencies", _("辖区机构"), kind, AGENCIES, rows)


@bp.get("/oversight/agencies/<identifier>")
@login_required
def agency(identifier: str) -> str | tuple[str, int]:
    """Everything that happened to an agency, in one order, and how many of its cases stand where."""
    found, actor, asked = _agency(identifier), current_actor(), STORY_FILTERS.asked()
    before = {"before": request.args.get("before", "")}
    lines = [] if filters.wrong() else told(found, actor, asked | before, PIECE + 1)
    return filters.rendered(
        "oversight/agency.html",
        agency=found,
        score=db.session.scalars(select(CreditScore).where(CreditScore.agency_id == found.id)).one_or_none(),
        figures=figures(found, actor),
        lines=lines[:PIECE],
        newest=this_page(before=None),
        older=this_page(before=lines[PIECE - 1].event.id) if len(lines) > PIECE else None,
        asked=asked,
    )


@bp.get("/oversight/agencies/<identifier>.<any(csv, xlsx):kind>")
@login_required
def export_agency(identifier: str, kind: str) -> Response:
    found, asked = _agency(identifier), STORY_FILTERS.asked(refuse=True)
    return export(identifier, found.name, kind, STORY, all_told(found, current_actor(), asked))


@bp.get("/oversight/agencies/<identifier>/<case_type>")
@login_required
def agency_cases(identifier: str, case_type: str) -> str | tuple[str, int]:
    """The cases behind one figure of an agency's page."""
    found = _agency(identifier)
    if case_type not in COUNTED:
        abort(404)
    workflow = CASES[case_type].workflow
    asked = Filters(filters.states(workflow)).asked()
    return filters.rendered(
        "oversight/agency_cases.html",
        agency=found,
        workflow=workflow,
        page=paged(cases_listed(found, current_actor(), case_type, asked.get("state", ""))),
        asked=asked,
    )
