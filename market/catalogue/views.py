"""The visitor's home, the item list and each item's one-time notice, the policy in print."""

from __future__ import annotations

from collections import defaultdict

from flask import Blueprint, abort, render_template, request
from sqlalchemy import func, select

from market.extensions import db
from market.journey import promise
from market.pages import sliced
from market.words import words_of
from models import agencies, money, policy, pricing
from models.accounts import Organisation
from models.agencies import FeeSchedule
from models.catalogue import PRICING, ServiceItem, current_items, item_by_code
from models.contracts import Contract
from models.credit import CreditScore
from models.policy import KEYS, SECTIONS
from models.pricing import Quantity
from models.sourcing import FUNDS, MODES, TOO_FEW, Award, Request, rules_of
from models.text import N_, Problem, RuleBroken

rooms = Blueprint("catalogue", __name__)
POPULAR = ("EIA-01", "WAT-01", "LND-02", "SAF-01", "FIR-01")


def _by_department(items: list[ServiceItem]) -> dict[str, list[ServiceItem]]:
    grouped: dict[str, list[ServiceItem]] = defaultdict(list)
    for item in items:
        grouped[item.department].append(item)
    return dict(sorted(grouped.items(), key=lambda pair: -len(pair[1])))


@rooms.get("/")
def home() -> str:
    session, count = db.session, select(func.count())
    items = current_items(session)
    agency = Organisation.kind == "agency"
    figures = {
        "agencies": session.scalar(count.select_from(Organisation).where(agency, Organisation.state == "verified")),
        "listed": len(items),
        "saved": session.scalar(
            select(func.avg(1.0 - Award.price * 1.0 / Award.published_price)).where(Award.state == "final")
        ),
        "first_pass": session.scalar(
            select(func.sum(CreditScore.first_pass * CreditScore.settled) / func.nullif(func.sum(CreditScore.settled), 0))
        ),
        "completed": session.scalar(count.select_from(Contract).where(Contract.state == "completed")),
    }
    latest = select(Request).where(Request.public(), Request.state == "published").order_by(Request.deadline).limit(6)
    final = select(Award).join(Award.request).where(Request.public(), Award.state == "final").order_by(Award.id.desc()).limit(5)
    best = (
        select(CreditScore)
        .join(CreditScore.agency)
        .where(CreditScore.grade.is_not(None), Organisation.state == "verified")
        .order_by(CreditScore.score.desc())
        .limit(5)
    )
    return render_template(
        "catalogue/home.html",
        figures=figures,
        departments=_by_department(items),
        popular=[item for item in items if item.code in POPULAR],
        journey=promise(),
        latest=session.scalars(latest).all(),
        awards=session.scalars(final).all(),
        best=session.scalars(best).all(),
        stopped=session.scalars(select(Organisation).where(agency, Organisation.state == "suspended").limit(5)).all(),
        modes=MODES,
    )


@rooms.get("/items")
def items() -> str:
    return render_template("catalogue/items.html", departments=_by_department(current_items(db.session)))


def _asked(item: ServiceItem) -> Quantity | None:
    """The size of the job the reader typed; None if it is needed and missing. RuleBroken if it cannot be read."""
    amount, count = request.args.get("amount", "").strip(), request.args.get("count", "").strip()
    if item.measure == "none":
        return Quantity()
    try:
        if amount:
            return Quantity(amount=money.parse(amount))
        return Quantity(count=int(count)) if count else None
    except ValueError:
        raise RuleBroken(N_("请填写数字,例如 60,000,000。")) from None


def _price(terms: dict[str, object], quantity: Quantity | None) -> int | None:
    if quantity is None and terms["method"] != "fixed":
        return None
    return pricing.price(terms, quantity or Quantity())


@rooms.get("/items/<identifier>")
def item(identifier: str) -> str | tuple[str, int]:
    found = item_by_code(db.session, identifier)
    if found is None:
        abort(404)
    schedules = [s for s in agencies.schedules_in_force(db.session, item_code=identifier) if s.agency.state == "verified"]
    problem, standard = "", None
    priced: list[tuple[FeeSchedule, int | None]] = [(s, None) for s in schedules]
    try:
        quantity = _asked(found)
        priced = sorted(
            ((s, _price(s.terms, quantity)) for s in schedules), key=lambda pair: (pair[1] is None, pair[1] or 0)
        )
        if found.standard and quantity is not None:
            standard = pricing.price(next(iter(found.standard["tables"].values())), quantity)
    except Problem as refused:
        problem = words_of(refused)
    page = sliced(priced)
    answer = render_template(
        "catalogue/item.html", item=found, pricing=PRICING, page=page, priced=page.rows, standard_price=standard, problem=problem
    )
    return (answer, 422) if problem else answer


@rooms.get("/policy")
def policies() -> str:
    return render_template(
        "catalogue/policy.html", policy=policy.current(), section_names=SECTIONS, key_names=KEYS, modes=MODES, funds=FUNDS,
        too_few=TOO_FEW, rules_of=rules_of,
    )  # fmt: skip
