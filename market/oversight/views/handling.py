"""Lists of reports and complaints, how authorities handle them, and typical cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, select

from market import filters
from market.extensions import db
from market.filters import Choice, Filters
from market.formatting import bilingual, region
from market.identity import current_actor
from market.oversight.blueprint import bp
from market.oversight.handling import HANDLING, by_office
from market.pagination import paged, sliced
from market.spreadsheets import Column, export
from models.actors import Actor
from models.cases import Case
from models.oversight.complaint_workflow import COMPLAINT
from models.oversight.complaints import Complaint
from models.oversight.kinds import violations
from models.oversight.typical_cases import published
from models.oversight.violation_report_workflow import VIOLATION_REPORT
from models.oversight.violation_reports import ViolationReport
from models.regions import within

NAMED = {"yes": _l("实名"), "no": _l("匿名")}
REPORTED = Filters(
    filters.states(VIOLATION_REPORT),
    Choice("violation", _l("类别"), lambda: [(k, bilingual(v.names)) for k, v in violations().items()]),
    Choice("named", _l("实名"), lambda: [(key, str(label)) for key, label in NAMED.items()]),
    filters.region(),
)
COMPLAINED = Filters(filters.states(COMPLAINT), filters.region())
HANDLED = Filters(filters.region())


def _narrowed(query: Select[Any], kind: type[Case], asked: Mapping[str, str]) -> Select[Any]:
    if asked.get("state"):
        query = query.where(kind.state == asked["state"])
    if asked.get("region"):
        query = query.where(within(kind.region_code, asked["region"]))  # type: ignore[arg-type]
    return query.order_by(kind.identifier.desc())


def _reported(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    query = select(ViolationReport).where(ViolationReport.visible_to(actor))
    if asked.get("violation"):
        query = query.where(ViolationReport.kind == asked["violation"])
    if asked.get("named"):
        query = query.where(ViolationReport.named.is_(asked["named"] == "yes"))
    return _narrowed(query, ViolationReport, asked)


def _complained(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    return _narrowed(select(Complaint).where(Complaint.visible_to(actor)), Complaint, asked)


@bp.get("/oversight/reports")
@login_required
def reports() -> str | tuple[str, int]:
    """The reports the reader has a part in: its area's, or its own."""
    asked = REPORTED.asked()
    page = paged(_reported(current_actor(), asked))
    return filters.rendered("oversight/reports.html", page=page, asked=asked)


@bp.get("/oversight/complaints")
@login_required
def complaints() -> str | tuple[str, int]:
    asked = COMPLAINED.asked()
    page = paged(_complained(current_actor(), asked))
    return filters.rendered("oversight/complaints.html", page=page, asked=asked)


def _office(each: ViolationReport | Complaint) -> str:
    return each.office.name if each.office else ""


REPORTS = (
    Column[ViolationReport](_l("编号"), lambda each: each.identifier),
    Column[ViolationReport](_l("被举报单位"), lambda each: each.subject.name),
    Column[ViolationReport](_l("类别"), lambda each: bilingual(each.category.names)),
    Column[ViolationReport](_l("办理部门"), _office),
    Column[ViolationReport](_l("地区"), lambda each: region(each.region_code)),
    Column[ViolationReport](_l("状态"), lambda each: _(each.state_label)),
    Column[ViolationReport](_l("提交时间"), lambda each: each.filed_at),
    Column[ViolationReport](_l("受理时间"), lambda each: each.accepted_at),
    Column[ViolationReport](_l("答复时间"), lambda each: each.answered_at),
    Column[ViolationReport](_l("整改期限"), lambda each: each.mend_by),
    Column[ViolationReport](_l("整改确认"), lambda each: each.mended_at),
)
COMPLAINTS = (
    Column[Complaint](_l("编号"), lambda each: each.identifier),
    Column[Complaint](_l("投诉人"), lambda each: each.claimant.name),
    Column[Complaint](_l("被投诉人"), lambda each: each.respondent.name),
    Column[Complaint](_l("投诉事项"), lambda each: each.about),
    Column[Complaint](_l("办理部门"), _office),
    Column[Complaint](_l("地区"), lambda each: region(each.region_code)),
    Column[Complaint](_l("状态"), lambda each: _(each.state_label)),
    Column[Complaint](_l("提交时间"), lambda each: each.filed_at),
    Column[Complaint](_l("受理时间"), lambda each: each.accepted_at),
    Column[Complaint](_l("办结时间"), lambda each: each.ended_at),
)


@bp.get("/oversight/reports.<any(csv, xlsx):suffix>")
@login_required
def export_reports(suffix: str) -> Response:
    found = db.session.scalars(_reported(current_actor(), REPORTED.asked(refuse=True))).unique()
    return export("reports", _("举报"), suffix, REPORTS, found)


@bp.get("/oversight/complaints.<any(csv, xlsx):suffix>")
@login_required
def export_complaints(suffix: str) -> Response:
    found = db.session.scalars(_complained(current_actor(), COMPLAINED.asked(refuse=True))).unique()
    return export("complaints", _("投诉"), suffix, COMPLAINTS, found)


@bp.get("/handling")
def handling() -> str | tuple[str, int]:
    """How each authority handles what is complained of and reported, for anybody."""
    asked = HANDLED.asked()
    rows = [] if filters.wrong() else by_office(db.session, asked.get("region", ""))
    return filters.rendered("oversight/handling.html", page=sliced(rows), asked=asked)


@bp.get("/handling.<any(csv, xlsx):suffix>")
def export_handling(suffix: str) -> Response:
    rows = by_office(db.session, HANDLED.asked(refuse=True).get("region", ""))
    return export("handling", _("投诉举报办理"), suffix, HANDLING, rows)


@bp.get("/typical-cases")
def typical() -> str:
    """The typical cases that are told now, for anybody."""
    return render_template("oversight/typical.html", page=paged(published()))
