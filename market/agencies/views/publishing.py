"""What an agency publishes: its fees, with a preview of what they come to, and its qualifications."""

from __future__ import annotations

import re
from statistics import median
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.wrappers import Response

from market.agencies.actions import publishing
from market.agencies.blueprint import bp
from market.agencies.forms import FeeForm, QualificationForm
from market.case_views import attempt, file_of, not_found, readable
from market.extensions import db
from market.formatting import job_words, problem_text
from market.identity import current_actor, own_agency
from models import pricing
from models.accounts import Organisation
from models.agencies import fees
from models.agencies.eligibility import lacking
from models.agencies.fees import FeeSchedule, published_prices, schedules_in_force, versions_of
from models.base import Json
from models.catalogue import ServiceItem, current_items, item_by_code
from models.credit import restrictions
from models.errors import Problem
from models.pricing import METHODS, Quantity


def _row(
    agency: Organisation, item: ServiceItem, terms: Json, present: FeeSchedule | None, job: Quantity
) -> dict[str, Any]:
    """What a job would come to.

    By these terms, by those in force now, by the standard, and at other agencies.
    """
    standard = next(iter(item.standard["tables"].values())) if item.standard else None
    low, high = pricing.band(item.fee_standard) if item.fee_standard else (None, None)
    by_standard = pricing.price(standard, job) if standard else None
    others = [
        price
        for schedule, price in published_prices(db.session, item.code, job)
        if schedule.agency_id != agency.id
    ]
    return {
        "job": job,
        "price": pricing.price(terms, job),
        "now": present.price_if_any(job) if present else None,
        "standard": by_standard,
        "band": [round(by_standard * share) for share in (low, high)]
        if by_standard and low and high
        else None,
        "others": (others[0], round(median(others)), others[-1], len(others)) if others else None,
    }


def _preview(form: FeeForm, agency: Organisation, item: ServiceItem, *, asked: bool) -> dict[str, Any]:
    """The written terms at the size that is tried, or at a few; or the problem with them.

    Nothing before there are any, unless somebody `asked`.
    """
    nothing: dict[str, Any] = {"problem": "", "rows": [], "item": item, "typed": ""}
    if not (form.method.data or form.standard.data) or not (asked or form.begun):
        return nothing
    tried = form.job(item)
    try:
        terms = pricing.read(form.written())
        fees.check_terms(item, terms)
        present = schedules_in_force(db.session, agency_id=agency.id, item_code=item.code)
        rows = [
            _row(agency, item, terms, present[0] if present else None, job)
            for job in ([tried] if tried else item.examples)
        ]
    except Problem as problem:
        return {**nothing, "problem": problem_text(problem)}
    return {**nothing, "rows": rows, "terms": terms, "typed": _typed(form, tried, item) if tried else ""}


def _typed(form: FeeForm, job: Quantity, item: ServiceItem) -> str:
    """The size as it was typed, where that is more than the figure in the words for it: `6000万`."""
    typed = (form.size.data or "").strip()
    return "" if _BETWEEN.sub("", typed) in _BETWEEN.sub("", job_words(job, item)) else typed


_BETWEEN = re.compile(r"[\s,]")


def _offered(agency: Organisation) -> dict[str, list[ServiceItem]]:
    """The items of the list, those first that the agency has the certificates and the people for."""
    items = current_items(db.session)
    short = lacking(db.session, agency, items)
    groups = {
        _("资质和人员齐备"): [item for item in items if item.code not in short],
        _("还缺资质或人员(可以先公示,补齐后才能报价)"): [item for item in items if item.code in short],
    }
    return {heading: group for heading, group in groups.items() if group}


def _lacks(agency: Organisation, item: ServiceItem) -> str:
    """What the agency still lacks to quote for an item, in words; empty for nothing."""
    problem = lacking(db.session, agency, [item]).get(item.code)
    return problem_text(problem) if problem else ""


@bp.route("/my/fees/new", methods=["GET", "POST"])
@login_required
def new_fees() -> Response | str | tuple[str, int]:
    """First which item, then its price: what is asked for depends on how the item is measured.

    Whoever is stopped at it reads why instead.
    """
    agency, form = own_agency(), FeeForm(item_code=request.args.get("item"))
    restrictions.check(db.session, agency, "fees")
    form.offer(_offered(agency))
    item = item_by_code(db.session, form.item_code.data or "")
    if item is None or "choose" in request.form:
        form.item_code.validate(form) if form.is_submitted() or form.item_code.data else None
        if item is not None and not form.item_code.errors:
            return redirect(url_for("agencies.new_fees", item=item.code), 303)
        status = 422 if form.is_submitted() else 200
        return render_template("agencies/fees_item.html", form=form, mine=agency), status
    form.prepare(item)
    status = 200
    if form.is_submitted() and "preview" not in request.form:
        status = 422
        if form.validate():
            result, status = attempt(
                form,
                publishing.publish_fees,
                item_code=item.code,
                terms=pricing.read(form.written()),
                days=form.days.data,
                note=form.note.data or "",
                effective_from=form.effective_from.data,
            )
            if result is not None:
                return redirect(url_for("agencies.fee_history", identifier=result, code=item.code), 303)
    preview = _preview(form, agency, item, asked=form.is_submitted())
    return render_template(
        "agencies/fees.html",
        form=form,
        mine=agency,
        item=item,
        versions=len(versions_of(db.session, agency.id, item.code)),
        lacks=_lacks(agency, item),
        asks=lambda method: METHODS[method].asks,
        preview=preview,
    ), 422 if form.size.errors else status


@bp.post("/my/fees/preview")
@login_required
def preview_fees() -> str:
    """What the terms typed so far come to; the page asks while one types."""
    agency, form = own_agency(), FeeForm()
    item = item_by_code(db.session, form.item_code.data or "")
    if item is None:
        raise not_found(form.item_code.data or "")
    form.prepare(item)
    preview = _preview(form, agency, item, asked=False)
    return render_template("agencies/preview.html", preview=preview, form=form)


@bp.get("/agencies/<identifier>/fees/<code>")
def fee_history(identifier: str, code: str) -> str:
    """Every version of an agency's price for an item, and what each changed."""
    agency = readable(Organisation, identifier)
    item = item_by_code(db.session, code)
    versions = versions_of(db.session, agency.id, code)
    if item is None or not versions:
        raise not_found(code)
    pairs = zip(versions, [*versions[1:], None], strict=True)
    return render_template(
        "agencies/fee_history.html",
        agency=agency,
        item=item,
        versions=[(new, old, fees.changes(old, new) if old else []) for new, old in pairs],
        in_force=next(iter(schedules_in_force(db.session, agency_id=agency.id, item_code=code)), None),
        jobs=item.examples,
        lacks=_lacks(agency, item) if current_actor().organisation_id == agency.id else "",
    )


@bp.route("/my/qualifications/new", methods=["GET", "POST"])
@login_required
def new_qualification() -> Response | str | tuple[str, int]:
    agency, form, status = own_agency(), QualificationForm(), 200
    form.prepare(current_items(db.session))
    if form.is_submitted():
        status = 422
        if form.validate():
            values = {k: v for k, v in form.values().items() if k != "file"}
            result, status = attempt(form, publishing.add_qualification, **values, **file_of(form.file.data))
            if result is not None:
                return redirect(url_for("agencies.show", identifier=result), 303)

    return render_template("agencies/qualification.html", form=form, mine=agency), status
