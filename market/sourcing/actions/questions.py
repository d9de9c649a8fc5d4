"""Questions about a tender: an agency asks, the buyer answers everybody."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.sourcing.actions import keys
from market.sourcing.actions.common import stand_apart
from market.sourcing.actions.tenders import ask_anew, tell_deadline
from market.transaction import action
from models import clock, events, identifiers, policy
from models.actors import SYSTEM, Actor
from models.errors import NotAllowed
from models.i18n import N_
from models.lengths import check_text
from models.sourcing.answers import concerned
from models.sourcing.clarifications import Clarification
from models.sourcing.tenders import Tender
from models.workflow import perform, permit, start


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
        identifier=identifiers.issue(session, Clarification),
        tender=tender,
        buyer_id=tender.buyer_id,
        asker_id=actor.organisation_id,
        question=question,
    )
    start(session, clarification, Actor(""), "ask", notify=("buyer",))  # whoever asks is named nowhere
    return identifier


def answer(actor: Actor, identifier: str, *, answer: str, changes: bool = False, submission: str = "") -> str:
    """The buyer answers, to everyone.

    An answer that `changes` the conditions is an amendment: whoever answered is asked anew, and the deadline
    leaves as long as one does; any other leaves time to heed it. The keeper hears of it after. Returns the
    tender's identifier.
    """
    tender = _answer(actor, identifier, answer=answer, changes=changes, submission=submission)
    keys.settle(tender)
    return tender


@action
def _answer(session: Session, actor: Actor, identifier: str, *, answer: str, changes: bool) -> str:
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
        tell_deadline(session, tender, "amend", actor, N_("答复改变了需求的条件。"))
        ask_anew(session, tender)
    elif tender.deadline != before:
        tell_deadline(session, tender, "defer", SYSTEM)
