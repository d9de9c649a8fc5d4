"""The agencies the reader's organisation keeps in mind: a list, its export, and keeping one or no longer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response as FlaskResponse
from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select
from werkzeug.wrappers import Response

from market.agencies.actions import shortlist as keeping
from market.agencies.blueprint import bp
from market.agencies.rows import AgencyRow, may_invite, rows_of
from market.extensions import db
from market.formatting import region_briefly
from market.forms import ActForm
from market.identity import current_actor
from market.local_paths import local_path
from market.pagination import paged
from market.spreadsheets import MOST_ROWS, Column, export, rate
from models.agencies.shortlist import Favourite, kept_by, most_compared
from search.analysis import marked


def _kept() -> Select[Favourite]:
    ours = current_actor().organisation_id
    if ours is None:
        abort(403)
    return kept_by(ours)


@bp.get("/my/agencies")
@login_required
def shortlist() -> str:
    page = paged(_kept())
    return render_template(
        "agencies/shortlist.html",
        page=page,
        plainly=marked,
        rows=rows_of([kept.agency for kept in page.rows], None, None),
        most=most_compared(),
        may_invite=may_invite(),
    )


@dataclass(frozen=True)
class _Line:
    row: AgencyRow
    since: datetime


def _of_score(name: str) -> Any:
    return lambda line: getattr(line.row.score, name) if line.row.score else None


COLUMNS = (
    Column[_Line](_l("编号"), lambda line: line.row.agency.identifier),
    Column[_Line](_l("机构"), lambda line: line.row.agency.name),
    Column[_Line](_l("等级"), lambda line: _of_score("grade")(line) or ""),
    Column[_Line](_l("首过率"), lambda line: rate(_of_score("first_pass")(line))),
    Column[_Line](_l("按期率"), lambda line: rate(_of_score("on_time")(line))),
    Column[_Line](_l("服务地区"), lambda line: ", ".join(map(region_briefly, line.row.areas))),
    Column[_Line](_l("收藏时间"), lambda line: line.since),
)


@bp.get("/my/agencies.<any(csv, xlsx):kind>")
@login_required
def export_shortlist(kind: str) -> FlaskResponse:
    kept = db.session.scalars(_kept().limit(MOST_ROWS)).all()
    rows = rows_of([each.agency for each in kept], None, None)
    lines = [_Line(row, each.at) for row, each in zip(rows, kept, strict=True)]
    return export("agencies", _("收藏的机构"), kind, COLUMNS, lines)


@bp.post("/my/agencies/<any(add, remove):act>")
@login_required
def keep(act: str) -> Response:
    """Keep an agency, or no longer, and go back to where that was said."""
    form = ActForm()
    (keeping.add if act == "add" else keeping.remove)(
        current_actor(), agency=request.form.get("agency", "")[:40], submission=form.sent()
    )
    return redirect(local_path(request.form.get("back")) or url_for("agencies.shortlist"), 303)
