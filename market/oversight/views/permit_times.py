"""How long matters take, and in whose hands they lie meanwhile."""

from __future__ import annotations

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from market import filters
from market.extensions import db
from market.filters import Choice, Filters
from market.hands import hands_chart
from market.identity import current_actor
from market.oversight.blueprint import bp
from market.oversight.permit_times import (
    GROUPS,
    MATTERS,
    PERIODS,
    TAKEN,
    link_of,
    matters,
    taken,
    together,
)
from market.pagination import order_asked, paged, sliced
from market.spreadsheets import export
from models.catalogue import current_items
from models.oversight.permit_times import HANDS

TAKEN_FILTERS = Filters(
    filters.labels("by", _l("分组"), GROUPS, default="item"),
    filters.labels("period", _l("办结于"), PERIODS, default="12"),
)
MATTER_FILTERS = Filters(
    filters.item(),
    Choice(
        "department",
        _l("领域"),
        lambda: [(name, _(name)) for name in sorted({i.department for i in current_items(db.session)})],
    ),
    filters.region(),
    filters.level(),
    *filters.days(),
)


@bp.get("/oversight/permit-times")
@login_required
def permit_times() -> str | tuple[str, int]:
    """How long matters took, by item, line of work or region, and in whose hands."""
    asked = TAKEN_FILTERS.asked()
    rows = [] if filters.wrong() else taken(current_actor(), asked["by"], asked["period"])
    whole = together(rows)
    return filters.rendered(
        "oversight/permit_times.html",
        page=sliced(rows),
        whole=whole,
        chart=hands_chart({hand: whole.mean_of(hand) for hand in HANDS}, _("平均每件在谁手里几天")),
        asked=asked,
        link_of=link_of,
    )


@bp.get("/oversight/permit-times.<any(csv, xlsx):kind>")
@login_required
def export_permit_times(kind: str) -> Response:
    asked = TAKEN_FILTERS.asked(refuse=True)
    rows = taken(current_actor(), asked["by"], asked["period"])
    return export("permit-times", _("办理用时"), kind, TAKEN, rows)


@bp.get("/oversight/permit-times/matters")
@login_required
def permit_matters() -> str | tuple[str, int]:
    """The matters behind those figures, one by one."""
    asked = MATTER_FILTERS.asked()
    return filters.rendered(
        "oversight/permit_matters.html",
        page=paged(matters(current_actor(), asked | order_asked())),
        asked=asked,
        hands=HANDS,
    )


@bp.get("/oversight/permit-times/matters.<any(csv, xlsx):kind>")
@login_required
def export_permit_matters(kind: str) -> Response:
    asked = MATTER_FILTERS.asked(refuse=True)
    found = db.session.execute(matters(current_actor(), asked | order_asked())).unique()
    return export("permit-matters", _("办理用时"), kind, MATTERS, found)
