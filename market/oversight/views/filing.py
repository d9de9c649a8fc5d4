"""Where a paper comes in, and where whoever reported follows it without an account."""

from __future__ import annotations

from typing import Any

from flask import after_this_request, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from market.access_codes import code_of, fits
from market.attempts import Whose, counted
from market.case_views import attempt, case_url, files_of, form_page, not_found
from market.extensions import db, limiter
from market.identity import current_actor
from market.oversight.actions import answering, filing
from market.oversight.blueprint import bp
from market.oversight.forms.complaints import FollowForm, PaperForm, RateForm
from models import spelling
from models.documents import papers_of
from models.errors import NotFound
from models.oversight.answers import MARKS, answers_of
from models.oversight.violation_reports import ViolationReport


def _with_files(form: Any) -> dict[str, object]:
    values = form.values()
    return files_of(values.pop("file")) | values


def _filed(identifier: str) -> str:
    """Where whoever filed goes on: to where its report is followed, with the code, or to its complaint."""
    if identifier.startswith("VR"):
        return url_for("oversight.follow", identifier=identifier, code=code_of(identifier), new=1)
    return case_url("complaint", identifier)


@bp.route("/complaints/new", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])  # each may bring files, and nobody need be signed in
def file_paper() -> Any:
    """A complaint, a report, or both; anybody's."""
    form = PaperForm()
    form.prepare(request.args.to_dict())
    return form_page(
        form,
        _("投诉与举报"),
        filing.file_paper,
        _filed,
        _with_files,
        lead=_(
            "投诉是请部门调解您和对方的纠纷;举报是请部门查处违法行为,任何人都可以,不必登录,也可以匿名。两样互不影响:纠纷了结或者撤回,举报照样核查。"
        ),
        back=url_for("catalogue.home"),
    )


def _for_the_holder_alone() -> None:
    """What lies between keeps no copy of what a code opens, and finds no way to it."""

    @after_this_request
    def closed(response: Response) -> Response:
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response


def _opened(identifier: str, code: str) -> ViolationReport:
    """The report of this number and code; NotFound for any other, as where there is none."""
    with counted("report code", Whose(f"report {identifier[:40]}"), everywhere=True) as tried:
        tried.right = fits(identifier, code)
    if not tried.right:
        raise not_found(identifier)
    return ViolationReport.load(db.session, identifier)


@bp.route("/reports/follow", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])
def ask_code() -> Any:
    """The number and the code of a report, for whoever wants to know how it stands."""
    form, status = FollowForm(), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            number = spelling.code(form.number.data or "")
            try:
                _opened(number, form.code.data or "")
                code = (form.code.data or "").strip().lower()
                return redirect(url_for("oversight.follow", identifier=number, code=code), 303)
            except NotFound:
                form.code.errors = [*form.code.errors, _("编号或者查询码不对。")]
    return render_template(
        "layout/form.html",
        form=form,
        heading=_("查询举报"),
        lead=_("填写举报编号和查询码,看办到了哪一步,评价答复。"),
        back=url_for("oversight.file_paper"),
        case=None,
        act="",
    ), status


@bp.route("/reports/follow/<identifier>/<code>", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])
def follow(identifier: str, code: str) -> Any:
    """How a report stands, for whoever has its code: the answer, its papers, and the rating of the answer."""
    _for_the_holder_alone()
    report = _opened(identifier, code)
    answers = answers_of(db.session, report)
    waiting = next((each for each in answers if each.state == "asked"), None)
    form, status = RateForm(), 200
    form.prepare()
    if form.is_submitted() and waiting is not None:
        status = 422
        if form.validate():
            done, status = attempt(
                form,
                answering.rate,
                waiting.identifier,
                mark=form.mark.data,
                words=form.words.data or "",
                code=code,
            )
            if done is not None:
                return redirect(url_for("oversight.follow", identifier=identifier, code=code), 303)
    elif form.is_submitted():
        status = 409
    lead = report.lead
    papers = papers_of(db.session, "violation_report", lead.identifier)
    return render_template(
        "oversight/follow.html",
        report=report,
        lead=lead,
        code=code,
        new="new" in request.args,
        answers=answers,
        form=form if waiting is not None else None,
        marks=MARKS,
        papers=[(paper, code_of(paper.identifier)) for paper in papers],
        known=current_user.is_authenticated and current_actor().user_id == report.reporter_id,
    ), status
