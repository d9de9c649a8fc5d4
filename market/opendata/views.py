"""Papers the platform issued: what its record says of one, the paper itself, and whether a copy is the same."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from market.contracts.papers import PAPER, facts, kept_paper, printable
from market.extensions import db, limiter
from market.files import sent
from market.forms import Form
from market.opendata.checking import VERDICTS, Copy, check_copy
from market.pages import case_url, file_of, link, not_found
from market.words import words_of
from models import CASES
from models.contracts import Contract
from models.credit import CreditScore
from models.documents import Document
from models.signing.pades import FLAWS
from models.text import Problem

rooms = Blueprint("opendata", __name__)


class CheckForm(Form):
    file = FileField(_l("手里的文件"), [FileRequired(_l("请选择文件。"))])


def _issued(identifier: str) -> Document:
    """A paper by its own identifier, or the newest of the case it was issued on; of a contract the one with its present text, or
    only what it will state, where nobody has needed it on paper yet."""
    contract = db.session.scalars(select(Contract).where(Contract.identifier == identifier)).one_or_none()
    if contract is not None and printable(contract):
        stated = {"title": PAPER, "facts": facts(contract)}
        return kept_paper(db.session, contract) or Document(case_type="contract", case_identifier=identifier, identifier=identifier, issued=stated)
    query = select(Document).where(Document.issued.is_not(None))
    found = db.session.scalars(query.where(or_(Document.identifier == identifier, Document.case_identifier == identifier)).order_by(Document.id.desc())).first()
    if found is None or found.issued is None:
        raise not_found(identifier)
    return found


def _compared(form: CheckForm) -> tuple[Copy | None, int]:
    """What is found of the file in the form; none where it is refused, which the form then says."""
    try:
        return check_copy(db.session, file_of(form.file.data)["content"]), 200
    except Problem as problem:
        form.refuse(problem, words_of(problem))
        return None, problem.status


@rooms.route("/check/<identifier>", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])  # a signature takes a while to verify
def check(identifier: str) -> str | tuple[str, int]:
    """Where a paper's QR code leads."""
    paper, form, same, copy, status = _issued(identifier), CheckForm(), None, None, 200
    if form.is_submitted():
        status = 422
        if form.validate() and paper.case_type == "contract":
            copy, status = _compared(form)
        elif form.validate():
            same, status = hashlib.sha256(file_of(form.file.data)["content"]).hexdigest() == paper.sha256, 200
    case: Any = CASES[paper.case_type].load(db.session, paper.case_identifier)
    score = db.session.scalars(select(CreditScore).where(CreditScore.agency_id == case.id)).one_or_none() if paper.case_type == "organisation" else None
    return render_template(
        "opendata/check.html", paper=paper, case=case, form=form, same=same, score=score, copy=copy, verdicts=VERDICTS, flaws=FLAWS,
        case_link=link(case_url(paper.case_type, case.identifier), case.identifier),
    ), status  # fmt: skip


@rooms.get("/papers/<identifier>.pdf")
def paper(identifier: str) -> Response:
    """A paper, as issued. A contract is its parties' business: who holds a copy may check it, but gets none here."""
    found = _issued(identifier)
    if found.case_type == "contract":
        raise not_found(identifier)
    return sent(found)


@rooms.route("/check", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["POST"])
def check_file() -> str | tuple[str, int]:
    """Whoever holds a signed contract checks it: who signed, when, and whether a byte was changed."""
    form, copy, status = CheckForm(), None, 200
    if form.is_submitted():
        status = 422
        if form.validate():
            copy, status = _compared(form)
    return render_template("opendata/check_file.html", form=form, copy=copy, verdicts=VERDICTS, flaws=FLAWS), status
