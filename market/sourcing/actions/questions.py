"""Questions about a tender: an agency asks, the buyer answers everybody."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.sourcing.actions import keys
from market.sourcing.actions.common import also_notify, stand_apart
from market.sourcing.actions.tenders import ask_anew, keep_standing
from market.transaction import action
from models import clock, events, identifiers, policy
from models.actors import SYSTEM, Actor
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.sourcing import Clarification, Tender, concerned
from models.workflow import perform, start


@action
def ask(session: Session, actor: Actor, identifier: str, *, question: str) -> str:
    """An agency asks about a tender; nobody learns who. Returns the tender's identifier."""
    tender = Tender.load(session, identifier, lock=True)
    if "agency" not in actor.roles or actor.organisation_id is None or not tender.readable_by(session, actor):
        raise NotAllowed(N_("只有可以报价的中介机构能提问。"))
    stand_apart(session, actor, tender)
    tender.takes_questions(clock.arrival(session))
    if not 5 <= len(question.strip()) <= 1000:
        raise RuleViolation(N_("请写清问题(5 到 1000 个字)。"), "question")
    clarification = Clarification(
        identifier=identifiers.issue(session, Clarification),
        tender=tender,
        buyer_id=tender.buyer_id,
        asker_id=actor.organisation_id,
        question=question.strip(),
    )
    start(
        session, clarification, Actor(""), "ask", of=tender, notify=("buyer",)
    )  # whoever asks is named nowhere
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
    clarification = Clarification.load_under(session, identifier, "tender")
    tender = clarification.tender
    if not 2 <= len(answer.strip()) <= 2000:
        raise RuleViolation(N_("请写明答复(2 到 2000 个字),它会公布。"), "answer")
    perform(session, clarification, "answer", actor)
    tender.check_accepts_offers(clock.arrival(session))
    clarification.answer, clarification.answered_at = answer.strip(), clock.now()
    published = events.record(
        session,
        actor,
        "tender.clarify",
        "tender",
        tender.identifier,
        role="buyer",
        audience="public",
        data={"title": tender.title, "question": clarification.question, "answer": clarification.answer},
    )
    also_notify(published, concerned(session, tender))
    _leave_time(session, actor, tender, changes)
    return tender.identifier


def _leave_time(session: Session, actor: Actor, tender: Tender, changes: bool) -> None:
    """Move the deadline as far as an answer makes it necessary."""
    book, before = policy.get(tender.policy_version), tender.deadline
    tender.deadline = tender.leaves(
        book.number("tender.amend_days" if changes else "tender.answer_leaves_days")
    )
    data = {"deadline": tender.deadline.isoformat()}
    keep_standing(session, tender)
    if changes:
        also_notify(
            perform(session, tender, "amend", actor, reason=N_("答复改变了需求的条件。"), data=data),
            concerned(session, tender),
        )
        ask_anew(session, tender)
    elif tender.deadline != before:
        also_notify(perform(session, tender, "defer", SYSTEM, data=data), concerned(session, tender))
