"""What an administrator looks after: departments, states, jobs that failed, clocks."""

from __future__ import annotations

from functools import partial

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from market import timekeeping
from market.accounts.actions import members
from market.case_views import case_url, form_page, not_found
from market.event_text import one_of
from market.extensions import db
from market.forms import ActForm
from market.identity import current_actor
from market.jobs import job_status
from market.oversight.actions import overriding
from market.oversight.blueprint import bp
from market.oversight.failing import LANES, act_words, clock_words, link_of, part_words
from market.oversight.forms.admin import AuthorityForm, ClockForm, OverrideForm
from market.pagination import paged
from models import spelling
from models.accounts import Organisation
from models.actors import ROLES
from models.batches import Batch
from models.cases import find_case
from models.catalogue import current_items
from models.failures import Failure
from models.timekeeping import ClockMark


@bp.get("/admin/authorities")
@login_required
def authorities() -> str:
    query = (
        select(Organisation)
        .where(Organisation.kind == "authority")
        .order_by(Organisation.region_code, Organisation.id)
    )
    return render_template("oversight/authorities.html", page=paged(query), roles=ROLES)


@bp.route("/admin/authorities/new", methods=["GET", "POST"])
@login_required
def new_authority() -> AnyResponse | str | tuple[str, int]:
    form, listed = AuthorityForm(), url_for("oversight.authorities")
    form.prepare(sorted({item.department for item in current_items(db.session)}))
    return form_page(form, _("开通部门账号"), members.set_up_authority, lambda _: listed, back=listed)


@bp.route("/admin/override", methods=["GET", "POST"])
@login_required
def override() -> AnyResponse | str | tuple[str, int]:
    """First the number of a case, then the states of its kind."""
    number = spelling.code(request.args.get("number", ""))[:40]
    case = find_case(db.session, number)
    if case is None:
        return render_template(
            "oversight/override.html", number=number
        ), 422 if number or request.method == "POST" else 200
    form = OverrideForm()
    form.prepare(case)
    act = partial(overriding.override, case_type=case.workflow.name, identifier=case.identifier)
    return form_page(
        form,
        _("变更状态"),
        act,
        lambda identifier: case_url(case.workflow.name, identifier),
        back=url_for("oversight.override"),
        lead=_(
            "%(kind)s %(identifier)s“%(title)s”现在是“%(state)s”。",
            kind=one_of(case),
            identifier=case.identifier,
            title=case.title,
            state=_(case.state_label),
        ),
    )


@bp.get("/admin/failures")
@login_required
def failures() -> str:
    """What the jobs could not do, what is tried again next first, and how they stand."""
    stands = job_status()  # first: it looks at the database anew
    return render_template(
        "oversight/failures.html",
        page=paged(select(Failure).order_by(Failure.next_at, Failure.id)),
        form=ActForm(),
        standing=stands,
        lanes=LANES,
        part_words=part_words,
        act_words=act_words,
        link_of=link_of,
        clocks=[(machine, clock_words(machine, found)) for machine, found in timekeeping.doubted()],
        scores=db.session.scalars(
            select(Batch.identifier).where(Batch.kind == "scores").order_by(Batch.id.desc()).limit(1)
        ).first(),
    )


@bp.post("/admin/failures/<int(max=2147483647):number>/retry")
@login_required
def try_again(number: int) -> AnyResponse:
    overriding.try_again(current_actor(), number)
    return redirect(url_for("oversight.failures"), 303)


@bp.get("/admin/clock")
@login_required
def clocks() -> str:
    """The clocks that are watched, and whether each is gone by."""
    told = [
        (mark, clock_words(mark.machine, mark.doubted) if mark.doubted else "")
        for mark in db.session.scalars(select(ClockMark).order_by(ClockMark.machine))
    ]
    return render_template("oversight/clocks.html", told=told)


@bp.route("/admin/clock/<machine>", methods=["GET", "POST"])
@login_required
def clock(machine: str) -> AnyResponse | str | tuple[str, int]:
    """Confirm a clock nobody goes by."""
    found, form, back = dict(timekeeping.doubted()).get(machine), ClockForm(), url_for("oversight.failures")
    if found is None and not form.is_submitted():
        raise not_found(machine)
    if found is not None and not form.is_submitted():
        form.wall.data = found.wall.isoformat()
    lead = clock_words(machine, found) if found else ""
    return form_page(
        form,
        _("时钟无误,继续办理"),
        timekeeping.confirm,
        lambda _: back,
        lambda form: form.values(),
        machine,
        lead=lead,
        back=back,
    )
