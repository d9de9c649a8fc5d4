"""Requests, quotes, bids and awards on pages."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import login_required
from markupsafe import Markup
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from market.accounts.identity import current_actor
from market.charts import offers
from market.config import ROOT
from market.extensions import db
from market.journey import of_request
from market.options import item_options, region_choices
from market.pages import (
    ActPage,
    act_view,
    attempt,
    case_page,
    case_url,
    form_page,
    link,
    not_found,
    paged,
    sliced,
    visible,
)
from market.sourcing import actions
from market.sourcing.forms import AwardForm, ContributeForm, OfferForm, RequestForm
from market.sourcing.proposing import drawn_as
from market.words import item_name, words_of
from models import clock, draws, money, policy, workdays
from models.actors import Actor
from models.agencies import schedules_in_force
from models.catalogue import ServiceItem, current_items
from models.contracts import Contract, Deliverable
from models.credit import CreditScore
from models.draws import Draw, publication
from models.pricing import Quantity
from models.regions import within
from models.sourcing import (
    FUNDS,
    MODES,
    OPENNESS,
    REQUEST,
    Award,
    Bid,
    Quote,
    Request,
    answers_to,
    past_prices,
    shown_to,
)
from models.text import N_, NotAllowed, Problem

rooms = Blueprint("sourcing", __name__)


class _AwardPage(AwardForm):
    """The award form knows the answers of its request."""

    def prepare(self, case: Request) -> None:
        quotes = answers_to(db.session, case) if case.mode == "inquiry" else []
        self.offer([quote for quote in quotes if quote.state in ("open", "agreed")])


REQUEST_ACTS = {
    "publish": ActPage(actions.publish),
    "close": ActPage(actions.close),
    "cancel": ActPage(actions.cancel),
    "award": ActPage(actions.award, _AwardPage, lambda form: {"agency": "", **form.values()}),
}
QUOTE_ACTS = {
    "offer": ActPage(actions.offer, OfferForm),
    "accept": ActPage(actions.accept_quote),
    "decline": ActPage(actions.decline_quote),
    "withdraw": ActPage(actions.withdraw_quote),
}
BID_ACTS = {"withdraw": ActPage(actions.withdraw_bid)}
AWARD_ACTS = {"annul": ActPage(actions.annul)}


def readable(identifier: str) -> Request:
    """A request the reader may see, or NotFound."""
    found = Request.load(db.session, identifier)
    if not found.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    return found


@rooms.get("/requests")
def index() -> str:
    actor, args = current_actor(), request.args
    query = select(Request).where(or_(Request.public(), Request.visible_to(actor)))
    if args.get("state") in REQUEST.states:
        query = query.where(Request.state == args["state"])
    if args.get("mine") and actor.organisation_id:
        query = query.where(Request.buyer_id == actor.organisation_id)
    if args.get("item"):
        query = query.join(Request.item).where(ServiceItem.code == args["item"])
    if args.get("region"):
        query = query.where(within(Request.region_code, args["region"]))
    return render_template(
        "sourcing/index.html",
        page=paged(query.order_by(Request.id.desc())),
        state_options=[(s.name, _(s.label)) for s in REQUEST.states.values()],
        item_options=item_options(),
        regions=region_choices(),
        modes=MODES,
    )


@rooms.route("/requests/new", methods=["GET", "POST"])
@rooms.route("/requests/<identifier>/edit", methods=["GET", "POST"])
@login_required
def edit(identifier: str | None = None) -> Response | str | tuple[str, int]:
    draft, actor = visible(Request, identifier) if identifier else None, current_actor()
    if draft is not None:
        REQUEST.find(draft.state, "edit")
    elif not actor.buyers():
        raise NotAllowed(N_("只有项目业主或其受托人可以发布采购需求。"))
    usual = workdays.add(clock.now(), policy.current().number("request.usual_days"))
    form, status = RequestForm(item_code=request.args.get("item"), deadline=usual), 200
    again = visible(Request, request.args["from"]) if "from" in request.args and draft is None else None
    shown = draft or again
    if shown is not None and not form.is_submitted():
        form.fill(shown)
        form.deadline.data = shown.deadline if draft else usual
    code = form.item_code.data
    offering = [s.agency for s in schedules_in_force(db.session, item_code=code)] if code else []
    form.prepare(actor, current_items(db.session), [a for a in offering if a.state == "verified"])
    if form.is_submitted():
        status = 422
        if form.validate():
            values = form.request_values()
            if draft is not None:
                values.pop("on_behalf_of")
                result, status = attempt(form, actions.edit_request, draft.identifier, **values)
            else:
                result, status = attempt(form, actions.create_request, **values)
            if result is not None:
                return redirect(case_url("request", result), 303)
    return render_template("sourcing/edit.html", form=form, draft=draft), status


@rooms.get("/requests/<identifier>")
def show(identifier: str) -> str:
    found, actor = readable(identifier), current_actor()
    answers = answers_to(db.session, found)
    shown = shown_to(found, answers, actor)
    scores = select(CreditScore).where(CreditScore.agency_id.in_([a.agency_id for a in shown]))
    awards = list(db.session.scalars(select(Award).where(Award.request_id == found.id).order_by(Award.id.desc())))
    contract = db.session.scalars(select(Contract).where(Contract.request_id == found.id)).one_or_none()
    delivered = select(Deliverable).where(Deliverable.contract_id == (contract.id if contract else 0))
    deliverable = db.session.scalars(delivered).one_or_none()
    pending = list(db.session.scalars(select(Draw).where(Draw.case_identifier == found.identifier, Draw.drawn_at.is_(None))))
    priced = [(a.agency.name, a.price, a.published_price) for a in shown if a.price and a.published_price]
    return render_template(
        "sourcing/show.html",
        **case_page(found, [*awards, *(shown if found.roles_of(actor) else [])]),
        request_=found,
        journey=of_request(found, contract, deliverable, len(answers)),
        answers=shown,
        count=len(answers) if found.mode == "inquiry" or found.opened else None,
        mine=next((a for a in answers if a.agency_id == actor.organisation_id), None),
        can_answer="agency" in actor.roles and found.state == "published",
        scores={s.agency_id: s for s in db.session.scalars(scores)},
        awards=awards,
        draws=pending,
        contributes=_may_contribute(pending, answers, actor),
        winner=next((a.agency_id for a in awards if a.state != "annulled"), None),
        past=past_prices(db.session, found.item.code) if shown else None,
        plot=offers(priced, _("每个点是报价,竖线是该机构的公示价")) if len(priced) > 1 else None,
        may_repeat="buyer" in found.roles_of(actor) and found.state in ("failed", "cancelled"),
        contract=contract if contract and contract.roles_of(actor) else None,
        quantity=_quantity(found),
        item_link=link(url_for("catalogue.item", code=found.item.code), item_name(found.item)),
        policy_link=link(url_for("catalogue.policies"), _("第 %(v)s 版", v=found.policy_version)),
        modes=MODES,
        funds=FUNDS,
        openness=OPENNESS,
    )


def _may_contribute(pending: list[Draw], answers: list[Any], actor: Actor) -> bool:
    """Whether the reader is a candidate of the draw to come that has not added its text."""
    mine = [drawn_as(a) for a in answers if isinstance(a, Bid) and a.agency_id == actor.organisation_id]
    return any(draws.may_contribute(draw, party) for draw in pending for party in mine)


def _quantity(found: Request) -> str:
    said = Quantity.of(found.quantity)
    parts = [money.show(said.amount) if said.amount else "", f"{said.count}" if said.count > 1 else "", said.factor]
    return " · ".join(filter(None, parts))


@rooms.route("/requests/<identifier>/answer", methods=["GET", "POST"])
@login_required
def answer(identifier: str) -> Response | str | tuple[str, int]:
    found = readable(identifier)
    form, status, published = OfferForm(), 200, None
    if form.is_submitted():
        status = 422
        if form.validate():
            sealed = found.mode == "sealed_bid"
            result, status = attempt(form, actions.submit_bid if sealed else actions.submit_quote, identifier, **form.values())
            if result is not None:
                return redirect(case_url("bid" if sealed else "quote", result), 303)
    try:
        published = actions.published_price(current_actor(), found)
    except Problem as problem:
        if not form.errors:
            form.refuse(problem, words_of(problem))
    return render_template("sourcing/answer.html", form=form, request_=found, published=published), status


@rooms.get("/my/answers")
@login_required
def answers() -> str:
    """An agency's own quotes and bids, newest first."""
    mine = current_actor().organisation_id or 0
    quotes = db.session.scalars(select(Quote).where(Quote.agency_id == mine)).unique().all()
    bids = db.session.scalars(select(Bid).where(Bid.agency_id == mine)).unique().all()
    given: list[Any] = [*quotes, *bids]
    newest = sorted(given, key=lambda a: a.request.id, reverse=True)
    return render_template("sourcing/answers.html", page=sliced(newest))


