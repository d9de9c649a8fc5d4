"""The toy case type in a room that is there: its actions, its page, its registration."""

from __future__ import annotations

from flask import render_template
from flask_login import login_required
from sqlalchemy.orm import Session

from market.case_registry import ActPage, register_case
from market.case_views import case_page, visible
from market.oversight.blueprint import bp
from market.transaction import action
from models.actors import Actor
from models.workflow import perform
from tests.toy_case.model import Petition


@action
def take(session: Session, actor: Actor, identifier: str) -> str:
    perform(session, Petition.lock(session, identifier), "take", actor)
    return identifier


@action
def answer(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    perform(session, Petition.lock(session, identifier), "answer", actor, reason=reason)
    return identifier


@action
def lapse(session: Session, actor: Actor, identifier: str) -> str:
    perform(session, Petition.lock(session, identifier), "lapse", actor)
    return identifier


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
