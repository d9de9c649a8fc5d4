"""Papers the platform issued: what its record says of one, the paper itself, and whether a copy is the same.

A number alone tells what the public may know anyway, and of any other paper what it tells of one there is
not. The rest is for its parties, signed in, and for whoever holds the paper: by the code printed on it
(market/access_codes.py), or by its bytes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from flask import after_this_request, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired, Regexp

from market.access_codes import fits
from market.case_views import case_url, file_of, link, not_found
from market.extensions import db, limiter
from market.files import sent
from market.formatting import problem_text
from market.forms import Form
from market.identity import current_actor
from market.opendata.blueprint import bp
from market.opendata.checking import VERDICTS, Copy, check_copy, issued
from market.opendata.stating import stated
from models import CASES, spelling
from models.credit.kept import CreditScore
from models.credit.records import CreditRecord
from models.credit.reports import is_report, shown_to_others
from models.documents import Document
from models.errors import Problem
from models.oversight.violation_reports import ViolationReport
from models.signing.pades import FLAWS


class CheckForm(Form):
    file = FileField(_l("手里的文件"), [FileRequired(_l("请选择文件。"))])


class NumberForm(FlaskForm):
    """The number and the code as they are printed on a paper, for whoever cannot read its QR code.

    It only leads on, so nothing is signed.
    """

    class Meta(FlaskForm.Meta):
        csrf = False

    number = StringField(
        _l("编号"),
        [InputRequired(_l("请填写纸面上的编号。"))],
        filters=[lambda typed: spelling.code(typed or "")],
    )
    code = StringField(
        _l("核验码"),
        [
            Regexp(
                r"^([a-z2-7]{16})?$",
                message=_l("核验码是 16 位字母和数字,其中没有 0、1、8、9;请对照纸面再看一遍。"),
            )
        ],
        filters=[lambda typed: re.sub(r"[\s-]", "", spelling.code(typed or "")).lower()],
        description=_l("印在纸面上核验链接的末尾,16 位;公开的文书可以不填。"),
    )

    def validate_number(self, field: StringField) -> None:
        if not re.fullmatch(r"[A-Z]{1,2}-[0-9]{4}-[0-9]{6,9}", field.data or ""):
            raise ValidationError(_("编号的写法如 F-2026-000123。"))


def _case(paper: Document) -> Any:
    return CASES[paper.case_type].load(db.session, paper.case_identifier)


def _open(paper: Document) -> bool:
    """Whether what a paper states is the reader's to see without the paper."""
    case, actor = _case(paper), current_actor()
    if isinstance(case, CreditRecord):
        return case.paper_open_to(paper.issued, actor)
    if is_report(paper) and case.id != actor.organisation_id:
        return bool(case.readable_by(db.session, actor)) and shown_to_others(db.session, paper.issued)
    if isinstance(case, ViolationReport):
        return case.file_open_to(paper, actor)
    return bool(case.readable_by(db.session, actor))


def _closed(paper: Document) -> bool:
    """Whether a paper's contents stay closed even to whoever holds it.

    A credit record is nobody's business but its subject's and the office's before it is decided on and once
    it was repaired, revoked or over, nor is a report that names it: that the paper is genuine is said, and
    nothing more.
    """
    return (paper.case_type == "credit_record" or is_report(paper)) and not _open(paper)


def _shown(identifier: str, code: str) -> Document | None:
    """The paper of this number, to whoever holds it or may read its case.

    None for anybody else, as where there is none.
    """
    found = issued(db.session, identifier)
    if found is None or _open(found):
        return found
    if not fits(identifier, code):
        return None
    _for_the_holder_alone()
    return found


def _for_the_holder_alone() -> None:
    """Whoever holds a paper is answered; what lies between keeps no copy, and finds no way to it."""

    @after_this_request
    def closed(response: Response) -> Response:
        response.headers["Cache-Control"], response.headers["Referrer-Policy"] = (
            "private, no-store",
            "no-referrer",
        )
        response.headers["X-Robots-Tag"] = "noindex"
        return response


def _compared(form: CheckForm) -> tuple[Copy | None, int]:
    """What is found of the file in the form; none where it is refused, which the form then says."""
    try:
        return check_copy(db.session, file_of(form.file.data)["content"]), 200
    except Problem as problem:
        form.refuse(problem, problem_text(problem))
        return None, problem.status


