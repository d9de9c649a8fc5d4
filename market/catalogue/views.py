"""The visitor's home, the item list, each item's one-time notice, and the policy in print.

Authorities keep the list here, too.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from statistics import median
from typing import Any

from flask import abort, current_app, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from market import filters
from market.case_views import form_page, not_found
from market.catalogue import actions, printed_policy
from market.catalogue.blueprint import bp
from market.catalogue.forms import ItemForm, NewItemForm, WithdrawForm
from market.charts import spread
from market.extensions import db
from market.filters import Choice, Filter, Filters
from market.formatting import catalogued, problem_text
from market.identity import current_actor
from market.options import region_asked
from market.pagination import sliced
from market.progress import promise
from market.quantities import quantity_asked, size_typed
from models import policy, pricing, spelling
from models.accounts import Organisation
from models.agencies.fees import schedules_in_force
from models.agencies.serving import areas_of, served, serves
from models.catalogue import (
    DEPARTMENTS,
    FIELDS,
    PRICING,
    ApprovalMatter,
    ServiceItem,
    changes,
    current_items,
    item_by_code,
    next_version,
    versions_of,
)
from models.contracts.agreement import Contract
from models.contracts.first_pass import first_pass
from models.credit.kept import CreditScore
from models.demands import answer
from models.errors import Problem
from models.events import timeline
from models.policy import KEYS, SECTIONS
from models.pricing import Quantity
from models.sourcing.awards import Award
from models.sourcing.modes import FUNDS, MODES, TOO_FEW, rules_of
from models.sourcing.modes.inquiry import Inquiry
from models.sourcing.tenders import Tender
from search.interpretation import interpret

POPULAR = ("EIA-01", "WAT-01", "LND-02", "SAF-01", "FIR-01")


def _by_department(items: list[ServiceItem]) -> dict[str, list[ServiceItem]]:
    grouped: dict[str, list[ServiceItem]] = defaultdict(list)
    for item in items:
        grouped[item.department].append(item)
    return dict(sorted(grouped.items(), key=lambda pair: -len(pair[1])))


@bp.get("/")
def home() -> str:
    session, count = db.session, select(func.count())
    items = current_items(session)
    agency = Organisation.kind == "agency"
    figures = {
        "agencies": session.scalar(
            count.select_from(Organisation).where(agency, Organisation.state == "verified")
        ),
        "listed": len(items),
        "saved": session.scalar(
            select(func.avg(1.0 - Award.price * 1.0 / Award.published_price))
            .join(Award.tender)
            .where(Tender.public(), Award.state == "final")
        ),
        "first_pass": first_pass(session).rate,
        "completed": session.scalar(count.select_from(Contract).where(Contract.state == "completed")),
    }
    latest = (
        select(Tender).where(Tender.public(), Tender.state == "published").order_by(Tender.deadline).limit(6)
    )
    final = (
        select(Award)
        .join(Award.tender)
        .where(Tender.public(), Award.state == "final")
        .order_by(Award.id.desc())
        .limit(5)
    )
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
        stopped=session.scalars(
            select(Organisation).where(agency, Organisation.state == "suspended").limit(5)
        ).all(),
    )


@bp.get("/items")
def items() -> str:
    actor = current_actor()
    return render_template(
        "catalogue/items.html",
        departments=_by_department(current_items(db.session)),
        may_list=any(actions.may_edit(actor, department) for department in DEPARTMENTS),
    )


MATTER_FILTERS = Filters(Filter("q", _l("审批事项")))


@bp.get("/matters")
def matters() -> str | tuple[str, int]:
    """The approvals, and which services each needs; what is not listed here may not be demanded."""
    needed: dict[str, list[ServiceItem]] = defaultdict(list)
    every = current_items(db.session)
    for item in every:
        for matter in item.matters:
            needed[matter.code].append(item)
    asked = MATTER_FILTERS.asked()
    words = spelling.name(asked.get("q", ""))
    found = [
        m
        for m in _all_matters()
        if words in spelling.name(m.name) or words in spelling.name(catalogued(m.name))
    ]
    return filters.rendered("catalogue/matters.html", page=sliced(found), needed=needed, asked=asked)


DEMAND_FILTERS = Filters(
    Choice(
        "matter",
        _l("办哪项审批"),
        lambda: [(matter.code, f"{matter.code} {catalogued(matter.name)}") for matter in _all_matters()],
        _l("说不清"),
    ),
    Filter("report", _l("要的是什么报告或服务")),
)


@bp.get("/demanded")
def demanded() -> str | tuple[str, int]:
    """Whether a report that somebody demands is in the published list, and what to do if it is not."""
    asked, items = DEMAND_FILTERS.asked(), {item.code: item for item in current_items(db.session)}
    matter = next((each for each in _all_matters() if each.code == asked.get("matter")), None)
    words = asked.get("report", "")
    meant = interpret(words, current_app.config["AREA"], items.values()).items if words else []
    answers = answer(matter, [items[code] for code in meant]) if words and not filters.wrong() else []
    return filters.rendered("catalogue/demanded.html", asked=asked, matter=matter, answers=answers)


def _all_matters() -> list[ApprovalMatter]:
    by = select(ApprovalMatter).order_by(ApprovalMatter.department, ApprovalMatter.code)
    return list(db.session.scalars(by))


def _cost(item: ServiceItem, job: Quantity) -> dict[str, Any]:
    """What the item would cost for a job at every agency that publishes a fee: the cheapest first.

    At the end those whose terms do not know such a job.
    """
    session, region = db.session, region_asked()
    rows = [
        (s, s.price_if_any(job))
        for s in schedules_in_force(session, item_code=item.code)
        if s.agency.state == "verified"
    ]
    rows.sort(key=lambda row: (row[1] is None, row[1] or 0, row[0].agency.identifier))
    if region:
        areas = areas_of(session, [s.agency_id for s, _price in rows])
        rows = [(s, price) for s, price in rows if serves(served(s.agency, areas), region)]
    prices = [price for _schedule, price in rows if price is not None]
    standard = pricing.price(next(iter(item.standard["tables"].values())), job) if item.standard else None
    band = (
        [round(standard * share) for share in pricing.band(item.fee_standard)]
        if standard and item.fee_standard
        else None
    )
    return {
        "page": sliced(rows),
        "standard_price": standard,
        "band": band if band and band[0] else None,
        "chart": spread(
            [(s.agency.name, price) for s, price in rows if price is not None], band, _("各机构的公示价")
        )
        if prices
        else None,
        "figures": (prices[0], round(median(prices)), prices[-1]) if prices else None,
    }


@bp.get("/items/<identifier>")
def item(identifier: str) -> str | tuple[str, int]:
    found = item_by_code(db.session, identifier)
    if found is None:
        abort(404)
    problem, job = "", None
    try:
        job = quantity_asked(found)
        cost = _cost(found, job or found.example)
    except Problem as refused:  # the size, or an industry: what agencies publish is there all the same
        problem, job, cost = problem_text(refused), None, _cost(found, found.example)
    answer = render_template(
        "catalogue/item.html",
        item=found,
        pricing=PRICING,
        problem=problem,
        job=job or found.example,
        sized=job is not None,
        kept=size_typed(),
        region=region_asked(),
        factors=sorted(next(iter(found.standard["tables"].values())).get("factors", ()))
        if found.standard
        else [],
        may_edit=actions.may_edit(current_actor(), found.department),
        comparing=Inquiry.name,
        next_version=next_version(db.session, identifier),
        **cost,
    )
    return (answer, 422) if problem else answer


@bp.get("/items/<identifier>/history")
def history(identifier: str) -> str:
    """Every version, what it changed, and who said why."""
    versions = versions_of(db.session, identifier)
    if not versions:
        raise not_found(identifier)
    present = item_by_code(db.session, identifier)
    return render_template(
        "catalogue/history.html",
        item=present or versions[0],
        present=present,
        versions=[(new, changes(old, new)) for new, old in zip(versions, [*versions[1:], None], strict=True)],
        labels=FIELDS,
        happened=db.session.scalars(timeline([("item", identifier, ["public"])]).limit(60)).all(),
    )


def _editing(identifier: str) -> ServiceItem:
    newest = next(iter(versions_of(db.session, identifier)), None)
    if newest is None:
        raise not_found(identifier)
    if not actions.may_edit(current_actor(), newest.department):
        abort(403)
    return newest


def _every_matter() -> list[ApprovalMatter]:
    return list(db.session.scalars(select(ApprovalMatter).order_by(ApprovalMatter.code)))


@bp.route("/items/<identifier>/edit", methods=["GET", "POST"])
@login_required
def edit(identifier: str) -> Response | str | tuple[str, int]:
    newest = _editing(identifier)
    form = ItemForm(data=ItemForm.of(newest))
    form.prepare(_every_matter(), current_items(db.session))
    page = url_for("catalogue.history", identifier=identifier)
    return form_page(
        form,
        _("修改事项"),
        partial(actions.revise_item, code=identifier),
        lambda _made: page,
        back=page,
        lead=_("保存后成为新版本,在生效日起用;已经开始的需求和合同按原来的版本办完。"),
    )


@bp.route("/items/new", methods=["GET", "POST"])
@login_required
def new_item() -> Response | str | tuple[str, int]:
    actor = current_actor()
    if not any(actions.may_edit(actor, department) for department in DEPARTMENTS):
        abort(403)
    form = NewItemForm(department=actor.department)
    form.prepare(_every_matter(), current_items(db.session))
    return form_page(
        form,
        _("列入新事项"),
        actions.list_item,
        lambda code: url_for("catalogue.history", identifier=code),
        back=url_for("catalogue.items"),
    )


@bp.route("/items/<identifier>/withdraw", methods=["GET", "POST"])
@login_required
def withdraw(identifier: str) -> Response | str | tuple[str, int]:
    _editing(identifier)
    page = url_for("catalogue.history", identifier=identifier)
    return form_page(
        WithdrawForm(),
        _("退出清单"),
        partial(actions.withdraw_item, code=identifier),
        lambda _made: page,
        back=page,
    )


@bp.get("/policy")
def policies() -> str:
    return render_template(
        "catalogue/policy.html",
        policy=policy.current(),
        section_names=SECTIONS,
        key_names=KEYS,
        modes=MODES,
        funds=FUNDS,
        too_few=TOO_FEW,
        rules_of=rules_of,
        said=printed_policy.said,
        part=printed_policy.part,
        waived=current_app.config.get("SECOND_FACTOR") != "required",
    )
