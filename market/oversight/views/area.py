"""What happens in a regulator's area: months, clauses, reviews, money."""

from __future__ import annotations

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_login import login_required

from market.identity import current_actor
from market.oversight import money
from market.oversight.blueprint import bp
from market.oversight.contracts import (
    CLAUSES,
    FIRST_PASS,
    GROUPS,
    fared,
    findings,
    findings_chart,
    rates_chart,
    reasons_chart,
    to_look_at,
)
from market.oversight.overview import MONTHS, months, months_chart
from market.pagination import paged, sliced
from market.spreadsheets import export
from models.contracts.clauses import SEVERITIES, TONES, rules
from models.payments.payment import KINDS
from models.payments.payouts import PAYOUT_KINDS


@bp.get("/oversight/months")
@login_required
def by_month() -> str:
    rows = months(current_actor())
    return render_template("oversight/months.html", rows=rows, chart=months_chart(rows))


@bp.get("/oversight/clauses")
@login_required
def clauses() -> str:
    """Contracts whose clauses differ from the template or break a rule."""
    actor = current_actor()
    return render_template(
        "oversight/clauses.html",
        page=paged(to_look_at(actor, request.args.get("rule", ""))),
        chart=findings_chart(actor),
        rules={each.key: each for each in rules()},
        tones=TONES,
        severities=SEVERITIES,
    )


@bp.get("/oversight/clauses.<any(csv, xlsx):kind>")
@login_required
def export_clauses(kind: str) -> Response:
    return export(
        "clauses", _("合同条款"), kind, CLAUSES, findings(current_actor(), request.args.get("rule", ""))
    )


@bp.get("/oversight/first-pass")
@login_required
def reviews() -> str:
    """How reports fare at the approving departments, by agency, item or region."""
    actor, by = current_actor(), request.args.get("by", "agency")
    rows = fared(actor, by if by in GROUPS else "agency")
    return render_template(
        "oversight/first_pass.html",
        page=sliced(rows),
        chart=rates_chart(rows),
        reasons=reasons_chart(actor),
        by=by,
    )


@bp.get("/oversight/first-pass.<any(csv, xlsx):kind>")
@login_required
def export_reviews(kind: str) -> Response:
    by = request.args.get("by", "agency")
    rows = fared(current_actor(), by if by in GROUPS else "agency")
    return export("first-pass", _("首次过审率"), kind, FIRST_PASS, rows)


@bp.get("/oversight/money")
@login_required
def held_money() -> str:
    """Money kept by region, buyers who do not pay in time, agencies who wait for theirs."""
    actor, view = current_actor(), request.args.get("view", "escrow")
    rows = money.kept_by_region(actor)
    pages = {
        "escrow": lambda: sliced(rows),
        "overdue": lambda: paged(money.overdue(actor)),
        "waiting": lambda: paged(money.waiting(actor)),
    }
    view = view if view in money.VIEWS else "escrow"
    return render_template(
        "oversight/money.html",
        view=view,
        page=pages[view](),
        chart=money.kept_chart(rows),
        kinds=KINDS,
        payout_kinds=PAYOUT_KINDS,
        total=sum(sum(row[2:]) for row in rows),
    )


@bp.get("/oversight/money.<any(csv, xlsx):kind>")
@login_required
def export_money(kind: str) -> Response:
    view = request.args.get("view", "escrow")
    view = view if view in money.VIEWS else "escrow"
    columns, rows = money.exported(current_actor(), view)
    return export(f"money-{view}", _("资金"), kind, columns, rows)


@bp.get("/oversight/months.<any(csv, xlsx):kind>")
@login_required
def export_months(kind: str) -> Response:
    return export("months", _("月表"), kind, MONTHS, months(current_actor()))
