"""The deliverables of an area: found by what became of them, and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, String, cast, select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from market import filters
from market.contracts.blueprint import bp
from market.extensions import db
from market.filters import Filters
from market.formatting import item_name, region
from market.identity import current_actor
from market.options import in_region, period_asked
from market.pagination import paged
from market.spreadsheets import Column, export
from models.accounts import Organisation
from models.actors import Actor
from models.catalogue import newest_items
from models.contracts.agreement import Contract
from models.contracts.deliverables import REASONS, Deliverable, ReviewOutcome
from models.contracts.first_pass import PASSED_FIRST, REVIEWED
from models.i18n import N_

STANDINGS = {
    "reviewed": N_("已评审"),
    "first_pass": N_("首次过审"),
    "counted": N_("已提交或到期未交"),
    "on_time": N_("按期提交"),
}


def deliverables_of(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The deliverables this actor has a part in, as they are asked for, newest first.

    By `state`, `standing` (STANDINGS), `item` (its code), `region` (a code; `level`: of it alone), `agency`
    (its identifier), `reason` for which a department sent them back, and the days between which they came
    in, or were found not to have (`since`, `until`; `day`: a department decided on them).
    """
    query = select(Deliverable).where(Deliverable.visible_to(actor))
    if asked.get("state"):
        query = query.where(Deliverable.state == asked["state"])
    if asked.get("standing"):
        query = query.where(
            {
                "reviewed": REVIEWED,
                "first_pass": PASSED_FIRST,
                "counted": Deliverable.on_time.is_not(None),
                "on_time": Deliverable.on_time.is_(True),
            }[asked["standing"]]
        )
    if asked.get("item"):
        query = query.where(Deliverable.item_code == asked["item"])
    if asked.get("region"):
        query = query.where(in_region(Deliverable.region_code, asked))
    if asked.get("agency"):
        query = query.where(
            Deliverable.agency_id.in_(
                select(Organisation.id).where(Organisation.identifier == asked["agency"])
            )
        )
    if asked.get("reason"):
        sent_back = select(ReviewOutcome.deliverable_id).where(
            ReviewOutcome.passed.is_(False),
            cast(ReviewOutcome.reasons, String).contains(f'"{asked["reason"]}"'),
        )
        query = query.where(Deliverable.id.in_(sent_back))
    since, before = period_asked(asked)
    day = Deliverable.decided_at if asked.get("day") == "decided" else Deliverable.counted_at
    if since:
        query = query.where(day >= since)
    if before:
        query = query.where(day < before)
    return query.options(joinedload(Deliverable.contract).joinedload(Contract.agency)).order_by(
        Deliverable.id.desc()
    )


DELIVERABLES = (
    Column[Deliverable](_l("编号"), lambda d: d.identifier),
    Column[Deliverable](_l("合同"), lambda d: d.contract.identifier),
    Column[Deliverable](_l("项目"), lambda d: d.title),
    Column[Deliverable](_l("事项代码"), lambda d: d.item_code),
    Column[Deliverable](_l("机构"), lambda d: d.contract.agency.name),
    Column[Deliverable](_l("地区"), lambda d: region(d.region_code)),
    Column[Deliverable](_l("状态"), lambda d: _(d.state_label)),
    Column[Deliverable](_l("评审次数"), lambda d: d.reviews),
    Column[Deliverable](_l("因机构原因退回"), lambda d: d.faulty_reviews),
    Column[Deliverable](_l("应交时间"), lambda d: d.deliver_by),
    Column[Deliverable](_l("提交时间"), lambda d: d.submitted_at),
    Column[Deliverable](_l("评审时间"), lambda d: d.decided_at),
)  # of what `deliverables_of` finds


FILTERS = Filters(
    filters.states(Deliverable.workflow),
    filters.labels("standing", _l("评审和期限"), STANDINGS),
    filters.labels("reason", _l("退回的原因"), REASONS),
    filters.item(),
    filters.region(),
    filters.level(),
    filters.labels("day", _l("日期按"), {"decided": N_("评审时间")}, nothing=_l("提交时间")),
    *filters.days(),
    filters.agency(),
)


@bp.get("/deliverables")
@login_required
def deliverables() -> str | tuple[str, int]:
    asked = FILTERS.asked()
    page = paged(deliverables_of(current_actor(), asked))
    items = newest_items(db.session, [d.item_code for d in page.rows])
    return filters.rendered(
        "contracts/deliverables.html",
        page=page,
        names={code: item_name(item) for code, item in items.items()},
        asked=asked,
    )


@bp.get("/deliverables.<any(csv, xlsx):kind>")
@login_required
def export_deliverables(kind: str) -> Response:
    rows = db.session.scalars(deliverables_of(current_actor(), FILTERS.asked(refuse=True))).unique()
    return export("deliverables", _("成果列表"), kind, DELIVERABLES, rows)
