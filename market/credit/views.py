"""The ranking, by item and region."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy import select

from market.extensions import db
from market.pages import paged
from models.accounts import Organisation
from models.agencies import FeeSchedule
from models.catalogue import current_items
from models.credit import CreditScore
from models.regions import Region, within

rooms = Blueprint("credit", __name__)


@rooms.get("/credit")
def ranking() -> str:
    item, region = request.args.get("item", ""), request.args.get("region", "")
    query = (
        select(CreditScore)
        .join(Organisation, Organisation.id == CreditScore.agency_id)
        .where(Organisation.state == "verified", CreditScore.grade.is_not(None))
    )
    if item:
        offers = select(FeeSchedule.id).where(FeeSchedule.agency_id == Organisation.id, FeeSchedule.item_code == item)
        query = query.where(offers.exists())
    if region:
        query = query.where(within(Organisation.region_code, region))
    areas = select(Region).where(Region.code.startswith("63")).order_by(Region.code)
    return render_template(
        "credit/ranking.html",
        page=paged(query.order_by(CreditScore.score.desc(), CreditScore.id)),
        items=current_items(db.session),
        regions=db.session.scalars(areas).all(),
        item=item,
        region=region,
    )