@bp.route("/check/<identifier>", methods=["GET", "POST"])
@bp.route("/check/<identifier>/<code>", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])  # a signature takes a while to verify
def check(identifier: str, code: str = "") -> str | tuple[str, int]:
    """Where a paper's QR code leads."""
    paper, form, same, copy, status = _shown(identifier, code), CheckForm(), None, None, 200
    plain = paper is not None and paper.case_type != "contract"  # bears no signatures: the same, or not
    if form.is_submitted():
        status = 422
        if form.validate() and plain and paper is not None:
            same, status = hashlib.sha256(file_of(form.file.data)["content"]).hexdigest() == paper.sha256, 200
        elif form.validate():
            copy, status = _compared(form)
    if paper is None:
        return _asked_for(identifier, form, copy, status)
    if _closed(paper):
        return _page("opendata/closed.html", paper=paper, form=form, same=same), status
    return _record(paper, form, same=same, copy=copy, download=_download(paper, identifier, code)), status


def _asked_for(identifier: str, form: CheckForm, copy: Copy | None, status: int) -> str | tuple[str, int]:
    """The answer to a number that tells nothing.

    It asks for the file, and shows the record of the paper that file is.
    """
    if copy is not None and copy.paper is not None:
        return _held(copy, form), status
    return _page(
        "opendata/unknown.html",
        form=form,
        copy=copy,
        identifier=identifier,
        typed=NumberForm(MultiDict({"number": identifier})),
    ), status if form.is_submitted() else 404


def _download(paper: Document, identifier: str, code: str) -> str | None:
    """Where the paper itself is, for who may have it.

    A contract is its parties' business: who holds a copy may check it, but gets none here.
    """
    if paper.case_type == "contract":
        return None
    if fits(identifier, code):
        return url_for("opendata.paper", identifier=identifier, code=code)
    return url_for("opendata.paper", identifier=paper.identifier)


def _held(copy: Copy, form: CheckForm) -> str:
    """The record of the paper whose bytes somebody brought."""
    _for_the_holder_alone()
    assert copy.paper is not None
    if _closed(copy.paper):
        return _page("opendata/closed.html", paper=copy.paper, form=form, same=True)
    contract = copy.paper.case_type == "contract"
    return _record(
        copy.paper, form, same=None if contract else True, copy=copy if contract else None, download=None
    )


def _record(
    paper: Document, form: CheckForm, *, same: bool | None, copy: Copy | None, download: str | None
) -> str:
    case, actor = _case(paper), current_actor()
    readable = case.readable_by(db.session, actor)
    score = (
        select(CreditScore).where(CreditScore.agency_id == case.id)
        if paper.case_type == "organisation" and readable
        else None
    )
    return _page(
        "opendata/check.html",
        paper=paper,
        case=case,
        form=form,
        same=same,
        copy=copy,
        download=download,
        score=db.session.scalars(score).one_or_none() if score is not None else None,
        case_link=link(case_url(paper.case_type, case.identifier), case.identifier)
        if readable
        else case.identifier,
    )


def _page(template: str, **shown: Any) -> str:
    return render_template(template, verdicts=VERDICTS, flaws=FLAWS, stated=stated, **shown)


@bp.get("/papers/<identifier>.pdf")
@bp.get("/papers/<identifier>/<code>.pdf")
def paper(identifier: str, code: str = "") -> Response:
    """A paper, as issued."""
    found = _shown(identifier, code)
    if found is None or found.case_type == "contract" or _closed(found):
        raise not_found(identifier)
    return sent(found)


@bp.route("/check", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
def check_file() -> Response | str | tuple[str, int]:
    """Whoever holds a paper of the platform's, or a signed contract, checks it.

    Whether it is the same, who signed, and when.
    """
    form, copy, status, typed = CheckForm(), None, 200, NumberForm(request.args)
    if form.is_submitted():
        status = 422
        if form.validate():
            copy, status = _compared(form)
    elif "number" in request.args:
        if typed.validate():
            return redirect(
                url_for("opendata.check", identifier=typed.number.data, code=typed.code.data or None), 303
            )
        status = 422
    if copy is not None and copy.paper is not None:
        return _held(copy, form), status
    return _page("opendata/check_file.html", form=form, copy=copy, typed=typed), status
