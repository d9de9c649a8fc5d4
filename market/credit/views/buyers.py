"""What agencies may know of a buyer: its figures, and the cases behind each that the reader may see."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import select

from market import filters
from market.case_views import not_found
from market.credit.blueprint import bp
from market.extensions import db
from market.filters import Filters
from market.identity import current_actor
from market.pagination import paged
from market.restricted import stops_of
from models.accounts import Organisation
from models.credit import buyers
from models.i18n import N_
from models.ratings.rating import Rating

FIGURES = {
    "paid": N_("付款"),
    "materials": N_("资料交付"),
    "not_contracted": N_("中选后签约"),
    "ratings": N_("机构的评价"),
}
BEHIND = Filters(filters.labels("of", _l("依据"), FIGURES, default="paid"))


@bp.get("/credit/buyers/<identifier>")
@login_required
def buyer(identifier: str) -> str | tuple[str, int]:
    """The sheet of one buyer; NotFound for whoever may not know it."""
    found, actor = Organisation.load(db.session, identifier), current_actor()
    if found.kind != "enterprise" or not buyers.may_know(found, actor):
        raise not_found(identifier)
    asked = BEHIND.asked()
    kind, condition = buyers.cases_behind(asked["of"])
    column = kind.ratee_id if kind is Rating else kind.buyer_id
    visible = (
        kind.visible_to(actor) | (kind.state == "published") if kind is Rating else kind.visible_to(actor)
    )
    query = select(kind).where(column == found.id, condition, visible).order_by(kind.id.desc())
    return filters.rendered(
        "credit/buyer.html",
        buyer=found,
        sheet=buyers.sheets(db.session, [found.id])[found.id],
        stops=stops_of(found, actor),
        figures=FIGURES,
        page=paged(query),
        asked=asked,
    )
