"""What waits for an approving department, oldest limit first, and what it decided."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import Select, select
from werkzeug.wrappers import Response

from market.accounts.identity import current_actor
from market.contracts.views.rooms import rooms
from market.exports import answer as exported
from market.extensions import db
from market.pages import paged
from market.words import region, when
from models.actors import Actor
from models.contracts import Deliverable

STANDINGS = {
    "waiting": ("accepted",),
    "sent_back": ("sent_back", "submitted", "returned"),
    "passed": ("passed",),
}


def _listed(actor: Actor) -> Select[Any]:
    """The deliverables of the department's: those that wait, unless others were asked for."""
    states = STANDINGS.get(request.args.get("standing", ""), STANDINGS["waiting"])
    query = select(Deliverable).where(Deliverable.scope("department", actor), Deliverable.state.in_(states))
    if states != ("accepted",):
        query = query.where(Deliverable.reviews > 0)
    if request.args.get("item"):
        query = query.where(Deliverable.item_code == request.args["item"][:12])
    return query.order_by(Deliverable.due_at.is_(None), Deliverable.due_at, Deliverable.id)


@rooms.get("/reviews")
@login_required
def reviews() -> str:
    actor = current_actor()
    items = db.session.scalars(
        select(Deliverable.item_code)
        .where(Deliverable.scope("department", actor))
        .distinct()
        .order_by(Deliverable.item_code)
    ).all()
    return render_template(
        "contracts/reviews.html",
        page=paged(_listed(actor)),
        items=[(code, code) for code in items],
        standings=STANDINGS,
    )


@rooms.get("/reviews.<any(csv, xlsx):kind>")
@login_required
def export_reviews(kind: str) -> Response:
    heading = [
        _("编号"),
        _("合同"),
        _("项目"),
        _("事项"),
        _("机构"),
        _("地区"),
        _("状态"),
        _("退回次数"),
        _("办理期限"),
    ]
    rows: list[list[Any]] = [heading]
    for d in db.session.scalars(_listed(current_actor())).unique():
        rows.append(
            [
                d.identifier,
                d.contract.identifier,
                d.title,
                d.item_code,
                d.contract.agency.name,
                region(d.region_code),
                _(d.state_label),
                d.reviews - (d.state == "passed"),
                when(d.due_at),
            ]
        )
    return exported(rows, "reviews", kind)
