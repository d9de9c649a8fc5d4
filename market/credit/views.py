"""The ranking, by item and region; and records proposed about an agency."""

from __future__ import annotations

from flask import render_template
from flask_login import login_required
from sqlalchemy import select

from market import filters
from market.case_registry import ActPage, register_case
from market.case_views import case_page, case_url, link, url_of, visible
from market.credit.actions import records
from market.credit.blueprint import bp
from market.filters import Filters
from market.formatting import bilingual
from market.pagination import paged
from models.accounts import Organisation
from models.agencies.fees import FeeSchedule
from models.credit.records import CreditRecord
from models.credit.score import CreditScore
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
    return filters.rendered(
        "credit/ranking.html",
        page=paged(query.order_by(CreditScore.score.desc(), CreditScore.id)),
        asked=asked,
    )


@bp.get("/credit/records/<identifier>")
@login_required
def show_record(identifier: str) -> str:
    record = visible(CreditRecord, identifier)
    return render_template(
        "credit/record.html",
        **case_page(record),
        kind=bilingual(record.kind_names),
        agency_link=link(
            case_url("organisation", record.subject.identifier),
            f"{record.subject.identifier} {record.subject.name}",
        ),
        source_link=link(url_of(record.source_identifier), record.source_identifier),
    )


register_case(
    bp,
    CreditRecord,
    url="/credit/records",
    page=show_record,
    acts={
        "notify": ActPage(records.notify),
        "commend": ActPage(records.commend),
        "drop": ActPage(records.drop_record),
        "defend": ActPage(records.defend),
        "recuse": ActPage(records.recuse),
        "uphold": ActPage(records.uphold),
        "ask_repair": ActPage(records.ask_repair),
        "withdraw": ActPage(records.withdraw),
        "repair": ActPage(records.repair),
        "refuse_repair": ActPage(records.refuse_repair),
        "revoke": ActPage(records.revoke),
        "suspend": ActPage(records.suspend),
        "resume": ActPage(records.resume),
    },
    timed={"lapse": records.lapse, "expire": records.expire},
)
