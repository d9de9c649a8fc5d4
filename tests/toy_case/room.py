"""The toy case type in a room that is there: its actions, its page, its registration."""

from __future__ import annotations

from flask import render_template
from flask_login import login_required

from market.case_actions import case_action
from market.case_registry import ActPage, register_case
from market.case_views import case_page, visible
from market.oversight.blueprint import bp
from tests.toy_case.model import Petition

take = case_action(__name__, Petition, "take")
answer = case_action(__name__, Petition, "answer")
lapse = case_action(__name__, Petition, "lapse")


@bp.get("/petitions/<identifier>")
@login_required
def show_petition(identifier: str) -> str:
    return render_template("petition.html", **case_page(visible(Petition, identifier)))


register_case(
    bp,
    Petition,
    url="/petitions",
    page=show_petition,
    acts={"take": ActPage(take), "answer": ActPage(answer)},
    timed={"lapse": lapse},
)
