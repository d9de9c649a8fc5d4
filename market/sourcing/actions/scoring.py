"""Merit: who evaluates, their sheets, and the points that come of them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market import mail
from market.accounts.actions.members import meant
from market.case_actions import case_action
from market.transaction import action, sealing_key
from models import clock, identifiers, policy, workdays
from models.actors import SYSTEM, Actor
from models.credit.kept import CreditScore
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.bids import Bid
from models.sourcing.evaluations import Evaluation, check_sheet, conflict_of, open_sheet, seal_sheet
from models.sourcing.outcomes import Outcome
from models.sourcing.ranking import ranked
from models.sourcing.scoring import credit_share, days_shares, mean_points, price_shares, rounded
from models.sourcing.tenders import Tender
from models.workflow import perform, permit, start


@action
def appoint(session: Session, actor: Actor, identifier: str, *, email: str) -> str:
    """The buyer asks whoever has this address to evaluate.

    Nothing tells whether anybody has signed up with it, or who. Returns the tender's identifier.
    """
    tender = Tender.lock(session, identifier)
    permit(session, tender, "appoint", actor)
    person = meant(session, email)
    if session.scalar(
        select(Evaluation.id).where(Evaluation.tender_id == tender.id, Evaluation.evaluator_id == person.id)
    ):
        raise RuleViolation(N_("这位评审人已经在名单里。"), "email")
    perform(session, tender, "appoint", actor)
    mail.post(session, "appointed", person.address, buyer=tender.buyer.name, project=tender.project)
    evaluation = Evaluation(
        identifier=identifiers.issue(session, Evaluation),
        tender=tender,
        buyer_id=tender.buyer_id,
        evaluator=person,
    )
    start(session, evaluation, actor, "appoint")
    if tender.state == "scoring":
        _begin(session, evaluation)
    return identifier


def _sheets(session: Session, tender: Tender) -> list[Evaluation]:
    query = select(Evaluation).where(Evaluation.tender_id == tender.id).order_by(Evaluation.id)
    return list(session.scalars(query.with_for_update(of=Evaluation)))


def begin(session: Session, tender: Tender) -> None:
    """The bids are open: evaluators declare and score.

    Where no line needs them, the points follow at once.
    """
    perform(session, tender, "start_scoring", SYSTEM)
    for evaluation in _sheets(session, tender):
        if evaluation.state == "appointed":
            _begin(session, evaluation)
    _conclude(session, tender)


def _begin(session: Session, evaluation: Evaluation) -> None:
    """An evaluator's time starts; whoever is known to be tied to a bidder is excused at once."""
    tied = conflict_of(session, evaluation)
    if tied:
        evaluation.conflict = tied
        perform(session, evaluation, "recuse", SYSTEM, reason=N_("与投标机构有利害关系,自动回避。"))
        return
    days = policy.get(evaluation.policy_version).number("choosing.merit_score_days")
    evaluation.score_by = workdays.add(clock.now(), days)
    perform(session, evaluation, "begin", SYSTEM)


# An evaluator declares to have no interest in any bidder.
declare = case_action(__name__, Evaluation, "declare")


@action
def recuse(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """An evaluator steps aside."""
    evaluation = Evaluation.lock(session, identifier)
    perform(session, evaluation, "recuse", actor, reason=reason)
    evaluation.conflict = reason.strip()
    _conclude(session, evaluation.tender)
    return identifier


@action
def lapse(session: Session, actor: Actor, identifier: str) -> str:
    """An evaluator's time is over."""
    evaluation = Evaluation.lock(session, identifier)
    perform(session, evaluation, "lapse", actor)
    _conclude(session, evaluation.tender)
    return identifier


def scored_bids(session: Session, tender: Tender) -> list[Bid]:
    """The bids there are to score, in the drawn order.

    So no place on the list is an advantage anyone chose.
    """
    bids = session.scalars(select(Bid).where(Bid.tender_id == tender.id, Bid.state == "opened"))
    order = tender.outcome.order if tender.outcome else []
    return sorted(bids, key=lambda bid: order.index(bid.identifier))


@action
def score(session: Session, actor: Actor, identifier: str, *, sheet: dict[str, Any]) -> str:
    """An evaluator hands in its sheet; it stays sealed until all are in."""
    evaluation = Evaluation.lock(session, identifier)
    tender = evaluation.tender
    permit(session, evaluation, "score", actor)
    bids = [bid.identifier for bid in scored_bids(session, tender)]
    check_sheet(sheet, bids, tender.scored_by.quality)
    perform(session, evaluation, "score", actor)
    seal_sheet(evaluation, {bid: sheet[bid] for bid in bids}, sealing_key())
    _conclude(session, tender)
    return identifier


def _conclude(session: Session, tender: Tender) -> None:
    """Once nobody is still scoring and enough have: open the sheets, count, rank and publish."""
    if tender.state != "scoring":
        return
    sheets = _sheets(session, tender)
    done = [evaluation for evaluation in sheets if evaluation.state == "scored"]
    least = policy.get(tender.policy_version).number("choosing.merit_evaluators_least")
    least = least if tender.scored_by.quality else 0
    if any(evaluation.state in ("due", "scoring") for evaluation in sheets) or len(done) < least:
        return
    for evaluation in done:
        open_sheet(evaluation, sealing_key())
        perform(session, evaluation, "publish", SYSTEM)
    bids = scored_bids(session, tender)
    points = _points(session, tender, bids, [evaluation.sheet or {} for evaluation in done])
    totals = {bid: sum(lines.values(), Fraction(0)) for bid, lines in points.items()}
    outcome = tender.outcome or Outcome()
    tender.outcome = replace(
        outcome,
        ranking=ranked(tender, bids, outcome, totals),
        points={
            bid: {line: rounded(value) for line, value in lines.items()} for bid, lines in points.items()
        },
        totals={bid: rounded(total) for bid, total in totals.items()},
    )
    perform(session, tender, "publish_scores", SYSTEM, also_notify=[bid.agency_id for bid in bids])


def _points(
    session: Session, tender: Tender, bids: list[Bid], sheets: list[dict[str, Any]]
) -> dict[str, dict[str, Fraction]]:
    """Every bid's points by line: `price`, `days`, `credit`, and the quality lines by their names."""
    criteria = tender.scored_by
    prices = price_shares(
        criteria.price_formula, {b.identifier: b.price or 0 for b in bids}, tender.policy_version
    )
    days = days_shares({b.identifier: b.days or 1 for b in bids})
    rated = select(CreditScore).where(CreditScore.agency_id.in_([bid.agency_id for bid in bids]))
    grades = {score.agency_id: score.grade for score in session.scalars(rated)}
    return {
        bid.identifier: {
            "price": prices[bid.identifier] * criteria.price_weight,
            "days": days[bid.identifier] * criteria.days_weight,
            "credit": credit_share(grades.get(bid.agency_id), tender.policy_version) * criteria.credit_weight,
            **{
                line.name: mean_points([s[bid.identifier]["points"] for s in sheets], line.name)
                for line in criteria.quality
            },
        }
        for bid in bids
    }
