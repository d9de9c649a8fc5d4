"""Entering, step by step: a list of the steps, a page for each, and the commitment at the end."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, url_for
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.agencies.actions import accounts
from market.agencies.actions import entry as entry_actions
from market.agencies.blueprint import bp
from market.agencies.forms import (
    GUARDED_FORMS,
    STEP_FORMS,
    CommitmentForm,
    LicenceForm,
    MaterialForm,
    PractitionerForm,
)
from market.agencies.to_do import pending_account
from market.case_views import attempt, case_page, case_url, file_of
from market.extensions import db
from market.forms import Form
from market.identity import current_actor, own_agency
from models import documents
from models.accounts import Organisation
from models.agencies.account_changes import under_way
from models.agencies.certificates import STATUSES, Practitioner
from models.agencies.entry import OWN, STEPS, letter, materials_of, missing, profile_of, wanted
from models.catalogue import current_items
from models.credit import restrictions

# By step: what adds one of several, and what changes a fact that is guarded once the agency is in.
_ADDS = {"practitioners": entry_actions.add_practitioner, "materials": entry_actions.hand_in_material}
_CHANGES = {"bank": accounts.change_account, "representative": accounts.change_representative}


def _steps(agency: Organisation) -> list[dict[str, Any]]:
    """Each step with what it still lacks."""
    lacking = missing(db.session, agency)
    return [
        {"name": name, "label": label, "done": name not in lacking} for name, (label, _names) in STEPS.items()
    ]


def _next(agency: Organisation) -> str:
    """The first step that is not done, or the commitment; once in, the overview."""
    if agency.state != "draft":
        return url_for("agencies.entry")
    lacking = missing(db.session, agency)
    return (
        url_for("agencies.entry_step", step=next(iter(lacking)))
        if lacking
        else url_for("agencies.commitment")
    )


@bp.get("/my/entry")
@login_required
def entry() -> str:
    agency = own_agency()
    return render_template(
        "agencies/entry.html",
        agency=agency,
        steps=_steps(agency),
        **case_page(agency),
        next=_next(agency),
        pending=pending_account(db.session, agency),
    )


def _form(agency: Organisation, step: str) -> Form:
    """The step's form with what was told before."""
    profile = profile_of(db.session, agency)
    known = {name: getattr(agency if name in OWN else profile, name) for name in STEPS[step][1]}
    guarded = GUARDED_FORMS if agency.state in ("verified", "suspended") else {}
    form = guarded.get(step, STEP_FORMS[step])(data=known)
    if isinstance(form, LicenceForm):
        form.prepare()
    if isinstance(form, MaterialForm):
        form.prepare(profile.legal_form)
    if isinstance(form, PractitionerForm):
        form.prepare(current_items(db.session))
    return form


@bp.route("/my/entry/<step>", methods=["GET", "POST"])
@login_required
def entry_step(step: str) -> Response | str | tuple[str, int]:
    agency = own_agency()
    if step not in STEPS:
        abort(404)
    form, status = _form(agency, step), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            values = form.values()
            values |= file_of(values.pop("file")) if "file" in values else {}
            act = _ADDS.get(step)
            if values.pop("again", None) is not None:
                act = _CHANGES[step]
            result, status = (
                attempt(form, act, **values) if act else attempt(form, entry_actions.fill, step, **values)
            )
            if result is not None and act is accounts.change_account:
                return redirect(case_url("account_change", result), 303)
            if result is not None:
                again = act is not None and step in missing(db.session, own_agency())
                return redirect(
                    url_for("agencies.entry_step", step=step) if again else _next(own_agency()), 303
                )
    handed = materials_of(db.session, agency)
    return render_template(
        "agencies/entry_step.html",
        agency=agency,
        step=step,
        changing=under_way(db.session, agency.id) if step == "bank" else None,
        steps=_steps(agency),
        form=form,
        people=db.session.scalars(
            select(Practitioner)
            .where(Practitioner.agency_id == agency.id, Practitioner.left_on.is_(None))
            .order_by(Practitioner.id)
        ).all(),
        statuses=STATUSES,
        papers=wanted(profile_of(db.session, agency).legal_form),
        handed={kind: identifier for kind, identifier in handed.items()},
        files={
            file.identifier: file for file in documents.of_case(db.session, "organisation", agency.identifier)
        },
    ), status


@bp.post("/my/practitioners/<int:number>/remove")
@login_required
def remove_practitioner(number: int) -> Response:
    entry_actions.remove_practitioner(current_actor(), number)
    return redirect(url_for("agencies.entry_step", step="practitioners"), 303)


@bp.route("/my/entry/commitment", methods=["GET", "POST"])
@login_required
def commitment() -> Response | str | tuple[str, int]:
    """The commitment; whoever is stopped at entry reads why instead."""
    agency, form, status = own_agency(), CommitmentForm(), 200
    if agency.state == "draft":
        restrictions.check(db.session, agency, "entry")
    if form.is_submitted():
        status = 422
        if form.validate():
            act = entry_actions.commit if form.way.data == "commit" else entry_actions.submit
            result, status = attempt(form, act, committed=bool(form.committed.data))
            if result is not None:
                return redirect(case_url("organisation", result), 303)
    return render_template(
        "agencies/commitment.html",
        agency=agency,
        form=form,
        steps=_steps(agency),
        letter={"zh": letter(), "en": letter("en")},
    ), status


@bp.get("/agencies/<identifier>/<any(submit, commit):act>")
@login_required
def to_commitment(identifier: str, act: str) -> Response:
    """Where the case page's buttons lead an agency that is filling in: to what it lacks, else to commit."""
    agency = own_agency()
    if agency.identifier != identifier:
        abort(404)
    return redirect(_next(agency), 303)
