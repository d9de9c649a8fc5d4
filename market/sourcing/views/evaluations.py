"""An evaluator's page: declare, step aside, score."""

from __future__ import annotations

from functools import partial

from flask import render_template
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.case_registry import OWN_ROUTE, ActPage, register_case
from market.case_views import case_page, case_url, form_page, visible
from market.extensions import db
from market.sourcing.actions import scoring
from market.sourcing.blueprint import bp, evaluator_words, tender_link
from market.sourcing.forms import score_form
from models.documents import Document
from models.sourcing.evaluations import Evaluation


@bp.get("/evaluations/<identifier>")
@login_required
def show_evaluation(identifier: str) -> str:
    found = visible(Evaluation, identifier)
    bids = scoring.scored_bids(db.session, found.tender) if found.tender.opened_at is not None else []
    files = select(Document).where(
        Document.case_type == "bid", Document.case_identifier.in_([bid.identifier for bid in bids])
    )
    return render_template(
        "sourcing/evaluation.html",
        **case_page(found),
        who=evaluator_words(found),
        tender_link=tender_link(found.tender),
        bids=bids,
        attached={file.case_identifier: file.name for file in db.session.scalars(files)},
    )


@bp.route("/evaluations/<identifier>/score", methods=["GET", "POST"])
@login_required
def score(identifier: str) -> Response | str | tuple[str, int]:
    found = visible(Evaluation, identifier)
    found.workflow.find(found.state, "score")
    form = score_form(scoring.scored_bids(db.session, found.tender), found.tender.scored_by.quality)()
    back = case_url("evaluation", identifier)
    return form_page(
        form,
        _("提交评分"),
        partial(scoring.score, identifier=identifier),
        lambda _: back,
        back=back,
        case=found,
        doing="score",
        lead=_("各项独立打分并写明理由。提交后密封,所有评审人都交齐才一起公布,不能修改。"),
    )


register_case(
    bp,
    Evaluation,
    url="/evaluations",
    page=show_evaluation,
    acts={"declare": ActPage(scoring.declare), "recuse": ActPage(scoring.recuse), "score": OWN_ROUTE},
    timed={"lapse": scoring.lapse},
)
