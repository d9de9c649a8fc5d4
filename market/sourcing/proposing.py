"""Proposing an award: who may win, by the request's mode."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.transaction import sealing_key
from models import agencies, clock, draws, identifiers, workdays
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.draws import Draw
from models.sourcing import Award, Bid, Quote, Request, cheapest
from models.text import N_, RuleBroken
from models.workflow import perform, start


def propose(session: Session, actor: Actor, request: Request, agency: str, reasons: str) -> Award:
    """The award of a request: the agreed (or still open) quote the buyer chooses, or the cheapest bid,
    equals parted by a verifiable draw. RuleBroken without reasons or for anyone who made no live offer."""
    if not 5 <= len(reasons.strip()) <= 2000:
        raise RuleBroken(N_("请写明中选理由(5 到 2000 个字),它会公示。"), "reasons")
    answer, drawn = _cheapest_bid(session, request) if request.mode == "sealed_bid" else (_quote(session, request, agency), None)
    chosen = Award(
        identifier=identifiers.issue(session, "W"),
        request=request,
        buyer_id=request.buyer_id,
        agency=answer.agency,
        region_code=request.region_code,
        policy_version=request.policy_version,
        price=answer.price,
        published_price=answer.published_price,
        days=answer.days,
        reasons=reasons.strip(),
        public_until=workdays.add(clock.now(), request.publicity_days),
        draw_identifier=drawn,
    )
    start(
        session, chosen, actor, "propose", public=True, tells=("agency",),
        data={"agency": answer.agency.name, "price": answer.price, "reasons": reasons.strip()},
    )  # fmt: skip
    return chosen


def _quote(session: Session, request: Request, agency: str) -> Quote:
    """The quote the buyer chose: agreed, or the agency's own last offer still standing."""
    quote = session.scalars(
        select(Quote)
        .join(Organisation, Organisation.id == Quote.agency_id)
        .where(Quote.request_id == request.id, Organisation.identifier == agency)
        .with_for_update(of=Quote)
    ).one_or_none()
    if quote is None or quote.state not in ("open", "agreed"):
        raise RuleBroken(N_("请选择一份仍然有效的报价。"), "agency")
    if not _engageable(session, request, quote):
        raise RuleBroken(N_("这家机构现在不能承接本事项,请选择其他报价。"), "agency")
    if quote.state == "open":  # to choose an offer is to accept it
        perform(session, quote, "accept", SYSTEM, data={"price": quote.price})
    return quote


def drawn_as(bid: Bid) -> str:
    """What a bid is called on the list of a draw."""
    return f"{bid.identifier} {bid.agency.name}"


def _best(session: Session, request: Request) -> dict[str, Bid]:
    """The cheapest opened bids of agencies that may still be engaged and were not struck out by an annulled
    award, by the name they have in a draw."""
    annulled = select(Award.agency_id).where(Award.request_id == request.id, Award.state == "annulled")
    bids = session.scalars(select(Bid).where(Bid.request_id == request.id, Bid.agency_id.not_in(annulled)).order_by(Bid.receipt))
    return {drawn_as(bid): bid for bid in cheapest([bid for bid in bids if _engageable(session, request, bid)])}


def _engageable(session: Session, request: Request, answer: Bid | Quote) -> bool:
    try:
        agencies.check_eligible(session, answer.agency, request.item)
    except RuleBroken:
        return False
    return True


def commit_to_draw(session: Session, request: Request) -> dict[str, str]:
    """Where the cheapest bids are equal, publish list and seed's hash now; the award runs the draw later.

    Returns what the event tells of it: identifier and commitment, or nothing where no draw is needed.
    """
    best = _best(session, request)
    if len(best) < 2:
        return {}
    draw = draws.commit(session, "tie", request.identifier, list(best), 1, sealing_key())
    return {"draw": draw.identifier, "commitment": draw.commitment}


def _cheapest_bid(session: Session, request: Request) -> tuple[Bid, str | None]:
    """The cheapest bid, and the draw that parted it from its equals.

    Whoever may no longer be engaged is passed over: of a draw the next in drawn order wins. RuleBroken where
    nobody is left, or equals that were not promised a draw.
    """
    best = _best(session, request)
    pending = select(Draw).where(Draw.case_identifier == request.identifier, Draw.drawn_at.is_(None))
    draw = session.scalars(pending.with_for_update()).one_or_none()
    if draw is not None and best.keys() & set(draw.candidates):
        draws.run(draw, sealing_key())
        order = draws.rank(draw.seed or "", draw.candidates, draw.contributions)
        return next(best[name] for name in order if name in best), draw.identifier
    if not best:
        raise RuleBroken(N_("没有可以中选的投标。"))
    if len(best) > 1:
        raise RuleBroken(N_("原最低价的机构已不能承接,余下的最低价相同而事先没有公布抽取;请取消后照此重新发布。"))
    return next(iter(best.values())), None
