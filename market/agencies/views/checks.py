"""Checks of agencies: a list for the regulator, and each with its evidence side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, select
from werkzeug.wrappers import Response

from market import filters
from market.agencies.actions import checks as check_actions
from market.agencies.blueprint import bp
from market.agencies.forms import AnswerCheckForm, ConfirmCheckForm
from market.case_registry import ActPage, register_case
from market.case_views import case_page, case_url, files_of, link, visible
from market.charts import rows
from market.extensions import db
from market.filters import Filters
from market.formatting import region
from market.forms import Form
from market.identity import current_actor
from market.pagination import paged
from market.spreadsheets import Column, export
from models import documents
from models.actors import Actor
from models.agencies.checks import CHECKS, Check
from models.agencies.entry import MATERIALS, materials_of
from models.agencies.register import FIELDS, STANDINGS
from models.credit.records import CreditRecord


def _with_files(form: Form) -> dict[str, object]:
    values = form.values()
    return files_of(values.pop("file")) | values


FILTERS = Filters(filters.labels("kind", _l("核查内容"), CHECKS), filters.states(Check.workflow))


def _listed(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The checks the reader asked for, newest first."""
    query = select(Check).where(Check.visible_to(actor))
    if asked.get("kind"):
        query = query.where(Check.kind == asked["kind"])
    if asked.get("state"):
        query = query.where(Check.state == asked["state"])
    return query.order_by(Check.id.desc())


@bp.get("/oversight/checks")
@login_required
def checks() -> str | tuple[str, int]:
    actor, asked = current_actor(), FILTERS.asked()
    counted: dict[str, int] = {}
    for kind in db.session.scalars(select(Check.kind).where(Check.visible_to(actor))):
        counted[kind] = counted.get(kind, 0) + 1
    return filters.rendered(
        "agencies/checks.html",
        page=paged(_listed(actor, asked)),
        asked=asked,
        kinds=CHECKS,
        chart=rows(
            [(_(label), counted.get(kind, 0)) for kind, label in CHECKS.items()],
            _("各类核查"),
            [url_for("agencies.checks", kind=kind) for kind in CHECKS],
        ),
    )


def _side(check: Check, side: str) -> str:
    return " / ".join(str(row[side]) for row in check.evidence)


COLUMNS = (
    Column[Check](_l("编号"), lambda check: check.identifier),
    Column[Check](_l("机构"), lambda check: check.agency.name),
    Column[Check](_l("地区"), lambda check: region(check.region_code)),
    Column[Check](_l("核查内容"), lambda check: _(CHECKS[check.kind])),
    Column[Check](_l("状态"), lambda check: _(check.state_label)),
    Column[Check](_l("平台资料"), lambda check: _side(check, "ours")),
    Column[Check](_l("登记资料"), lambda check: _side(check, "theirs")),
    Column[Check](_l("来源"), lambda check: check.source),
    Column[Check](_l("发起时间"), lambda check: check.seen_at),
)


@bp.get("/oversight/checks.<any(csv, xlsx):suffix>")
@login_required
def export_checks(suffix: str) -> Response:
    found = db.session.scalars(_listed(current_actor(), FILTERS.asked(refuse=True)))
    return export("checks", _("机构核查"), suffix, COLUMNS, found)


@bp.get("/checks/<identifier>")
@login_required
def show_check(identifier: str) -> str:
    check = visible(Check, identifier)
    watching = bool(check.roles_of(current_actor()) & {"regulator", "admin"})
    records = select(CreditRecord).where(
        CreditRecord.source_identifier == identifier, CreditRecord.visible_to(current_actor())
    )
    return render_template(
        "agencies/check.html",
        **case_page(check),
        kinds=CHECKS,
        fields=FIELDS,
        standings=STANDINGS,
        since={
            MATERIALS[kind]["zh"]: document
            for kind, document in materials_of(db.session, check.agency).items()
        },
        agency_link=link(
            case_url("organisation", check.agency.identifier),
            f"{check.agency.identifier} {check.agency.name}",
        ),
        files=documents.of_case(db.session, "check", identifier),
        records=db.session.scalars(records).all() if watching else [],
    )


register_case(
    bp,
    Check,
    url="/checks",
    page=show_check,
    acts={
        "ask": ActPage(check_actions.ask),
        "answer": ActPage(check_actions.answer, AnswerCheckForm, _with_files),
        "clear": ActPage(check_actions.clear),
        "confirm": ActPage(check_actions.confirm, ConfirmCheckForm),
    },
    timed={"lapse": check_actions.lapse},
)
