"""What is done with a complaint: taken up, answered, mediated, agreed to, ended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from market.files import File, hand_in_all, hashes_of, with_files
from market.oversight.actions.reports import check_ground, pass_on
from market.transaction import action
from models import clock
from models.actors import SYSTEM, Actor
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.oversight.answers import ask
from models.oversight.complaints import Complaint, dispute_open, mediation_ends
from models.oversight.handled import check_present, note_answer, step_back
from models.oversight.kinds import grounds
from models.workflow import perform, permit

_WORDS = N_("请写明内容(%(least)s 到 %(most)s 个字)。")


def _lock(session: Session, actor: Actor, identifier: str, act: str) -> Complaint:
    complaint = Complaint.lock(session, identifier)
    permit(session, complaint, act, actor)
    check_present(complaint, actor)
    return complaint


@action
def accept(session: Session, actor: Actor, identifier: str) -> str:
    """It is taken up: the other side is told and answers. Not while a dispute on its contract is open."""
    complaint = _lock(session, actor, identifier, "accept")
    if number := dispute_open(session, complaint):
        raise RuleViolation(N_("同一合同的争议 %(number)s 正在办理,应当不予受理。"), number=number)
    complaint.accepted_at, complaint.mediate_until = clock.now(), mediation_ends(complaint)
    complaint.late = complaint.late or bool(complaint.referred_to)
    perform(session, complaint, "accept", actor)
    return identifier


@action
def refuse(session: Session, actor: Actor, identifier: str, *, ground: str, reply: str) -> str:
    """It is not taken up, on a listed ground."""
    complaint = _lock(session, actor, identifier, "refuse")
    note_answer(complaint, reply, check_ground("refuse_complaint", ground))
    told = {"report_ground": grounds("refuse_complaint")[ground].names}
    perform(session, complaint, "refuse", actor, data=told)
    ask(session, complaint)
    return identifier


@action
def transfer(session: Session, actor: Actor, identifier: str, *, authority: str, reason: str) -> str:
    """Another authority is competent."""
    complaint = _lock(session, actor, identifier, "transfer")
    pass_on(session, complaint, actor, authority, reason)
    complaint.recused = []
    return identifier


@action
def recuse(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """An official steps back from it."""
    complaint = _lock(session, actor, identifier, "recuse")
    perform(session, complaint, "recuse", actor, reason=reason)
    step_back(complaint, actor)
    return identifier


@with_files
@action
def respond(
    session: Session, actor: Actor, identifier: str, *, answer: str, files: Sequence[File] = ()
) -> str:
    """The other side answers."""
    complaint = Complaint.lock(session, identifier)
    permit(session, complaint, "respond", actor)
    complaint.answer = check_text(Complaint.answer, answer, _WORDS)
    complaint.responded_at = clock.now()
    papers = hand_in_all(session, actor, complaint, files)
    perform(session, complaint, "respond", actor, data=hashes_of(papers) if papers else {})
    return identifier


@action
def lapse(session: Session, actor: Actor, identifier: str) -> str:
    """The other side did not answer in time; mediation goes on."""
    complaint = Complaint.lock(session, identifier)
    perform(session, complaint, "lapse", actor)
    return identifier


@action
def propose(session: Session, actor: Actor, identifier: str, *, agreement: str) -> str:
    """The mediator puts an agreement to both sides."""
    complaint = _lock(session, actor, identifier, "propose")
    complaint.agreement = check_text(Complaint.agreement, agreement, _WORDS)
    complaint.claimant_agreed_at = complaint.respondent_agreed_at = None
    perform(session, complaint, "propose", actor)
    return identifier


@action
def agree(session: Session, actor: Actor, identifier: str) -> str:
    """A side agrees to the agreement as it stands; with the second the quarrel is settled."""
    complaint = Complaint.lock(session, identifier)
    found = permit(session, complaint, "agree", actor)
    role = min(found.played)
    if complaint.agreed_by(role) is not None:
        raise RuleViolation(N_("您这一方已经同意,正在等对方。"))
    perform(session, complaint, "agree", actor)
    if role == "claimant":
        complaint.claimant_agreed_at = clock.now()
    else:
        complaint.respondent_agreed_at = clock.now()
    if complaint.claimant_agreed_at and complaint.respondent_agreed_at:
        note_answer(complaint, complaint.agreement or "")
        perform(session, complaint, "settle", SYSTEM)
        complaint.ended_at = clock.now()
        ask(session, complaint)
    return identifier


@action
def decline(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """A side does not agree; mediation goes on, as long as there is time."""
    complaint = Complaint.lock(session, identifier)
    perform(session, complaint, "decline", actor, reason=reason)
    complaint.claimant_agreed_at = complaint.respondent_agreed_at = None
    return identifier


@action
def end(session: Session, actor: Actor, identifier: str, *, ground: str, reply: str) -> str:
    """Mediation ends without an agreement, on a listed ground."""
    complaint = _lock(session, actor, identifier, "end")
    note_answer(complaint, reply, check_ground("end_mediation", ground))
    perform(session, complaint, "end", actor, data={"report_ground": grounds("end_mediation")[ground].names})
    complaint.ended_at = clock.now()
    ask(session, complaint)
    return identifier


@action
def time_out(session: Session, actor: Actor, identifier: str) -> str:
    """The days of mediation are over without an agreement."""
    complaint = Complaint.lock(session, identifier)
    perform(session, complaint, "time_out", actor)
    complaint.reply, complaint.answered_at = "调解期限届满,未能达成协议,终止调解。", clock.now()
    complaint.ended_at = clock.now()
    ask(session, complaint)
    return identifier


@action
def take_back(session: Session, actor: Actor, identifier: str) -> str:
    """Whoever complained takes it back; what was reported beside it is checked all the same."""
    complaint = Complaint.lock(session, identifier)
    perform(session, complaint, "take_back", actor)
    complaint.ended_at = clock.now()
    return identifier
