"""The ranking, by item and region."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy import select

from market.options import item_options, region_choices
from market.pages import paged
from models.accounts import Organisation
from models.agencies import FeeSchedule
from models.credit import CreditScore
from models.regions import within

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
    return render_template(
        "credit/ranking.html",
        page=paged(query.order_by(CreditScore.score.desc(), CreditScore.id)),
        item_options=item_options(),
        regions=region_choices(),
        item=item,
        region=region,
    )
