"""The bad ratings of an area and what was done about them, for whoever oversees it; and its appeals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from markupsafe import Markup
from sqlalchemy import Select, func, or_, select
from werkzeug.wrappers import Response

from market import filters
from market.charts import rows
from market.extensions import db
from market.filters import Filters
from market.formatting import region
from market.identity import current_actor
from market.pagination import paged
from market.ratings.blueprint import bp
from market.spreadsheets import Column, export
from models import clock
from models.actors import Actor
from models.cases import Case
from models.ratings.appeals import RATING_APPEAL, RatingAppeal
from models.ratings.follow_ups import FOLLOW_UP, FollowUp
from models.ratings.rating import GROUNDS
from models.regions import within

FOLLOWED = Filters(filters.states(FOLLOW_UP), filters.only("late", _l("只看有逾期的")), filters.region())
APPEALED = Filters(
    filters.labels("ground", _l("申诉理由"), GROUNDS), filters.states(RATING_APPEAL), filters.region()
)


def _narrowed(query: Select[Any], kind: type[Case], asked: Mapping[str, str]) -> Select[Any]:
    """By state and area; newest first."""
    if asked.get("state"):
        query = query.where(kind.state == asked["state"])
    if asked.get("region"):
        query = query.where(within(kind.region_code, asked["region"]))  # type: ignore[arg-type]
    return query.order_by(kind.identifier.desc())


def _followed(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The follow-ups the reader asked for: with `late`, those in which something came or is late."""
    query = select(FollowUp).where(FollowUp.visible_to(actor))
    if asked.get("late"):
        contact = func.coalesce(FollowUp.contacted_at, FollowUp.ended_at, clock.now())
        result = func.coalesce(FollowUp.answered_at, FollowUp.ended_at, clock.now())
        query = query.where(or_(contact > FollowUp.contact_by, result > FollowUp.result_by))
    return _narrowed(query, FollowUp, asked)


def _appealed(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    query = select(RatingAppeal).where(RatingAppeal.visible_to(actor))
    if asked.get("ground"):
        query = query.where(RatingAppeal.ground == asked["ground"])
    return _narrowed(query, RatingAppeal, asked)


def _chart(kind: type[Case], title: str, page: str) -> Markup:
    """How many of the reader's area stand in each state."""
    counted = select(kind.state, func.count()).where(kind.visible_to(current_actor())).group_by(kind.state)
    found = {state: number for state, number in db.session.execute(counted)}
    states = kind.workflow.states.values()
    return rows(
        [(_(state.label), found.get(state.name, 0)) for state in states],
        title,
        [url_for(page, state=state.name) for state in states],
    )


@bp.get("/oversight/follow-ups")
@login_required
def followed() -> str | tuple[str, int]:
    asked = FOLLOWED.asked()
    return filters.rendered(
        "ratings/follow_ups.html",
        page=paged(_followed(current_actor(), asked)),
        asked=asked,
        chart=_chart(FollowUp, _("差评回访到了哪一步"), "ratings.followed"),
    )


@bp.get("/oversight/rating-appeals")
@login_required
def appealed() -> str | tuple[str, int]:
    asked = APPEALED.asked()
    return filters.rendered(
        "ratings/appeals.html",
        page=paged(_appealed(current_actor(), asked)),
        asked=asked,
        chart=_chart(RatingAppeal, _("评价申诉到了哪一步"), "ratings.appealed"),
    )


FOLLOW_UPS = (
    Column[FollowUp](_l("编号"), lambda found: found.identifier),
    Column[FollowUp](_l("评价"), lambda found: found.rating.identifier),
    Column[FollowUp](_l("被评价单位"), lambda found: found.ratee.name),
    Column[FollowUp](_l("评价单位"), lambda found: found.rater.name),
    Column[FollowUp](_l("地区"), lambda found: region(found.region_code)),
    Column[FollowUp](_l("状态"), lambda found: _(found.state_label)),
    Column[FollowUp](_l("应联系至"), lambda found: found.contact_by),
    Column[FollowUp](_l("联系时间"), lambda found: found.contacted_at),
    Column[FollowUp](_l("应提交结果至"), lambda found: found.result_by),
    Column[FollowUp](_l("提交时间"), lambda found: found.answered_at),
    Column[FollowUp](_l("结束时间"), lambda found: found.ended_at),
)
APPEALS = (
    Column[RatingAppeal](_l("编号"), lambda appeal: appeal.identifier),
    Column[RatingAppeal](_l("评价"), lambda appeal: appeal.rating.identifier),
    Column[RatingAppeal](_l("被评价单位"), lambda appeal: appeal.ratee.name),
    Column[RatingAppeal](_l("评价单位"), lambda appeal: appeal.rater.name),
    Column[RatingAppeal](_l("地区"), lambda appeal: region(appeal.region_code)),
    Column[RatingAppeal](_l("申诉理由"), lambda appeal: _(GROUNDS[appeal.ground])),
    Column[RatingAppeal](_l("状态"), lambda appeal: _(appeal.state_label)),
    Column[RatingAppeal](_l("提出时间"), lambda appeal: appeal.filed_at),
    Column[RatingAppeal](_l("处理时间"), lambda appeal: appeal.decided_at),
)


@bp.get("/oversight/follow-ups.<any(csv, xlsx):suffix>")
@login_required
def export_followed(suffix: str) -> Response:
    found = db.session.scalars(_followed(current_actor(), FOLLOWED.asked(refuse=True)))
    return export("follow-ups", _("差评回访"), suffix, FOLLOW_UPS, found)


@bp.get("/oversight/rating-appeals.<any(csv, xlsx):suffix>")
@login_required
def export_appealed(suffix: str) -> Response:
    found = db.session.scalars(_appealed(current_actor(), APPEALED.asked(refuse=True)))
    return export("rating-appeals", _("评价申诉"), suffix, APPEALS, found)
