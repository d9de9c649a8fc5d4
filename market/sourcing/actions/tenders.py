"""A tender, from draft to its deadline: what the buyer does with it, and what the clock does."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.sourcing.actions import keys
from market.sourcing.actions.cancelling import end, lapse
from market.sourcing.actions.common import stand_apart
from market.timekeeping import surely
from market.transaction import Beforehand, action, sealing_key
from models import clock, draws, events, identifiers, policy, sealing, workdays
from models.accounts import Organisation, authority_for
from models.actors import SYSTEM, Actor
from models.base import Json
from models.catalogue import item_by_code
from models.conflicts import check_delegate
from models.errors import Conflict, NotAllowed, Problem, RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.permission import check_standing
from models.regions import Region, current
from models.sourcing import (
    FUNDS,
    MODES,
    NOT_AGAIN,
    OPENNESS,
    Bid,
    Clarification,
    Invitation,
    Quote,
    Tender,
    concerned,
    reveal,
    settle_repeats,
)
from models.sourcing.ranking import percentages
from models.sourcing.related_bidders import aside, counted, links_among
from models.workflow import check_role, perform, permit, start


def _buyer(session: Session, actor: Actor, on_behalf_of: int | None) -> int:
    """Whom a new tender is for: the actor's own enterprise, or one that delegated this to it."""
    wanted = actor.organisation_id if on_behalf_of is None else on_behalf_of
    if wanted in actor.buyers() and wanted is not None:
        return wanted
    check_standing(actor, wanted, entering=True)
    check_delegate(actor, on_behalf_of)
    if on_behalf_of is not None and on_behalf_of != actor.organisation_id:
        raise NotAllowed(N_("您没有得到这家单位的采购委托。"))
    raise NotAllowed(N_("只有项目业主或其受托人可以发布采购需求。"))


def _fill(
    session: Session,
    actor: Actor,
    tender: Tender,
    *,
    item_code: str,
    region_code: str,
    project: str,
    description: str,
    quantity: Json,
    budget: int | None,
    mode: str,
    funds: str,
    openness: str,
    deadline: datetime,
    invited: list[str],
    criteria: Json | None = None,
) -> None:
    """Take a form's values into a draft the actor may act on; RuleViolation at the field that is wrong."""
    item = item_by_code(session, item_code)
    if item is None or item.withdrawn:
        raise RuleViolation(N_("清单里没有这个服务事项。"), "item_code")
    region_code = current(region_code)
    if session.scalar(select(Region.id).where(Region.code == region_code)) is None:
        raise RuleViolation(N_("请选择项目所在地区。"), "region_code")
    project = check_text(Tender.project, project, N_("项目名称应为 %(least)s 到 %(most)s 个字。"))
    for value, known, field in (
        (mode, MODES, "mode"),
        (funds, FUNDS, "funds"),
        (openness, OPENNESS, "openness"),
    ):
        if value not in known:
            raise RuleViolation(N_("请选择一项。"), field)
    tender.item_id, tender.item = item.id, item
    tender.region_code, tender.project = region_code, project
    tender.mode, tender.funds, tender.openness, tender.deadline = mode, funds, openness, deadline
    tender.criteria = criteria if mode == "merit" else None
    _ask(tender, description, quantity, budget)
    department = authority_for(session, "department", item.department, region_code)
    tender.department_id = department.id if department else None
    named = session.scalars(
        select(Organisation).where(Organisation.identifier.in_(invited), Organisation.kind == "agency")
    )
    tender.invitations = [Invitation(agency_id=agency.id) for agency in named]
    if "buyer" not in tender.roles_of(actor):
        raise RuleViolation(N_("受托采购须设预算上限,且不超过委托的金额。"), "budget")


def _ask(tender: Tender, description: str, quantity: Json, budget: int | None) -> None:
    """What is asked for, and for how much at the most."""
    if budget is not None and not budget > 0:
        raise RuleViolation(N_("金额应大于 0,且不超过 100 亿元。"), "budget")
    tender.item.check_quantity(quantity)
    tender.description, tender.quantity, tender.budget = description.strip(), quantity, budget


def _say(session: Session, tender: Tender, said: str | None) -> None:
    """Keep what the buyer says of whether this repeats one of its own.

    Which, or that it does not (NOT_AGAIN).
    """
    if said and said != NOT_AGAIN:
        before = session.scalars(
            select(Tender).where(Tender.identifier == said, Tender.buyer_id == tender.buyer_id)
        ).one_or_none()
        if before is None:
            raise RuleViolation(N_("请选择一项。"), "again_of")
        if before.published_at is None:  # a draft is named nowhere: what it repeats is
            said = before.again_said
    tender.again_said = said or None
    tender.again_of = (
        None if said == NOT_AGAIN else tender.again_said
    )  # until it is published: then what is found outranks it


