"""Awards, objections to them, notices, and the draws anyone can re-run."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import render_template, send_file
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from market.case_registry import ActPage, register_case
from market.case_views import case_page, case_url, form_page, link, not_found, visible
from market.config import ROOT
from market.event_text import FOLLOWS
from market.extensions import db
from market.identity import current_actor
from market.pagination import paged
from market.sourcing.actions import awards as award_actions
from market.sourcing.blueprint import bp, tender_link
from market.sourcing.forms import ObjectionForm, StatementForm
from market.sourcing.jobs import notice_of
from market.sourcing.views.choosing import winning_bid
from models import draws
from models.draws import publication
from models.sourcing.answers import answers_to
from models.sourcing.awards import Award, Objection
from models.sourcing.modes import planned_draws
from models.sourcing.modes.reference_price import PERCENT
from models.sourcing.related_bidders import links_of
from models.sourcing.results import may_object
from models.sourcing.tenders import Tender


@bp.get("/awards")
def awards() -> str:
    query = select(Award).join(Award.tender).where(or_(Tender.public(), Tender.visible_to(current_actor())))
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
    award = _readable(identifier)
    objections = _objections(award)
    bids = answers_to(db.session, award.tender) if award.tender.opened else []
    return render_template(
        "sourcing/award.html",
        **case_page(award, objections),
        draws=[draw for draw in draws.of_case(db.session, award.tender.identifier) if draw.drawn_at],
        planned=planned_draws(),
        winner=winning_bid(award.tender, bids),
        names={bid.identifier: bid.agency.name for bid in bids},
        bids=bids,
        objections=objections,
        links=links_of(award.tender),
        follows={True: FOLLOWS["next"], False: FOLLOWS["wait"]},
        may_object=may_object(db.session, award, current_actor().organisation_id),
        notice=notice_of(db.session, award),
        tender_link=tender_link(award.tender),
    )


@bp.route("/awards/<identifier>/object", methods=["GET", "POST"])
@login_required
def object_to(identifier: str) -> Response | str | tuple[str, int]:
    award = _readable(identifier)
    return form_page(
        ObjectionForm(),
        _("提出异议"),
        partial(award_actions.object_to, identifier=identifier),
        lambda made: case_url("objection", made),
        back=case_url("award", identifier),
        lead=f"{award.identifier} · {award.tender.project} · {award.agency.name}",
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
    """What whoever may see its tender needs to re-run a draw.

    Of the percentage also what was reckoned with it; of each whose the bids are, and which of them won.
    """
    draw = draws.load(db.session, identifier)
    tender = db.session.scalars(select(Tender).where(Tender.identifier == draw.case_identifier)).one_or_none()
    if tender is None or not tender.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    told = _came_to(draw, tender) | _reckoned(draw, tender) if tender.opened else {}
    return publication(draw, shown=tender.opened) | told


def _came_to(draw: draws.Draw, tender: Tender) -> dict[str, Any]:
    """Whose the bids are, which won, and whether the drawn order alone decided that."""
    bids = answers_to(db.session, tender)
    return {
        "names": {bid.identifier: bid.agency.name for bid in bids},
        "winner": winning_bid(tender, bids),
        "decides": tender.way.drawn or draw.purpose == PERCENT.purpose,
    }


def _reckoned(draw: draws.Draw, tender: Tender) -> dict[str, Any]:
    outcome = tender.outcome
    if draw.purpose != PERCENT.purpose or outcome is None or outcome.reference is None:
        return {}
    if not outcome.reference.kept:  # reckoned before its prices were stored with it
        return {}
    prices = {bid.identifier: bid.price for bid in answers_to(db.session, tender) if bid.state == "opened"}
    return {
        "reference": {
            "prices": prices,
            "trim_from": outcome.reference.trim_from,
            "price": outcome.reference.price,
            "ranking": outcome.ranking,
        }
    }


@bp.get("/verify_draw.py")
def verifier() -> Response:
    """The stand-alone program that re-runs a published draw."""
    return send_file(ROOT / "docs" / "verify_draw.py", mimetype="text/x-python", as_attachment=True)


register_case(
    bp,
    Award,
    url="/awards",
    page=show_award,
    acts={"annul": ActPage(award_actions.annul), "forfeit": ActPage(award_actions.forfeit)},
    timed={"finalise": award_actions.finalise},
    public=True,
)


register_case(
    bp,
    Objection,
    url="/objections",
    page=show_objection,
    acts={
        "answer": ActPage(award_actions.answer_objection, StatementForm),
        "withdraw": ActPage(award_actions.withdraw_objection),
        "uphold": ActPage(award_actions.uphold_objection),
        "dismiss": ActPage(award_actions.dismiss_objection),
    },
    timed={"escalate": award_actions.escalate_objection},
)
