"""What waits for an approving department, oldest limit first, and what it decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, select
from werkzeug.wrappers import Response

from market import filters
from market.contracts.blueprint import bp
from market.extensions import db
from market.filters import Filters
from market.formatting import item_name, region
from market.identity import current_actor
from market.pagination import paged
from market.spreadsheets import Column, export
from models.actors import Actor
from models.catalogue import newest_items
from models.contracts.deliverables import Deliverable
from models.i18n import N_

STANDINGS = {
    "waiting": ("accepted",),
    "sent_back": ("sent_back", "submitted", "returned"),
    "passed": ("passed",),
}
LABELS = {"waiting": N_("待评审"), "sent_back": N_("已退回"), "passed": N_("已通过")}


def _listed(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The deliverables of the department's: those that wait, unless others were asked for."""
    states = STANDINGS[asked.get("standing", "waiting")]
    query = select(Deliverable).where(Deliverable.scope("department", actor), Deliverable.state.in_(states))
    if states != ("accepted",):
        query = query.where(Deliverable.reviews > 0)
    if asked.get("item"):
        query = query.where(Deliverable.item_code == asked["item"])
    return query.order_by(Deliverable.due_at.is_(None), Deliverable.due_at, Deliverable.id)


FILTERS = Filters(
    filters.labels("standing", _l("范围"), LABELS, default="waiting"),
    filters.item(),
)


@bp.get("/reviews")
@login_required
def reviews() -> str | tuple[str, int]:
    asked = FILTERS.asked()
    page = paged(_listed(current_actor(), asked))
    items = newest_items(db.session, [d.item_code for d in page.rows])
    return filters.rendered(
        "contracts/reviews.html",
        page=page,
        names={code: item_name(item) for code, item in items.items()},
        asked=asked,
    )


COLUMNS = (
    Column[Deliverable](_l("编号"), lambda d: d.identifier),
    Column[Deliverable](_l("合同"), lambda d: d.contract.identifier),
    Column[Deliverable](_l("项目"), lambda d: d.title),
    Column[Deliverable](_l("事项代码"), lambda d: d.item_code),
    Column[Deliverable](_l("机构"), lambda d: d.contract.agency.name),
    Column[Deliverable](_l("地区"), lambda d: region(d.region_code)),
    Column[Deliverable](_l("状态"), lambda d: _(d.state_label)),
    Column[Deliverable](_l("退回次数"), lambda d: d.reviews - (d.state == "passed")),
    Column[Deliverable](_l("办理期限"), lambda d: d.due_at),
)


@bp.get("/reviews.<any(csv, xlsx):kind>")
@login_required
def export_reviews(kind: str) -> Response:
    found = db.session.scalars(_listed(current_actor(), FILTERS.asked(refuse=True))).unique()
    return export("reviews", _("成果评审"), kind, COLUMNS, found)