@action
def create_tender(
    session: Session,
    actor: Actor,
    *,
    on_behalf_of: int | None = None,
    again_of: str | None = None,
    **values: object,
) -> str:
    """Start a draft, which may repeat one of the buyer's that came to nothing, or be said not to.

    Returns its identifier.
    """
    tender = Tender(identifier=identifiers.issue(session, "Q"), buyer_id=_buyer(session, actor, on_behalf_of))
    _say(session, tender, again_of)
    with session.no_autoflush:
        _fill(session, actor, tender, **values)  # type: ignore[arg-type]
    start(session, tender, actor, "create")
    return tender.identifier


@action
def edit_tender(
    session: Session, actor: Actor, identifier: str, *, again_of: str | None = None, **values: object
) -> str:
    tender = Tender.lock(session, identifier)
    permit(session, tender, "edit", actor)
    _say(session, tender, again_of or tender.again_said)
    with session.no_autoflush:
        _fill(session, actor, tender, **values)  # type: ignore[arg-type]
    perform(session, tender, "edit", actor)
    return identifier


def publish(actor: Actor, identifier: str, *, submission: str = "") -> str:
    """Open the tender to answers.

    For a sealed mode the keys are made and the draws' seeds promised now; the keeper's key is made first,
    outside. KeeperAway where it cannot be; nothing has happened then.
    """
    made = keys.make(actor, identifier)
    try:
        return _publish(actor, identifier, made=Beforehand(made), submission=submission)
    except Problem:
        keys.forget(made)
        raise


@action
def _publish(session: Session, actor: Actor, identifier: str, *, made: Beforehand[keys.Made | None]) -> str:
    tender = Tender.lock(session, identifier)
    tender.published_at, tender.policy_version = (
        clock.now(),
        policy.current().version,
    )  # what was drafted under another goes out under this one
    permit(session, tender, "publish", actor)
    settle_repeats(session, tender)
    told = {
        "again": tender.again_of,
        "said": tender.again_said,
        "not_again": tender.again_not,
        "commitments": _take_key(session, tender, made.got) if tender.way.sealed else None,
    }
    perform(
        session,
        tender,
        "publish",
        actor,
        data={"item": tender.item.name, "deadline": tender.deadline.isoformat()}
        | {name: value for name, value in told.items() if value},
        also_notify=[invitation.agency_id for invitation in tender.invitations],
    )
    return identifier


def _take_key(session: Session, tender: Tender, made: keys.Made | None) -> list[str]:
    """Give a tender its two keys, and promise its draws. Returns their commitments.

    Conflict where the keeper's is not for this deadline: somebody changed the draft while it was made.
    """
    if made is None or made.until != tender.deadline:
        raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。"))
    tender.public_key, private = sealing.make_pair()
    tender.wrapped_key = sealing.wrap(sealing_key(), private)
    tender.keeper_handle, tender.keeper_key, tender.keeper_until = made.handle, made.public, made.until
    purposes = ("order", "percent") if tender.mode == "reference_price" else ("order",)
    return [
        draws.promise(session, purpose, tender.identifier, sealing_key()).commitment for purpose in purposes
    ]


def amend(
    actor: Actor,
    identifier: str,
    *,
    description: str,
    quantity: Json,
    budget: int | None,
    deadline: datetime,
    reason: str = "",
    submission: str = "",
) -> str:
    """Change what a published tender asks for.

    The deadline moves, and whoever answered is told and answers anew. The keeper hears of it after.

    A sealed bid answers one revision of the tender; one that answers an older one is not valid at the
    opening.
    """
    asked = {"description": description, "quantity": quantity, "budget": budget, "deadline": deadline}
    _amend(actor, identifier, **asked, reason=reason, submission=submission)
    keys.settle(identifier)
    return identifier


@action
def _amend(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    description: str,
    quantity: Json,
    budget: int | None,
    deadline: datetime,
    reason: str,
) -> str:
    tender = Tender.lock(session, identifier)
    tender.workflow.find(tender.state, "amend")
    tender.check_accepts_offers(clock.arrival(session))
    check_role(
        session, tender, "amend", actor, {"buyer"}
    )  # before the budget changes, too: it is what a delegation is measured by
    if deadline < tender.deadline:
        raise RuleViolation(N_("修改需求只能顺延截止时间,不能提前。"), "deadline")
    before = (tender.quantity, tender.budget, tender.description)
    with session.no_autoflush:
        _ask(tender, description, quantity, budget)
        tender.deadline = deadline
    _tell_deadline(session, tender, "amend", actor, reason)
    if (tender.quantity, tender.budget, tender.description) != before:
        _ask_anew(session, tender)
    return identifier


