"""The award: proposed with reasons, open to objections, final or annulled."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.settlement.lifecycle import draft_contract
from market.sourcing.actions.common import turn_away
from market.transaction import action
from models import clock, events, identifiers, workdays
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.agencies import eligibility
from models.credit import restrictions
from models.credit.restrictions import ENGAGED
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.sourcing.answers import participants_of
from models.sourcing.awards import Award, Objection
from models.sourcing.bids import Bid
from models.sourcing.quotes import Quote, quote_of
from models.sourcing.results import not_chosen
from models.sourcing.tenders import Tender
from models.workflow import perform, permit, start


@action
def award(session: Session, actor: Actor, identifier: str, *, agency: str = "", reasons: str = "") -> str:
    """The buyer names the winner, with reasons. Returns the award's identifier."""
    tender = Tender.lock(session, identifier)
    permit(session, tender, "award", actor)
    reasons = check_text(Award.reasons, reasons, N_("请写明中选理由(%(least)s 到 %(most)s 个字),它会公示。"))
    answer = first_bid(session, tender) if tender.way.sealed else _chosen_quote(session, tender, agency)
    perform(session, tender, "award", actor)
    if isinstance(answer, Quote) and answer.state == "open":  # to choose an offer is to accept it
        perform(session, answer, "accept", SYSTEM, data={"price": answer.price})
    if isinstance(answer, Quote):
        answer.due_at = None  # what is chosen ends by no clock of its own
    chosen = _propose(session, actor, tender, answer, reasons)
    turn_away(session, tender, chosen.agency_id)
    _tell_others(session, chosen)
    if chosen.public_until <= clock.now():
        _finalise(session, chosen)
    return chosen.identifier


def _propose(session: Session, actor: Actor, tender: Tender, answer: Bid | Quote, reasons: str) -> Award:
    """The award of a tender to whoever gave this answer."""
    chosen = Award(
        identifier=identifiers.issue(session, Award),
        tender=tender,
        buyer_id=tender.buyer_id,
        agency=answer.agency,
        price=answer.price,
        published_price=answer.published_price,
        days=answer.days,
        reasons=reasons,
        public_until=workdays.add(clock.now(), tender.rules.publicity_days),
    )
    start(
        session,
        chosen,
        actor,
        "propose",
        public=True,
        notify=("agency",),
        data={"agency": answer.agency.name, "price": answer.price, "reasons": reasons},
    )
    return chosen


def _tell_others(session: Session, chosen: Award) -> None:
    """Whoever answered and was not chosen hears of it, and until when it may object."""
    events.record(
        session,
        SYSTEM,
        "award.not_chosen",
        "award",
        chosen.identifier,
        audience="internal",
        data={"title": chosen.title, "public_until": chosen.public_until.isoformat()},
        notify=not_chosen(session, chosen.tender, chosen.agency_id),
    )


def _chosen_quote(session: Session, tender: Tender, agency: str) -> Quote:
    """The quote the buyer chose: agreed, or the agency's own last offer still standing.

    RuleViolation for anyone who made no live offer, or may not be engaged.
    """
    quote = session.scalars(
        select(Quote)
        .join(Organisation, Organisation.id == Quote.agency_id)
        .where(Quote.tender_id == tender.id, Organisation.identifier == agency)
        .with_for_update(of=Quote)
    ).one_or_none()
    annulled = select(Award.id).where(
        Award.tender_id == tender.id,
        Award.state == "annulled",
        Award.agency_id == (quote.agency_id if quote else 0),
    )
    if quote is None or quote.state not in ("open", "agreed") or session.scalar(annulled) is not None:
        raise RuleViolation(N_("请选择一份仍然有效的报价。"), "agency")
    found = restrictions.of(session, [quote.agency])[quote.agency_id]
    if (stopped := restrictions.refusal(found, quote.agency, ENGAGED, own=False)) is not None:
        stopped.field = "agency"
        raise stopped
    if not _engageable(session, tender, quote):
        raise RuleViolation(N_("这家机构现在不能承接本事项,请选择其他报价。"), "agency")
    return quote


def first_bid(session: Session, tender: Tender) -> Bid:
    """The first in the published ranking that may be engaged and was not struck out by an annulled award.

    RuleViolation where nobody is left.
    """
    annulled = select(Award.agency_id).where(Award.tender_id == tender.id, Award.state == "annulled")
    bids = session.scalars(select(Bid).where(Bid.tender_id == tender.id, Bid.agency_id.not_in(annulled)))
    by_name = {bid.identifier: bid for bid in bids if bid.state == "opened"}
    for name in tender.outcome.ranking if tender.outcome else []:
        if name in by_name and _engageable(session, tender, by_name[name]):
            return by_name[name]
    raise RuleViolation(N_("没有可以中选的投标;请取消后照此重新发布。"))


def _engageable(session: Session, tender: Tender, answer: Bid | Quote) -> bool:
    try:
        eligibility.check_eligible(session, answer.agency, tender.item, *ENGAGED)
    except RuleViolation:
        return False
    return True


