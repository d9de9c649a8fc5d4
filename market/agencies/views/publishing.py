"""What an agency publishes: its fees, with a preview of what they come to, and its qualifications."""

from __future__ import annotations

from statistics import median
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from market.agencies.actions import publishing
from market.agencies.blueprint import bp, mine, readable
from market.agencies.forms import FeeForm, QualificationForm
from market.case_views import attempt, file_of, not_found
from market.extensions import db
from market.formatting import problem_text
from models import pricing
from models.accounts import Organisation
from models.agencies import fees
from models.agencies.fees import published_prices, schedules_in_force, versions_of
from models.catalogue import ServiceItem, current_items, item_by_code
from models.errors import Problem
from models.pricing import Quantity

NOTHING: dict[str, Any] = {
    "problem": "",
    "rows": [],
    "item": None,
}  # what a preview shows of terms that are not written yet


def _row(
    item: ServiceItem, terms: dict[str, Any], present: dict[str, Any] | None, job: Quantity
) -> dict[str, Any]:
    """What a job would come to.

    By these terms, by those in force now, by the standard, and at other agencies.
    """
    standard = next(iter(item.standard["tables"].values())) if item.standard else None
    low, high = pricing.band(item.fee_standard) if item.fee_standard else (None, None)
    by_standard = pricing.price(standard, job) if standard else None
    others = [price for _schedule, price in published_prices(db.session, item.code, job)]
    return {
        "job": job,
        "price": pricing.price(terms, job),
        "now": pricing.price(present, job) if present else None,
        "standard": by_standard,
        "band": [round(by_standard * share) for share in (low, high)]
        if by_standard and low and high
        else None,
        "others": (others[0], round(median(others)), others[-1], len(others)) if others else None,
    }


def _preview(form: FeeForm, agency: Organisation) -> dict[str, Any]:
    """The written terms at a few sizes; or the problem with them."""
    item = item_by_code(db.session, form.item_code.data or "")
    if item is None:
        return NOTHING
    try:
        terms = pricing.check(pricing.read(form.written()))
        fees.check_guided(item, terms)
        present = schedules_in_force(db.session, agency_id=agency.id, item_code=item.code)
        tried = form.job(item)
        jobs = [tried] if tried else item.examples
        rows = [_row(item, terms, present[0].terms if present else None, job) for job in jobs]
    except Problem as problem:
        return {"problem": problem_text(problem), "rows": [], "item": item}
    return {
        "problem": "",
        "rows": rows,
        "item": item,
        "terms": terms,
        "present": present[0] if present else None,
    }


@bp.route("/my/fees/new", methods=["GET", "POST"])
@login_required
def new_fees() -> Response | str | tuple[str, int]:
    agency, wanted, status = mine(), item_by_code(db.session, request.args.get("item", "")), 200
    table = (
        f"{wanted.fee_standard}/{next(iter(wanted.standard['tables']))}" if wanted and wanted.standard else ""
    )
    form = FeeForm(item_code=wanted.code if wanted else None, standard=table)
    form.prepare(current_items(db.session))
    if form.is_submitted() and "preview" not in request.form:
        status = 422
        if form.validate():
            result, status = attempt(
                form,
                publishing.publish_fees,
                item_code=form.item_code.data,
                terms=pricing.read(form.written()),
                days=form.days.data,
                note=form.note.data or "",
                effective_from=form.effective_from.data,
            )
            if result is not None:
                return redirect(
                    url_for("agencies.fee_history", identifier=result, code=form.item_code.data), 303
                )
    return render_template(
        "agencies/fees.html",
        form=form,
        mine=agency,
        preview=_preview(form, agency) if form.is_submitted() else NOTHING,
    ), status


@bp.post("/my/fees/preview")
@login_required
def preview_fees() -> str:
    """What the terms typed so far come to; the page asks while one types."""
    agency, form = mine(), FeeForm()
    form.prepare(current_items(db.session))
    form.validate()
    return render_template("agencies/preview.html", preview=_preview(form, agency))


@bp.get("/agencies/<identifier>/fees/<code>")
def fee_history(identifier: str, code: str) -> str:
    """Every version of an agency's price for an item, and what each changed."""
    agency = readable(identifier)
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
    )


@bp.route("/my/qualifications/new", methods=["GET", "POST"])
@login_required
def new_qualification() -> Response | str | tuple[str, int]:
    agency, form, status = mine(), QualificationForm(), 200
    form.prepare(current_items(db.session))
    if form.is_submitted():
        status = 422
        if form.validate():
            values = {k: v for k, v in form.values().items() if k != "file"}
            result, status = attempt(form, publishing.add_qualification, **values, **file_of(form.file.data))
            if result is not None:
                return redirect(url_for("agencies.show", identifier=result), 303)

    return render_template("agencies/qualification.html", form=form, mine=agency), status
