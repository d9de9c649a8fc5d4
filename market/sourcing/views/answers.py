"""What agencies answer: quotes, sealed bids, and both side by side for comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.buyer_sheets import about_buyer
from market.case_registry import ActPage, Elsewhere, register_case
from market.case_views import attempt, case_page, case_url, file_of, not_found, visible
from market.charts import offers
from market.extensions import db
from market.files import sent
from market.formatting import problem_text
from market.identity import current_actor
from market.pagination import sliced
from market.sourcing.actions import bids as bid_actions
from market.sourcing.actions import common
from market.sourcing.actions import quotes as quote_actions
from market.sourcing.blueprint import bp, readable, say, tender_link
from market.sourcing.forms import BidForm, OfferForm
from market.sourcing.views.choosing import next_step
from market.sourcing.views.tenders import quantity_words
from models import documents, pricing
from models.credit.abandoned import abandoned_by
from models.credit.kept import CreditScore
from models.credit.restrictions import Restricted
from models.errors import Problem
from models.pricing import Quantity
from models.sourcing.answers import answers_to, shown_to
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.comparison import past_prices
from models.sourcing.quotes import Quote
from models.sourcing.results import Result, result_of

_ANSWERS: dict[type[Quote] | type[Bid], tuple[type[OfferForm], Callable[..., str]]] = {
    Quote: (OfferForm, quote_actions.submit),
    Bid: (BidForm, bid_actions.submit),
}


@bp.route("/requests/<identifier>/answer", methods=["GET", "POST"])
@login_required
def answer(identifier: str) -> Response | str | tuple[str, int]:
    found = readable(identifier)
    kind, status, published = found.way.answer_class, 200, None
    form_class, act = _ANSWERS[kind]
    form = form_class()
    if isinstance(form, BidForm):
        form.prepare(found)
    if form.is_submitted():
        status = 422
        if form.validate():
            values = form.values()
            if "file" in values:
                values |= file_of(values.pop("file"))
            result, status = attempt(form, act, identifier, **values)
            if result is not None:
                return redirect(case_url(kind.workflow.name, result), 303)
    try:
        published = common.published_price(current_actor(), found)
    except Problem as problem:
        if isinstance(problem, Restricted) and problem.lasting and not form.is_submitted():
            raise  # nothing that is filled in here could help
        if not form.errors:
            form.refuse(problem, problem_text(problem))
    return render_template(
        "sourcing/answer.html",
        form=form,
        tender=found,
        published=published,
        leads=found.way.explain_answer(found, say),
        **about_buyer(found.buyer),
    ), status


@bp.get("/my/answers")
@login_required
def answers() -> str:
    """An agency's own quotes and bids, newest first."""
    mine = current_actor().organisation_id or 0
    quotes = db.session.scalars(select(Quote).where(Quote.agency_id == mine)).unique().all()
    bids = db.session.scalars(select(Bid).where(Bid.agency_id == mine)).unique().all()
    given: list[Any] = [*quotes, *bids]
    page = sliced(sorted(given, key=lambda a: a.tender.id, reverse=True))
    awarded = select(Award.tender_id, Award.agency_id).where(
        Award.tender_id.in_([a.tender_id for a in page.rows]), Award.state != "annulled"
    )
    won = {tender: agency for tender, agency in db.session.execute(awarded)}
    return render_template("sourcing/answers.html", page=page, won=won)


@bp.get("/requests/<identifier>/compare")
def compare(identifier: str) -> str:
    """Every offer the reader may see, side by side with what it can be held against."""
    found, actor = readable(identifier), current_actor()
    shown = [
        a
        for a in shown_to(found, answers_to(db.session, found), actor)
        if a.price is not None and a.published_price
    ]
    scores = select(CreditScore).where(CreditScore.agency_id.in_([a.agency_id for a in shown]))
    standard = None
    if found.item.standard:
        table: dict[str, object] = next(iter(found.item.standard["tables"].values()))
        standard = pricing.price(table, Quantity.of(found.quantity))
    past = past_prices(db.session, found)
    priced = [(a.agency.name, a.price, a.published_price) for a in shown]
    return render_template(
        "sourcing/compare.html",
        tender=found,
        answers=shown,
        scores={s.agency_id: s for s in db.session.scalars(scores)},
        standard=standard,
        past=past,
        plot=offers(priced, past.prices if past else None, _("每个点是一家的报价,竖线是该机构的公示价"))
        if priced
        else None,
        quantity=quantity_words(found),
        left=abandoned_by(db.session, [a.agency_id for a in shown]) if found.roles_of(actor) else {},
        totals=found.outcome.totals if found.outcome else {},
    )


@bp.get("/quotes/<identifier>")
@login_required
def show_quote(identifier: str) -> str:
    quote = visible(Quote, identifier)
    page = case_page(quote)
    if quote.sealed is not None and quote.state == "open":
        page["waits_for"] = []  # nobody can answer it yet
    return render_template(
        "sourcing/quote.html",
        **page,
        tender_link=tender_link(quote.tender),
        next_step=next_step(quote.tender, [quote]),
        own=quote_actions.own_terms(current_actor(), quote),
        result=_result(quote),
        **about_buyer(quote.tender.buyer),
    )


def _result(given: Quote | Bid) -> Result | None:
    """What an answer came to, for its own agency."""
    mine = given.agency_id == current_actor().organisation_id
    return result_of(db.session, given.tender, given) if mine else None


def _readable(identifier: str) -> Bid:
    """A bid the reader may see, or NotFound."""
    bid = Bid.load(db.session, identifier)
    if not bid.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    return bid


@bp.get("/bids/<identifier>")
def show_bid(identifier: str) -> str:
    bid = _readable(identifier)
    attached = documents.of_case(db.session, "bid", identifier) if bid.tender.opened else []
    return render_template(
        "sourcing/bid.html",
        **case_page(bid),
        tender_link=tender_link(bid.tender),
        attached=attached,
        result=_result(bid),
    )


@bp.get("/bids/<identifier>.json")
def bid_file(identifier: str) -> Response:
    """What was sealed, byte for byte, once it is open to all: its SHA-256 is the receipt."""
    bid = _readable(identifier)
    if not bid.tender.opened or not bid.content:
        raise not_found(identifier)
    return Response(bid.content, mimetype="application/json")


@bp.get("/bids/<identifier>/file")
def bid_attachment(identifier: str) -> Response:
    """The file that was sealed with a bid, once it is open to all."""
    bid = _readable(identifier)
    attached = documents.of_case(db.session, "bid", identifier)
    if not bid.tender.opened or not attached:
        raise not_found(identifier)
    return sent(attached[0])


def _answering(given: Quote | Bid) -> str:
    """Where an answer is given, and given again."""
    return url_for("sourcing.answer", identifier=given.tender.identifier)


register_case(
    bp,
    Quote,
    url="/quotes",
    page=show_quote,
    acts={
        "offer": ActPage(quote_actions.offer, OfferForm),
        "accept": ActPage(quote_actions.accept),
        "decline": ActPage(quote_actions.decline),
        "withdraw": ActPage(quote_actions.withdraw),
        "replace": Elsewhere(_answering),
    },
    timed={"expire": quote_actions.expire},
)


register_case(
    bp,
    Bid,
    url="/bids",
    page=show_bid,
    acts={
        "withdraw": ActPage(bid_actions.withdraw),
        "replace": Elsewhere(_answering),
        "undercut": Elsewhere(lambda bid: url_for("sourcing.auction", identifier=bid.tender.identifier)),
    },
    public=True,
)