def _ask_anew(session: Session, tender: Tender) -> None:
    """What was answered before answers another tender.

    Bids are handed in again, quotes are their agencies' turn.
    """
    tender.revision += 1
    for quote in session.scalars(select(Quote).where(Quote.tender_id == tender.id).with_for_update(of=Quote)):
        if quote.state in ("open", "countered", "agreed"):
            perform(session, quote, "renew", SYSTEM)
            quote.renewed = True


def _tell_deadline(session: Session, tender: Tender, act: str, actor: Actor, reason: str = "") -> None:
    """The deadline moved by this act: all concerned are told, and no quote ends before it."""
    perform(
        session,
        tender,
        act,
        actor,
        reason=reason,
        data={"deadline": tender.deadline.isoformat()},
        also_notify=concerned(session, tender),
    )
    for quote in session.scalars(
        select(Quote).where(Quote.tender_id == tender.id, Quote.state == "open").with_for_update(of=Quote)
    ):
        quote.due_at = max(quote.due_at or quote.standing_until, quote.standing_until)


@surely
def close(actor: Actor, identifier: str, *, submission: str = "") -> str:
    """The deadline (or the buyer, where it may).

    Count the answers and go on, or move the deadline once where there are too few, which the keeper hears of
    after; or do then what the policy says.
    """
    _close(actor, identifier, submission=submission)
    keys.settle_at_hand(identifier)
    return identifier


@action
def _close(session: Session, actor: Actor, identifier: str) -> str:
    tender = Tender.lock(session, identifier)
    count, links = _counted(session, tender)
    check_role(session, tender, "close", actor, tender.workflow.find(tender.state, "close").who)
    if tender.closes_at <= clock.now():
        actor = SYSTEM  # it is the clock that acts, whoever noticed first
    rules = tender.rules
    follows = rules.follows(count, early=actor is not SYSTEM, extended=tender.extended)
    if follows == "extend":
        return _extend(session, tender, rules.extend_days)
    if follows == "inquiry":
        return _turn(session, tender, count)
    perform(session, tender, "close", actor, data={"count": count} | _frozen(session, tender, links))
    tender.outcome = {"linked": links} if links else None
    lapse(session, Clarification, tender)
    if follows == "fail":
        perform(session, tender, "fail", SYSTEM, data={"count": count, "minimum": rules.least})
        end(session, tender)
    elif not tender.way.sealed:
        _reveal(session, tender)
        perform(session, tender, "evaluate", SYSTEM, data={"count": count})
    return identifier


def _counted(session: Session, tender: Tender) -> tuple[int, list[Json]]:
    """How many answers stand, linked agencies counted once, and which are linked."""
    case_class: Any = Bid if tender.way.sealed else Quote
    standing = select(case_class).where(
        case_class.tender_id == tender.id,
        case_class.state.in_(("submitted", "open", "countered", "agreed")),
    )
    order = (Bid.received_at, Bid.id) if tender.way.sealed else (Quote.id,)
    found = list(session.scalars(standing.order_by(*order)).unique())
    if not tender.way.sealed:  # one that was to be given anew and was not is none: it cannot be awarded
        found = [quote for quote in found if quote.state != "countered" or not quote.renewed]
    links = links_among(session, tender, found)
    return counted(len(found), links), links


def _reveal(session: Session, tender: Tender) -> None:
    """The deadline has come: the buyer reads every quote, all at once."""
    for quote in session.scalars(
        select(Quote).where(Quote.tender_id == tender.id, Quote.sealed.is_not(None)).with_for_update(of=Quote)
    ):
        if not quote.workflow.states[quote.state].terminal:
            reveal(quote, sealing_key())


def _extend(session: Session, tender: Tender, days: int) -> str:
    """Move the deadline once, and tell nobody how many answers there are."""
    tender.extended, tender.deadline = True, workdays.add(clock.now(), days)
    if tender.mode == "reverse_auction":  # it begins at the deadline, in office hours
        tender.deadline = tender.deadline.replace(hour=10)
    _tell_deadline(session, tender, "extend", SYSTEM)
    return tender.identifier


