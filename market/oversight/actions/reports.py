"""What is done with a report: taken up, passed on, checked, decided, put right, told to the public."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.files import File, hand_in_all, hashes_of, with_files
from market.transaction import action
from models import clock, spelling
from models.accounts import Organisation
from models.actors import IN_STANDING, Actor
from models.credit import policy as credit_policy
from models.credit.records import propose
from models.errors import RuleViolation
from models.events import Event
from models.i18n import N_
from models.lengths import check_text
from models.oversight import typical_cases
from models.oversight.answers import answers_of, ask
from models.oversight.handled import Handled, check_present, note_answer, step_back
from models.oversight.kinds import grounds
from models.oversight.violation_reports import ReportHelper, ViolationReport, mend_until, merged_with
from models.workflow import check_reason, perform, permit

_WORDS = N_("请写明内容(%(least)s 到 %(most)s 个字)。")
ANSWERED = ("violation_report.refuse", "violation_report.clear", "violation_report.find")


def _lock(session: Session, actor: Actor, identifier: str, act: str) -> ViolationReport:
    report = ViolationReport.lock(session, identifier)
    permit(session, report, act, actor)
    check_present(report, actor)
    return report


def authority_named(session: Session, case: Handled, named: str) -> Organisation:
    """Another regulator by its number or name. RuleViolation at `authority` for none, or the same."""
    code = spelling.code(named)
    found = session.scalars(
        select(Organisation)
        .where(
            or_(Organisation.identifier == code, Organisation.name == named.strip()),
            Organisation.kind == "authority",
            Organisation.authority_role == "regulator",
            Organisation.state == IN_STANDING,
        )
        .order_by(Organisation.id)
    ).first()
    if found is None or found.id == case.office_id:
        raise RuleViolation(N_("没有找到另一个这样的监管部门。请填写部门编号或者全称。"), "authority")
    return found


def pass_on(session: Session, case: Handled, actor: Actor, authority: str, reason: str) -> None:
    """Another authority handles a case from now on, in its area and its line of work; its event says so."""
    to = authority_named(session, case, authority)
    before = case.office.name if case.office else ""  # type: ignore[attr-defined]
    told = {"from_authority": before, "authority": to.name}
    perform(session, case, "transfer", actor, reason=check_reason(reason), data=told, also_notify=[to.id])
    case.hand_to(to)
    case.region_code, case.department = to.region_code, to.department or None


def check_ground(what: str, ground: str) -> str:
    """RuleViolation at `ground` for one that is not listed."""
    if ground not in grounds(what):
        raise RuleViolation(N_("请从列明的情形里选一项。"), "ground")
    return ground


@action
def accept(session: Session, actor: Actor, identifier: str) -> str:
    """The report is taken up."""
    report = _lock(session, actor, identifier, "accept")
    report.late = report.late or bool(report.referred_to)
    report.accepted_at = clock.now()
    perform(session, report, "accept", actor)
    return identifier


@action
def refuse(session: Session, actor: Actor, identifier: str, *, ground: str, reply: str) -> str:
    """It is not taken up, on a listed ground; whoever reported reads why, and may rate that."""
    report = _lock(session, actor, identifier, "refuse")
    note_answer(report, reply, check_ground("refuse_report", ground))
    perform(session, report, "refuse", actor, data={"report_ground": grounds("refuse_report")[ground].names})
    ask(session, report)
    return identifier


@action
def transfer(session: Session, actor: Actor, identifier: str, *, authority: str, reason: str) -> str:
    """Another authority is competent: it goes on there; the limit goes on running."""
    report = _lock(session, actor, identifier, "transfer")
    pass_on(session, report, actor, authority, reason)
    report.recused = []
    return identifier


@action
def recuse(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """An official steps back from it."""
    report = _lock(session, actor, identifier, "recuse")
    perform(session, report, "recuse", actor, reason=reason)
    step_back(report, actor)
    return identifier


@action
def tell(session: Session, actor: Actor, identifier: str, *, asked: str) -> str:
    """The accused is told what to explain, in words that do not say who reported."""
    report = _lock(session, actor, identifier, "tell")
    words = check_text(ViolationReport.asked, asked, _WORDS)
    report.explain_until = report.days("explain_days")
    perform(session, report, "tell", actor, also_notify=[report.subject_id])
    report.asked, report.told_at = words, clock.now()
    return identifier


@with_files
@action
def explain(
    session: Session, actor: Actor, identifier: str, *, explanation: str, files: Sequence[File] = ()
) -> str:
    """The accused explains itself."""
    report = ViolationReport.lock(session, identifier)
    permit(session, report, "explain", actor)
    report.explanation = check_text(ViolationReport.explanation, explanation, _WORDS)
    papers = hand_in_all(session, actor, report, files)
    report.explained_at = clock.now()
    perform(session, report, "explain", actor, data=hashes_of(papers) if papers else {})
    return identifier


@action
def invite(session: Session, actor: Actor, identifier: str, *, authority: str, reason: str) -> str:
    """Another authority helps to check; the lead decides."""
    report = _lock(session, actor, identifier, "invite")
    helper = authority_named(session, report, authority)
    if any(each.authority_id == helper.id for each in report.helpers):
        raise RuleViolation(N_("已经请过这个部门协办。"), "authority")
    report.helpers.append(ReportHelper(authority_id=helper.id, authority=helper))
    told = {"authority": helper.name}
    perform(session, report, "invite", actor, reason=reason, data=told, also_notify=[helper.id])
    return identifier


@with_files
@action
def contribute(
    session: Session, actor: Actor, identifier: str, *, findings: str, files: Sequence[File] = ()
) -> str:
    """A helper says what it found."""
    report = _lock(session, actor, identifier, "contribute")
    own = next(each for each in report.helpers if each.authority_id == actor.organisation_id)
    own.findings = check_text(ReportHelper.findings, findings, _WORDS)
    own.found_at = clock.now()
    papers = hand_in_all(session, actor, report, files)
    told = {"authority": actor.organisation_name, **(hashes_of(papers) if papers else {})}
    perform(session, report, "contribute", actor, data=told)
    return identifier


@action
def extend(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """The check takes longer, once."""
    report = _lock(session, actor, identifier, "extend")
    perform(session, report, "extend", actor, reason=reason)
    report.extended_at = clock.now()
    return identifier


@action
def note_abuse(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """That reporting is abused is noted; the check is done all the same."""
    report = _lock(session, actor, identifier, "note_abuse")
    perform(session, report, "note_abuse", actor, reason=reason)
    report.abuse = reason.strip()[:1000]
    return identifier


@action
def find(session: Session, actor: Actor, identifier: str, *, reply: str, remedy: str, days: int) -> str:
    """A violation is found: what is to be done, within so many calendar days; a credit record is proposed."""
    report = _lock(session, actor, identifier, "find")
    if not 1 <= days <= 365:
        raise RuleViolation(N_("整改期限应在 1 到 365 天之间。"), "days")
    report.remedy, report.mend_by = check_text(ViolationReport.remedy, remedy, _WORDS), mend_until(days)
    note_answer(report, reply)
    report.found = True
    perform(session, report, "find", actor, data={"until": report.mend_by.isoformat()})
    kind = credit_policy.current().kinds.get(report.category.record)
    if kind is not None and report.subject.kind in kind.subjects:
        subject = session.get_one(Organisation, report.subject_id)
        facts = f"{report.category.zh}。{report.reply}"[:1000]
        report.record = propose(session, actor, subject, kind.key, facts, identifier).identifier
    ask(session, report)
    return identifier


@action
def clear(session: Session, actor: Actor, identifier: str, *, reply: str) -> str:
    """No violation is found."""
    report = _lock(session, actor, identifier, "clear")
    note_answer(report, reply)
    report.found = False
    perform(session, report, "clear", actor)
    ask(session, report)
    return identifier


@with_files
@action
def say_mended(
    session: Session, actor: Actor, identifier: str, *, mending: str, files: Sequence[File] = ()
) -> str:
    """The subject says what it put right, with what shows it."""
    report = ViolationReport.lock(session, identifier)
    permit(session, report, "say_mended", actor)
    report.mending = check_text(ViolationReport.mending, mending, _WORDS)
    papers = hand_in_all(session, actor, report, files)
    perform(session, report, "say_mended", actor, data=hashes_of(papers) if papers else {})
    return identifier


@action
def confirm_mended(session: Session, actor: Actor, identifier: str) -> str:
    """The regulator saw that it was put right."""
    report = _lock(session, actor, identifier, "confirm_mended")
    perform(session, report, "confirm_mended", actor)
    report.mended_at = clock.now()
    return identifier


send_back = case_action(__name__, ViolationReport, "send_back")
give_up = case_action(__name__, ViolationReport, "give_up")


@action
def publish_case(
    session: Session, actor: Actor, identifier: str, *, heading: str, text: str, named: bool = False
) -> str:
    """It is told to the public as a typical case."""
    report = _lock(session, actor, identifier, "publish_case")
    typical_cases.publish(session, report, heading=heading, text=text, named=named)
    perform(session, report, "publish_case", actor)
    return identifier


@action
def withdraw_case(session: Session, actor: Actor, identifier: str) -> str:
    """It is told no more."""
    report = _lock(session, actor, identifier, "withdraw_case")
    typical_cases.withdraw(session, report)
    perform(session, report, "withdraw_case", actor)
    return identifier


def ask_the_merged(session: Session, happened: list[Event]) -> None:
    """The consumer: whoever's report was merged into one just answered is asked of the answer, too."""
    for event in happened:
        if event.kind not in ANSWERED:
            continue
        lead = ViolationReport.load(session, event.case_identifier)
        for report in merged_with(session, lead):
            asked = answers_of(session, report)
            if lead.answered_at is not None and not any(e.asked_at >= lead.answered_at for e in asked):
                ask(session, report, lead)
