"""The answer rated by whoever got it, and looked at by the level above."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.access_codes import fits
from market.case_actions import case_action
from market.transaction import action
from models import clock
from models.actors import SYSTEM, Actor
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.oversight.answers import Answer, act_of
from models.oversight.complaints import Complaint
from models.oversight.handled import REPORTER
from models.oversight.violation_reports import ViolationReport
from models.permission import NO_PART
from models.workflow import check_reason, perform, permit


def _as(answer: Answer, actor: Actor, code: str) -> Actor:
    """As whom somebody rates: whoever reported namelessly, by the code or the account it followed it with."""
    if answer.report is None:
        return actor
    if code and fits(answer.report.identifier, code):
        return REPORTER
    if actor.user_id is None or actor.user_id != answer.reporter_id:
        raise NotAllowed(NO_PART)
    return REPORTER


@action
def rate(
    session: Session, actor: Actor, identifier: str, *, mark: int, words: str = "", code: str = ""
) -> str:
    """Whoever complained or reported rates the answer, 1 to 5; a low mark has the level above look."""
    answer = Answer.lock(session, identifier)
    who = _as(answer, actor, code)
    act = act_of(answer, mark)
    permit(session, answer, act, who)
    if len(words) > 1000:
        raise RuleViolation(N_("太长了,最多 %(most)s 个字。"), "words", most=1000)
    answer.mark, answer.words, answer.rated_at = mark, words.strip() or None, clock.now()
    perform(session, answer, act, who)
    return identifier


# Nobody said anything: the level above looks at the answer.
lapse = case_action(__name__, Answer, "lapse")


@action
def uphold(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """The level above finds the answer in order."""
    answer = Answer.lock(session, identifier)
    perform(session, answer, "uphold", actor, reason=reason)
    answer.review, answer.reviewed_at = reason.strip()[:1000], clock.now()
    return identifier


@action
def reopen(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """The level above has the matter taken up again: a report is checked, a complaint accepted, anew."""
    found = Answer.load(session, identifier)
    about: ViolationReport | Complaint
    if found.report is not None:
        about = ViolationReport.lock(session, found.report.lead.identifier)
    else:
        about = Complaint.lock(session, found.about.identifier)
    answer = Answer.lock(session, identifier)
    permit(session, answer, "reopen", actor)
    why = check_reason(reason)
    if about.state not in ("checking", "filed"):
        perform(session, about, "reopen", SYSTEM, reason=why)
        about.accepted_at = None if isinstance(about, Complaint) else about.accepted_at
        if isinstance(about, ViolationReport):
            about.found, about.extended_at = None, None
    perform(session, answer, "reopen", actor, reason=reason)
    answer.review, answer.reviewed_at = why, clock.now()
    return identifier
