"""The ranking, by item and region; and records proposed about an agency."""

from __future__ import annotations

from flask import render_template, request
from flask_login import login_required
from sqlalchemy import select

from market.case_registry import ActPage, register_case
from market.case_views import case_page, case_url, link, url_of, visible
from market.credit import actions
from market.credit.blueprint import bp
from market.options import item_options, region_asked
from market.pagination import paged
from models.accounts import Organisation
from models.agencies.fees import FeeSchedule
from models.credit.records import RECORDS, CreditRecord
from models.credit.score import CreditScore
from models.regions import within


@bp.get("/credit")
def ranking() -> str:
    item, region = request.args.get("item", ""), region_asked()
    query = (
        select(CreditScore)
        .join(Organisation, Organisation.id == CreditScore.agency_id)
        .where(Organisation.state == "verified", CreditScore.grade.is_not(None))
    )
    if item:
        offers = select(FeeSchedule.id).where(
            FeeSchedule.agency_id == Organisation.id, FeeSchedule.item_code == item
        )
        query = query.where(offers.exists())
    if region:
        query = query.where(within(Organisation.region_code, region))
    return render_template(
        "credit/ranking.html",
        page=paged(query.order_by(CreditScore.score.desc(), CreditScore.id)),
        item_options=item_options(),
        item=item,
        region=region,
    )


@bp.get("/credit/records/<identifier>")
@login_required
def show_record(identifier: str) -> str:
    record = visible(CreditRecord, identifier)
    return render_template(
        "credit/record.html",
        **case_page(record),
        kind=RECORDS[record.kind][0],
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
    acts={"drop": ActPage(actions.drop_record)},
)
