"""What a regulator is shown of ratings: patterns that ask for a look, and which raters count as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, func, select

from market import filters
from market.charts import rows
from market.credit.blueprint import bp
from market.extensions import db
from market.filters import Filters
from market.formatting import region
from market.identity import current_actor
from market.pagination import paged
from market.spreadsheets import Column, export
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.related_parties import TIES, shared
from models.credit.identities import IdentityLink
from models.credit.signals import KINDS, RatingSignal
from models.regions import within

FILTERS = Filters(
    filters.labels("kind", _l("提示"), {kind: label for kind, (label, _innocent) in KINDS.items()}),
    filters.region(),
)


def _signals(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The signals about agencies of the actor's area, newest first."""
    query = (
        select(RatingSignal)
        .join(Organisation, Organisation.id == RatingSignal.agency_id)
        .where(Organisation.scope("regulator", actor))
    )
    if kind := asked.get("kind"):
        query = query.where(RatingSignal.kind == kind)
    if place := asked.get("region"):
        query = query.where(within(Organisation.region_code, place))
    return query.order_by(RatingSignal.found_at.desc(), RatingSignal.id.desc())


COLUMNS = [
    Column[Any](_l("机构"), lambda each: each.agency.name),
    Column[Any](_l("编号"), lambda each: each.agency.identifier),
    Column[Any](_l("地区"), lambda each: region(each.agency.region_code)),
    Column[Any](_l("提示"), lambda each: _(KINDS[each.kind][0])),
    Column[Any](_l("发现时间"), lambda each: each.found_at),
    Column[Any](_l("涉及的评价"), lambda each: " ".join(each.ratings)),
    Column[Any](_l("也可能是"), lambda each: _(KINDS[each.kind][1])),
]


@bp.get("/credit/signals")
@login_required
def rating_signals() -> str | tuple[str, int]:
    actor, asked = current_actor(), FILTERS.asked()
    query = _signals(actor, asked)
    counted = query.with_only_columns(RatingSignal.kind, func.count()).order_by(None)
    counts = dict(db.session.execute(counted.group_by(RatingSignal.kind)).all())
    return filters.rendered(
        "credit/signals.html",
        page=paged(query),
        kinds=KINDS,
        chart=rows(
            [(_(label), counts.get(kind, 0)) for kind, (label, _innocent) in KINDS.items()],
            _("各类提示的机构数"),
            [url_for("credit.rating_signals", kind=kind) for kind in KINDS],
        ),
        asked=asked,
    )


@bp.get("/credit/signals.<any(csv, xlsx):suffix>")
@login_required
def export_signals(suffix: str) -> Response:
    found = db.session.scalars(_signals(current_actor(), FILTERS.asked(refuse=True)))
    return export("signals", _("评价提示"), suffix, COLUMNS, found)


@bp.get("/credit/links")
@login_required
def identity_links() -> str:
    """Which organisations count as one voice when they rate, by what, and since when it is known."""
    actor = current_actor()
    mine = select(Organisation.id).where(Organisation.scope("regulator", actor))
    query = select(IdentityLink).where(IdentityLink.one_id.in_(mine) | IdentityLink.other_id.in_(mine))
    page = paged(query.order_by(IdentityLink.found_at.desc(), IdentityLink.id.desc()))
    by = shared(db.session, [(each.one_id, each.other_id, each.tie) for each in page.rows])
    return render_template("credit/links.html", page=page, ties=TIES, by=by)