def _request_link(found: Request) -> Markup:
    return link(case_url("request", found.identifier), found.identifier)


@rooms.get("/quotes/<identifier>")
@login_required
def show_quote(identifier: str) -> str:
    quote = visible(Quote, identifier)
    return render_template("sourcing/quote.html", **case_page(quote), request_link=_request_link(quote.request))


@rooms.get("/bids/<identifier>")
@login_required
def show_bid(identifier: str) -> str:
    bid = visible(Bid, identifier)
    return render_template("sourcing/bid.html", **case_page(bid), request_link=_request_link(bid.request))


@rooms.get("/awards")
def awards() -> str:
    query = select(Award).join(Award.request).where(or_(Request.public(), Request.visible_to(current_actor())))
    return render_template("sourcing/awards.html", page=paged(query.order_by(Award.id.desc())))


@rooms.get("/awards/<identifier>")
def show_award(identifier: str) -> str:
    award = Award.load(db.session, identifier)
    if award.request.openness != "open" and not award.roles_of(current_actor()):
        readable(award.request.identifier)
    draw = select(Draw).where(Draw.identifier == award.draw_identifier)
    return render_template(
        "sourcing/award.html",
        **case_page(award),
        draw=db.session.scalars(draw).one_or_none(),
        request_link=_request_link(award.request),
    )


@rooms.get("/draws/<identifier>.json")
def draw_file(identifier: str) -> dict[str, Any]:
    return publication(draws.load(db.session, identifier))


@rooms.route("/draws/<identifier>/contribute", methods=["GET", "POST"])
@login_required
def contribute(identifier: str) -> Response | str | tuple[str, int]:
    """A candidate's own text for the draw that decides between equals."""
    found = case_url("request", draws.load(db.session, identifier).case_identifier)
    return form_page(
        ContributeForm(), _("写入抽取参数"), partial(actions.contribute, identifier=identifier), lambda _: found, back=found,
        lead=_("您写的内容会和种子一起决定结果:种子在您写之前就定好了,平台在开种子之前看不到结果,谁都无法单独操纵。"),
    )  # fmt: skip


@rooms.get("/verify_draw.py")
def verifier() -> Response:
    """The stand-alone program that re-runs a published draw."""
    return send_file(ROOT / "docs" / "verify_draw.py", mimetype="text/x-python", as_attachment=True)


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
