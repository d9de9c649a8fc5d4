"""The restricted organisations of an area as a table."""

from __future__ import annotations

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from market import filters
from market.extensions import db
from market.filters import Filter, Filters
from market.identity import current_actor
from market.oversight.blueprint import bp
from market.oversight.restricted import RESTRICTED, chart, exported, restricted_of
from market.pagination import paged
from market.restricted import grouped
from market.spreadsheets import export
from models.accounts import KINDS
from models.credit import restrictions
from models.credit.policy import ACTIVITIES
from models.credit.restrictions import SOURCES

FILTERS = Filters(
    Filter("q", _l("名称、编号或信用代码")),
    filters.labels("activity", _l("不能"), ACTIVITIES),
    filters.labels("source", _l("来源"), SOURCES),
    filters.labels("who", _l("单位类型"), {key: KINDS[key] for key in ("agency", "enterprise")}),
    filters.region(),
)


@bp.get("/oversight/restricted")
@login_required
def restricted() -> str | tuple[str, int]:
    """Whom anything stops, at what, why and until when."""
    actor, asked = current_actor(), FILTERS.asked()
    page = paged(restricted_of(actor, asked))
    found = restrictions.of(db.session, page.rows)
    return filters.rendered(
        "oversight/restricted.html",
        page=page,
        stops={key: grouped(each, all_known=True) for key, each in found.items()},
        kinds=KINDS,
        chart=chart(actor),
        asked=asked,
    )


@bp.get("/oversight/restricted.<any(csv, xlsx):kind>")
@login_required
def export_restricted(kind: str) -> Response:
    asked = FILTERS.asked(refuse=True)
    return export("restricted", _("受限制的单位"), kind, RESTRICTED, exported(current_actor(), asked))
