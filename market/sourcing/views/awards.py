"""Awards, objections to them, notices, and the draws anyone can re-run."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import render_template, send_file
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from market.accounts.identity import current_actor
from market.case_views import (
    ActPage,
    act_view,
    case_page,
    case_url,
    form_page,
    link,
    not_found,
    paged,
    visible,
)
from market.config import ROOT
from market.extensions import db
from market.formatting import FOLLOWS
from market.sourcing import actions
from market.sourcing.blueprint import bp, request_link
from market.sourcing.forms import ObjectionForm, StatementForm
from market.sourcing.jobs import notice_of
from models import draws
from models.draws import publication
from models.sourcing import Award, Objection, Request, answers_to, participants_of
from models.sourcing.related_bidders import links_of

AWARD_ACTS = {"annul": ActPage(actions.annul), "forfeit": ActPage(actions.forfeit)}
OBJECTION_ACTS = {
    "answer": ActPage(actions.answer_objection, StatementForm),
    "withdraw": ActPage(actions.withdraw_objection),
    "uphold": ActPage(actions.uphold_objection),
    "dismiss": ActPage(actions.dismiss_objection),
}


@bp.get("/awards")
def awards() -> str:
    query = (
        select(Award).join(Award.request).where(or_(Request.public(), Request.visible_to(current_actor())))
    )
    return render_template("sourcing/awards.html", page=paged(query.order_by(Award.id.desc())))


def _readable(identifier: str) -> Award:
    award = Award.load(db.session, identifier)
    if not award.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    return award


def _objections(award: Award) -> list[Objection]:
    """Those the reader may see: decided ones, and its own or those it has a part in."""
    found = db.session.scalars(select(Objection).where(Objection.award_id == award.id).order_by(Objection.id))
    return [o for o in found if o.state in ("upheld", "dismissed") or o.roles_of(current_actor())]


@bp.get("/awards/<identifier>")
def show_award(identifier: str) -> str:
    award, mine = _readable(identifier), current_actor().organisation_id or 0
    objections = _objections(award)
    bids = answers_to(db.session, award.request) if award.request.opened else []
    return render_template(
        "sourcing/award.html",
        **case_page(award, objections),
        draws=[draw for draw in draws.of_case(db.session, award.request.identifier) if draw.drawn_at],
        names={bid.identifier: bid.agency.name for bid in bids},
        bids=bids,
        objections=objections,
        links=links_of(award.request),
        follows={True: FOLLOWS["next"], False: FOLLOWS["wait"]},
        may_object=participants_of(db.session, award.request_id, mine)
        and mine != award.agency_id
        and award.state in ("proposed", "objected")
        and all(o.objector_id != mine for o in objections),
        notice=notice_of(db.session, award),
        request_link=request_link(award.request),
    )


@bp.route("/awards/<identifier>/object", methods=["GET", "POST"])
@login_required
def object_to(identifier: str) -> Response | str | tuple[str, int]:
    award = _readable(identifier)
    return form_page(
        ObjectionForm(),
        _("提出异议"),
        partial(actions.object_to, identifier=identifier),
        lambda made: case_url("objection", made),
        back=case_url("award", identifier),
        lead=f"{award.identifier} · {award.request.project} · {award.agency.name}",
    )


@bp.get("/objections/<identifier>")
@login_required
def show_objection(identifier: str) -> str:
    found = visible(Objection, identifier)
    award_link = link(
        case_url("award", found.award.identifier), f"{found.award.identifier} {found.award.agency.name}"
    )
    return render_template("sourcing/objection.html", **case_page(found), award_link=award_link)


@bp.get("/draws/<identifier>.json")
def draw_file(identifier: str) -> dict[str, Any]:
    """What whoever may see its request needs to re-run a draw.

    Of the percentage also what was reckoned with it.
    """
    draw = draws.load(db.session, identifier)
    request = db.session.scalars(
        select(Request).where(Request.identifier == draw.case_identifier)
    ).one_or_none()
    if request is None or not request.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    return publication(draw, shown=request.opened) | (_reckoned(draw, request) if request.opened else {})


def _reckoned(draw: draws.Draw, request: Request) -> dict[str, Any]:
    reckoned = (request.outcome or {}).get("reference") or {}
    if draw.purpose != "percent" or "kept" not in reckoned:
        return {}
    prices = {bid.identifier: bid.price for bid in answers_to(db.session, request) if bid.state == "opened"}
    return {
        "reference": {
            "prices": prices,
            **{key: reckoned[key] for key in ("trim_from", "price")},
            "ranking": (request.outcome or {})["ranking"],
        }
    }


@bp.get("/verify_draw.py")
def verifier() -> Response:
    """The stand-alone program that re-runs a published draw."""
    return send_file(ROOT / "docs" / "verify_draw.py", mimetype="text/x-python", as_attachment=True)


@bp.route("/awards/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_award(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Award, identifier, act, AWARD_ACTS)


@bp.route("/objections/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_objection(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Objection, identifier, act, OBJECTION_ACTS)
