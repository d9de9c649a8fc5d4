"""What happens in a regulator's area: months, clauses, reviews, money."""

from __future__ import annotations

from flask import Response, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from market import filters
from market.filters import Choice, Filters
from market.formatting import bilingual
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


CLAUSE_FILTERS = Filters(
    Choice("rule", _l("规则"), lambda: [(each.key, bilingual(each.title)) for each in rules()]),
)


@bp.get("/oversight/clauses")
@login_required
def clauses() -> str | tuple[str, int]:
    """Contracts whose clauses differ from the template or break a rule."""
    actor, asked = current_actor(), CLAUSE_FILTERS.asked()
    return filters.rendered(
        "oversight/clauses.html",
        asked=asked,
        page=paged(to_look_at(actor, asked.get("rule", ""))),
        chart=findings_chart(actor),
        rules={each.key: each for each in rules()},
        tones=TONES,
        severities=SEVERITIES,
    )


@bp.get("/oversight/clauses.<any(csv, xlsx):kind>")
@login_required
def export_clauses(kind: str) -> Response:
    asked = CLAUSE_FILTERS.asked(refuse=True)
    return export("clauses", _("合同条款"), kind, CLAUSES, findings(current_actor(), asked.get("rule", "")))


FARED_FILTERS = Filters(filters.labels("by", _l("分组"), GROUPS, default="agency"))


@bp.get("/oversight/first-pass")
@login_required
def reviews() -> str | tuple[str, int]:
    """How reports fare at the approving departments, by agency, item or region."""
    actor, asked = current_actor(), FARED_FILTERS.asked()
    rows = [] if filters.wrong() else fared(actor, asked["by"])
    return filters.rendered(
        "oversight/first_pass.html",
        page=sliced(rows),
        chart=rates_chart(rows),
        reasons=reasons_chart(actor),
        asked=asked,
    )


@bp.get("/oversight/first-pass.<any(csv, xlsx):kind>")
@login_required
def export_reviews(kind: str) -> Response:
    rows = fared(current_actor(), FARED_FILTERS.asked(refuse=True)["by"])
    return export("first-pass", _("首次过审率"), kind, FIRST_PASS, rows)


def _view() -> str:
    """Which part of the money is asked for; NotFound for none."""
    view = request.args.get("view", "escrow")
    return view if view in money.VIEWS else abort(404)


@bp.get("/oversight/money")
@login_required
def held_money() -> str:
    """Money kept by region, buyers who do not pay in time, agencies who wait for theirs."""
    actor, view = current_actor(), _view()
    rows = money.kept_by_region(actor)
    pages = {
        "escrow": lambda: sliced(rows),
        "overdue": lambda: paged(money.overdue(actor)),
        "waiting": lambda: paged(money.waiting(actor)),
    }
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
    view = _view()
    columns, rows = money.exported(current_actor(), view)
    return export(f"money-{view}", _("资金"), kind, columns, rows)


@bp.get("/oversight/months.<any(csv, xlsx):kind>")
@login_required
def export_months(kind: str) -> Response:
    return export("months", _("月表"), kind, MONTHS, months(current_actor()))