def _finalise(session: Session, chosen: Award, others: Iterable[int] = ()) -> None:
    perform(session, chosen, "finalise", SYSTEM, also_notify=others)
    perform(session, chosen.tender, "contract", SYSTEM)
    draft_contract(session, chosen)


@action
def finalise(session: Session, actor: Actor, identifier: str) -> str:
    """The publicity period is over: the award stands and the contract is drafted."""
    chosen = Award.lock(session, identifier)
    chosen.workflow.find(chosen.state, "finalise")
    _finalise(session, chosen, not_chosen(session, chosen.tender, chosen.agency_id))
    return identifier


@action
def annul(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator annuls an award in its publicity period; the buyer decides anew."""
    _annul(session, actor, Award.lock(session, identifier), reason)
    return identifier


@action
def forfeit(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The buyer gives up an agency that may not be engaged any more, and decides anew."""
    _annul(session, actor, Award.lock(session, identifier), reason, "forfeit")
    return identifier


def _annul(session: Session, actor: Actor, chosen: Award, reason: str, act: str = "annul") -> None:
    others = not_chosen(session, chosen.tender, chosen.agency_id)
    perform(session, chosen, act, actor, reason=reason, also_notify=others)
    reopen(session, chosen)
    for objection in session.scalars(
        select(Objection).where(Objection.award_id == chosen.id).with_for_update(of=Objection)
    ):
        if objection.open:
            perform(session, objection, "lapse", SYSTEM)


def reopen(session: Session, chosen: Award) -> None:
    """The buyer decides anew; what the agency that was chosen quoted ends as any that waits for an award."""
    perform(session, chosen.tender, "reopen", SYSTEM)
    quote = quote_of(session, chosen.tender, chosen.agency_id)
    if quote is not None and quote.state == "agreed":
        quote.due_at = quote.agreed_until


@action
def object_to(session: Session, actor: Actor, identifier: str, *, grounds: str = "") -> str:
    """An agency that answered and did not win objects; the award waits.

    Returns the objection's identifier.
    """
    chosen = Award.lock(session, identifier)
    if actor.organisation_id in (None, chosen.agency_id) or not participants_of(
        session, chosen.tender_id, actor.organisation_id
    ):
        raise NotAllowed(N_("只有参加了本次采购而未中选的机构可以提出异议。"))
    if chosen.state not in ("proposed", "objected"):
        chosen.workflow.find(chosen.state, "object")
    if clock.now() >= chosen.public_until:
        raise RuleViolation(N_("公示期已满,不能再提出异议。"))
    said = N_("请写明异议的事实和理由(%(least)s 到 %(most)s 个字)。")
    grounds = check_text(Objection.grounds, grounds, said)
    if session.scalar(
        select(Objection.id).where(
            Objection.award_id == chosen.id, Objection.objector_id == actor.organisation_id
        )
    ):
        raise RuleViolation(N_("贵机构对这个结果已经提出过异议。"), "grounds")
    if chosen.state == "proposed":
        perform(session, chosen, "object", SYSTEM)
    objection = Objection(
        identifier=identifiers.issue(session, Objection),
        award=chosen,
        buyer_id=chosen.buyer_id,
        objector_id=actor.organisation_id,
        grounds=grounds,
    )
    start(session, objection, actor, "object", notify=("buyer",))
    return objection.identifier


@action
def answer_objection(session: Session, actor: Actor, identifier: str, *, statement: str = "") -> str:
    """The buyer's statement; the regulator decides next."""
    objection = Objection.lock(session, identifier)
    permit(session, objection, "answer", actor)
    said = N_("请写明答复(%(least)s 到 %(most)s 个字)。")
    statement = check_text(Objection.statement, statement, said)
    perform(session, objection, "answer", actor)
    objection.statement = statement
    return identifier


escalate_objection = case_action(__name__, Objection, "escalate", name="escalate_objection")


@action
def withdraw_objection(session: Session, actor: Actor, identifier: str) -> str:
    objection = Objection.lock(session, identifier)
    perform(session, objection, "withdraw", actor)
    _resume(session, objection.award)
    return identifier


@action
def uphold_objection(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator finds for the objector: the award is annulled and the buyer decides anew."""
    objection = Objection.lock(session, identifier)
    perform(session, objection, "uphold", actor, reason=reason)
    objection.decision = reason.strip()
    _annul(session, actor, objection.award, reason)
    return identifier


@action
def dismiss_objection(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator finds against the objector: without another objection the publicity period goes on."""
    objection = Objection.lock(session, identifier)
    perform(session, objection, "dismiss", actor, reason=reason)
    objection.decision = reason.strip()
    _resume(session, objection.award)
    return identifier


def _resume(session: Session, chosen: Award) -> None:
    session.flush()
    others = session.scalars(select(Objection).where(Objection.award_id == chosen.id))
    if not any(objection.open for objection in others):
        perform(session, chosen, "resume", SYSTEM)
