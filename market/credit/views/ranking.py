"""The ranking, by item and region."""

from __future__ import annotations

from sqlalchemy import select

from market import filters
from market.credit.blueprint import bp
from market.extensions import db
from market.filters import Filters
from market.pagination import paged
from models.accounts import Organisation
from models.agencies.fees import FeeSchedule
from models.credit.kept import CreditScore
from models.ratings import coverage
from models.regions import within

FILTERS = Filters(filters.item(), filters.region())


@bp.get("/credit")
def ranking() -> str | tuple[str, int]:
    asked = FILTERS.asked()
    query = (
        select(CreditScore)
        .join(Organisation, Organisation.id == CreditScore.agency_id)
        .where(Organisation.state == "verified", CreditScore.grade.is_not(None))
    )
    if "item" in asked:
        offers = select(FeeSchedule.id).where(
            FeeSchedule.agency_id == Organisation.id, FeeSchedule.item_code == asked["item"]
        )
        query = query.where(offers.exists())
    if "region" in asked:
        query = query.where(within(Organisation.region_code, asked["region"]))
    page = paged(query.order_by(CreditScore.score.desc(), CreditScore.id))
    return filters.rendered(
        "credit/ranking.html",
        page=page,
        covered=coverage.of_organisations(db.session, [score.agency_id for score in page.rows]),
        asked=asked,
    )
