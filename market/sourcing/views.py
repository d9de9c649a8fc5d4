"""Requests, quotes, bids and awards on pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import login_required
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from market.accounts.identity import current_actor
from market.extensions import db
from market.pages import ActPage, act_view, attempt, case_page, case_url, paged, visible
from market.sourcing import actions
from market.sourcing.forms import AwardForm, OfferForm, RequestForm
from models.accounts import Organisation
from models.catalogue import current_items
from models.credit import CreditScore
from models.draws import Draw, publication
from models.regions import Region
from models.sourcing import FUNDS, MODES, REQUEST, Award, Bid, Invitation, Quote, Request
from models.text import N_, NotFound

rooms = Blueprint("sourcing", __name__)


class _AwardPage(AwardForm):
    """The award form knows the answers of its request."""

    def prepare(self, case: Request) -> None:
        answers = _answers(case) if case.mode == "inquiry" else []
        self.offer_choices([a for a in answers if a.state in ("open", "agreed")])


REQUEST_ACTS = {
    "publish": ActPage(actions.publish),
    "close": ActPage(actions.close),
    "cancel": ActPage(actions.cancel),
    "award": ActPage(actions.award, _AwardPage, lambda form: {"agency": form.agency.data or "", "reasons": form.reasons.data}),
}
QUOTE_ACTS = {
    "offer": ActPage(actions.offer, OfferForm),
    "accept": ActPage(actions.accept_quote),
    "decline": ActPage(actions.decline_quote),
    "withdraw": ActPage(actions.withdraw_quote),
}
BID_ACTS = {"withdraw": ActPage(actions.withdraw_bid)}
AWARD_ACTS = {"annul": ActPage(actions.annul)}


def readable(found: Request) -> bool:
    """Public, one's own, or addressed to one's organisation by invitation."""
    actor = current_actor()
    if found.roles_of(actor) or (found.state != "draft" and found.published_at and found.openness == "open"):
        return True
    invited = select(Invitation.id).where(Invitation.request_id == found.id, Invitation.agency_id == actor.organisation_id)
    return found.published_at is not None and db.session.scalar(invited) is not None


def _answers(found: Request) -> list[Any]:
    case_class: Any = Quote if found.mode == "inquiry" else Bid
    query = select(case_class).where(case_class.request_id == found.id, case_class.state != "withdrawn")
    order = case_class.price if found.state not in ("draft", "published", "closed") or found.mode == "inquiry" else case_class.id
    return list(db.session.scalars(query.order_by(order)).unique())


@rooms.get("/requests")
def index() -> str:
    actor = current_actor()
    query = select(Request).where(or_(Request.public(), Request.visible_to(actor)))
    if request.args.get("state") in REQUEST.states:
        query = query.where(Request.state == request.args["state"])
    if request.args.get("mine") and actor.organisation_id:
        query = query.where(Request.buyer_id == actor.organisation_id)
    page = paged(query.order_by(Request.id.desc()))
    return render_template("sourcing/index.html", page=page, states=REQUEST.states.values(), modes=MODES)


@rooms.route("/requests/new", methods=["GET", "POST"])
@rooms.route("/requests/<identifier>/edit", methods=["GET", "POST"])
@login_required
def edit(identifier: str | None = None) -> Response | str | tuple[str, int]:
    draft = visible(Request, identifier) if identifier else None
    if draft is not None:
        REQUEST.find(draft.state, "edit")
    agencies = select(Organisation).where(Organisation.kind == "agency", Organisation.state == "verified")
    form = RequestForm(item_code=request.args.get("item"))
    form.prepare(current_actor(), current_items(db.session), list(db.session.scalars(agencies.order_by(Organisation.name).limit(500))))
    status = 200
    if not form.is_submitted():
        if draft is not None:
            form.fill(draft)
    elif form.validate():
        values = form.request_values()
        if draft is not None:
            values.pop("on_behalf_of")
            result, status = attempt(form, actions.edit_request, draft.identifier, **values)
        else:
            result, status = attempt(form, actions.create_request, **values)
        if result is not None:
            return redirect(case_url("request", result), 303)
    else:
        status = 422
    return render_template("sourcing/edit.html", form=form, draft=draft), status


@rooms.get("/requests/<identifier>")
def show(identifier: str) -> str:
    found = Request.load(db.session, identifier)
    if not readable(found):
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    actor, roles = current_actor(), found.roles_of(current_actor())
    opened = found.state not in ("draft", "published", "closed")
    answers = _answers(found)
    # Sealed bids are listed to nobody before opening; quotes only to the buyer's side, and to their own agency.
    shown = answers if opened and (found.mode == "sealed_bid" or roles) else [
        a for a in answers if a.agency_id == actor.organisation_id or ("buyer" in roles and found.mode == "inquiry")
    ]  # fmt: skip
    scores = select(CreditScore).where(CreditScore.agency_id.in_([a.agency_id for a in shown]))
    awards = select(Award).where(Award.request_id == found.id).order_by(Award.id.desc())
    return render_template(
        "sourcing/show.html",
        **case_page(found),
        request_=found,
        answers=shown,
        count=len(answers),
        mine=next((a for a in answers if a.agency_id == actor.organisation_id), None),
        scores={s.agency_id: s for s in db.session.scalars(scores)},
        awards=db.session.scalars(awards).all(),
        region=db.session.scalars(select(Region.full_name).where(Region.code == found.region_code)).one(),
        modes=MODES,
        funds=FUNDS,
    )


@rooms.route("/requests/<identifier>/answer", methods=["GET", "POST"])
@login_required
def answer(identifier: str) -> Response | str | tuple[str, int]:
    found = Request.load(db.session, identifier)
    if not readable(found):
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    form, status = OfferForm(), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            sealed = found.mode == "sealed_bid"
            values = {k: v for k, v in form.values().items() if k != "submission"}
            result, status = attempt(form, actions.submit_bid if sealed else actions.submit_quote, identifier, **values)
            if result is not None:
                return redirect(case_url("bid" if sealed else "quote", result), 303)
    return render_template("sourcing/answer.html", form=form, request_=found), status


@rooms.get("/quotes/<identifier>")
@login_required
def show_quote(identifier: str) -> str:
    return render_template("sourcing/quote.html", **case_page(visible(Quote, identifier)))


@rooms.get("/bids/<identifier>")
@login_required
def show_bid(identifier: str) -> str:
    return render_template("sourcing/bid.html", **case_page(visible(Bid, identifier)))


@rooms.get("/awards")
def awards() -> str:
    return render_template("sourcing/awards.html", page=paged(select(Award).order_by(Award.id.desc())))


@rooms.get("/awards/<identifier>")
def show_award(identifier: str) -> str:
    award = Award.load(db.session, identifier)
    draw = select(Draw).where(Draw.identifier == award.draw_identifier)
    return render_template("sourcing/award.html", **case_page(award), draw=db.session.scalars(draw).one_or_none())


@rooms.get("/draws/<identifier>.json")
def draw_file(identifier: str) -> dict[str, Any]:
    draw = db.session.scalars(select(Draw).where(Draw.identifier == identifier)).one_or_none()
    if draw is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    return publication(draw)


@rooms.route("/requests/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_request(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Request, identifier, act, REQUEST_ACTS)


@rooms.route("/quotes/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_quote(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Quote, identifier, act, QUOTE_ACTS)


@rooms.route("/bids/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_bid(identifier: str, act: str) -> Response | str | tuple[str, int]:
    if act == "replace":
        return redirect(url_for("sourcing.answer", identifier=visible(Bid, identifier).request.identifier), 303)
    return act_view(Bid, identifier, act, BID_ACTS)


@rooms.route("/awards/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_award(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Award, identifier, act, AWARD_ACTS)