def _turn(session: Session, tender: Tender, count: int) -> str:
    """Too few for this mode: the same tender asks for quotes instead, and no bid is ever opened."""
    told = concerned(session, tender)
    for bid in session.scalars(
        select(Bid).where(Bid.tender_id == tender.id, Bid.state == "submitted").with_for_update(of=Bid)
    ):
        perform(session, bid, "void", SYSTEM)
    tender.mode = "inquiry"
    tender.deadline = workdays.add(clock.now(), policy.get(tender.policy_version).number("tender.usual_days"))
    about = {"count": count, "deadline": tender.deadline.isoformat()}
    perform(session, tender, "turn", SYSTEM, data=about, also_notify=told)
    return tender.identifier


def _frozen(session: Session, tender: Tender, links: list[Json]) -> dict[str, str]:
    """Fix the lists of a sealed tender's draws, before a word of any bid can be read.

    Bidders that are linked have one place in the order. Returns what the event tells: one hash over all
    receipts.
    """
    bids = list(
        session.scalars(
            select(Bid).where(Bid.tender_id == tender.id, Bid.state == "submitted").order_by(Bid.id)
        )
    )
    if not tender.way.sealed or not bids:
        return {}
    names = [bid.identifier for bid in bids]
    for draw in draws.of_case(session, tender.identifier):
        if draw.purpose == "percent":
            draws.freeze(draw, percentages(tender.policy_version), 1, names)
        else:
            own = [name for name in names if name not in aside(links)]
            draws.freeze(draw, own, len(own), names)
    return {"receipts": hashlib.sha256("\n".join(sorted(bid.receipt for bid in bids)).encode()).hexdigest()}


@action
def ask(session: Session, actor: Actor, identifier: str, *, question: str) -> str:
    """An agency asks about a tender; nobody learns who. Returns the tender's identifier."""
    tender = Tender.lock(session, identifier)
    if "agency" not in actor.roles or actor.organisation_id is None or not tender.readable_by(session, actor):
        raise NotAllowed(N_("只有可以报价的中介机构能提问。"))
    stand_apart(session, actor, tender)
    tender.takes_questions(clock.arrival(session))
    said = N_("请写清问题(%(least)s 到 %(most)s 个字)。")
    question = check_text(Clarification.question, question, said)
    clarification = Clarification(
        identifier=identifiers.issue(session, "K"),
        tender=tender,
        buyer_id=tender.buyer_id,
        asker_id=actor.organisation_id,
        question=question,
    )
    start(session, clarification, Actor(""), "ask", notify=("buyer",))  # whoever asks is named nowhere
    return identifier


def answer_question(
    actor: Actor, identifier: str, *, answer: str, changes: bool = False, submission: str = ""
) -> str:
    """The buyer answers, to everyone.

    An answer that `changes` the conditions is an amendment: whoever answered is asked anew, and the deadline
    leaves as long as one does; any other leaves time to heed it. The keeper hears of it after. Returns the
    tender's identifier.
    """
    tender = _answer_question(actor, identifier, answer=answer, changes=changes, submission=submission)
    keys.settle(tender)
    return tender


@action
def _answer_question(session: Session, actor: Actor, identifier: str, *, answer: str, changes: bool) -> str:
    clarification = Clarification.lock(session, identifier)
    tender = clarification.tender
    permit(session, clarification, "answer", actor)
    said = N_("请写明答复(%(least)s 到 %(most)s 个字),它会公布。")
    answer = check_text(Clarification.answer, answer, said)
    tender.check_accepts_offers(clock.arrival(session))
    perform(session, clarification, "answer", actor)
    clarification.answer, clarification.answered_at = answer, clock.now()
    events.record(
        session,
        actor,
        "tender.clarify",
        "tender",
        tender.identifier,
        role="buyer",
        audience="public",
        data={"title": tender.title, "question": clarification.question, "answer": clarification.answer},
        notify=concerned(session, tender),
    )
    _leave_time(session, actor, tender, changes)
    return tender.identifier


def _leave_time(session: Session, actor: Actor, tender: Tender, changes: bool) -> None:
    """Move the deadline as far as an answer makes it necessary."""
    book, before = policy.get(tender.policy_version), tender.deadline
    tender.deadline = tender.leaves(
        book.number("tender.amend_days" if changes else "tender.answer_leaves_days")
    )
    if changes:
        _tell_deadline(session, tender, "amend", actor, N_("答复改变了需求的条件。"))
        _ask_anew(session, tender)
    elif tender.deadline != before:
        _tell_deadline(session, tender, "defer", SYSTEM)
