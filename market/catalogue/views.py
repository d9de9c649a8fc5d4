"""The visitor's home, the item list and each item's one-time notice, the policy in print."""

from __future__ import annotations

from collections import defaultdict

from flask import Blueprint, abort, render_template
from sqlalchemy import func, select

from market.extensions import db
from models import agencies, policy
from models.accounts import Organisation
from models.catalogue import PRICING, ServiceItem, current_items, item_by_code
from models.credit import CreditScore
from models.sourcing import Award, Request

rooms = Blueprint("catalogue", __name__)


def by_department() -> dict[str, list[ServiceItem]]:
    grouped: dict[str, list[ServiceItem]] = defaultdict(list)
    for item in current_items(db.session):
        grouped[item.department].append(item)
    return dict(sorted(grouped.items(), key=lambda pair: -len(pair[1])))


@rooms.get("/")
def home() -> str:
    count = select(func.count())
    figures = {
        "agencies": db.session.scalar(
            count.select_from(Organisation).where(Organisation.kind == "agency", Organisation.state == "verified")
        ),
        "saved": db.session.scalar(select(func.avg(1.0 - Award.price * 1.0 / Award.published_price)).where(Award.state == "final")),
        "first_pass": db.session.scalar(select(func.avg(CreditScore.first_pass))),
    }
    latest = select(Request).where(Request.public(), Request.state == "published").order_by(Request.deadline).limit(6)
    best = select(CreditScore).where(CreditScore.grade.is_not(None)).order_by(CreditScore.score.desc()).limit(5)
    return render_template(
        "catalogue/home.html",
        figures=figures,
        departments=by_department(),
        latest=db.session.scalars(latest).all(),
        best=db.session.scalars(best).all(),
    )


@rooms.get("/items")
def items() -> str:
    return render_template("catalogue/items.html", departments=by_department())


@rooms.get("/items/<code>")
def item(code: str) -> str:
    found = item_by_code(db.session, code)
    if found is None:
        abort(404)
    return render_template(
        "catalogue/item.html",
        item=found,
        pricing=PRICING,
        schedules=agencies.schedules_in_force(db.session, item_code=code),
    )


@rooms.get("/policy")
def policies() -> str:
    return render_template("catalogue/policy.html", policy=policy.current())
