"""What is done with a credit record: proposed by hand, told, answered, decided, repaired, ended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from market import mail
from market.case_actions import case_action
from market.files import File, check_any, hand_in_all, hashes_of, with_files
from market.owner_letters import owners_of
from market.transaction import action
from models import clock, events, referrals, spelling
from models.accounts import Organisation
from models.actors import Actor
from models.base import Json
from models.cases import case_types_of
from models.credit import policy, records, serving, statements
from models.credit.deciding import (
    COMMITMENT,
    FACTS,
    check_unhindered,
    end_publication,
    put_in_force,
)
from models.credit.policy import SUBJECTS
from models.credit.records import CreditRecord
from models.credit.statements import StatementPart
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.permission import NO_PART
from models.regions import covers
from models.workflow import check_reason, perform, permit

SOURCE_MOST = 40
SOURCE = N_("请写明来源:文书的文号或者案件编号(最多 %(most)s 个字)。")
_NOBODY = N_("没有找到这家单位,或者它不在您的辖区。请填写单位编号或者统一社会信用代码。")


def _subject(session: Session, actor: Actor, named: str) -> Organisation:
    """An agency or enterprise of the actor's area, by its number or its credit code."""
    code = spelling.code(named)
    found = session.scalars(
        select(Organisation).where(
            or_(Organisation.identifier == code, Organisation.uscc == code),
            Organisation.kind.in_(("agency", "enterprise")),
            Organisation.state.in_(("verified", "suspended")),
        )
    ).one_or_none()
    if found is None or not actor.region_code or not covers(actor.region_code, found.region_code):
        raise RuleViolation(_NOBODY, "subject")
    return found


def _kept_source(source: str) -> str:
    """A source as it is kept: the number of a case in its one spelling, all else as it was written."""
    code = spelling.code(source)
    return code if case_types_of(code) else source.strip()


@with_files
@action
def propose_by_hand(
    session: Session,
    actor: Actor,
    *,
    subject: str,
    kind: str,
    facts: str,
    source: str,
    files: Sequence[File],
) -> str:
    """A regulator proposes a record about somebody of its area, with its source and the evidence.

    RuleViolation at `subject` for a stranger, at `kind` for one the policy has no basis for, or that does not
    fit its subject, at `file` without evidence, at `source` where the same was proposed from it before.
    """
    about = _subject(session, actor, subject)
    if kind not in policy.current().kinds:
        raise RuleViolation(N_("信用规则里没有这一类记录,没有依据的不能提出。"), "kind")
    if about.kind not in policy.current().kinds[kind].subjects:
        raise RuleViolation(
            N_("“%(kind)s”不适用于“%(name)s”:它是%(what)s。"),
            "kind",
            kind=policy.current().kinds[kind].names,
            name=about.name,
            what=SUBJECTS[about.kind],
        )
    words = check_text(CreditRecord.facts, facts, FACTS)
    if not 0 < len(source.strip()) <= SOURCE_MOST:
        raise RuleViolation(SOURCE, "source", most=SOURCE_MOST)
    kept = _kept_source(source)
    before = select(CreditRecord.source_identifier).where(
        CreditRecord.subject_id == about.id,
        CreditRecord.kind == kind,
        CreditRecord.state != "dropped",
    )
    if spelling.code(kept) in map(spelling.code, session.scalars(before)):
        raise RuleViolation(N_("已经根据这个来源对这家单位提出过同一类记录。"), "source")
    check_any(files)
    record = records.propose(session, actor, about, kind, words, kept)
    hand_in_all(session, actor, record, files)
    return record.identifier


def _bring(session: Session, record: CreditRecord, act: str) -> None:
    """The paper of an act is brought to the subject: into its account, and its owners are told by mail."""
    letters = [
        mail.post(session, "record_told", owner.address, owner, record=record.identifier, act=act)
        for owner in owners_of(session, {record.subject_id})[record.subject_id]
    ]
    session.flush()
    serving.serve(record, act, letters)


@action
def notify(session: Session, actor: Actor, identifier: str) -> str:
    """The subject is told what is proposed, why, and what it may do until when."""
    record = CreditRecord.lock(session, identifier)
    permit(session, record, "notify", actor)
    check_unhindered(record, "notify", actor)
    record.notified_at, record.answer_until = clock.now(), record.answer_by
    perform(session, record, "notify", actor, data={"until": record.answer_until.isoformat()})
    _bring(session, record, "notify")
    return identifier


@action
def receive(session: Session, actor: Actor, identifier: str) -> str:
    """Somebody of the subject opens a paper for the first time: who and when is kept as proof."""
    record = CreditRecord.lock(session, identifier)
    if "subject" not in record.roles_of(actor):
        raise NotAllowed(NO_PART)
    if serving.unopened(record):
        serving.opened(record, actor)
        events.record(
            session,
            actor,
            "credit_record.receive",
            "credit_record",
            identifier,
            role="subject",
            data={"title": record.title},
        )
    return identifier


def _state(
    session: Session, actor: Actor, identifier: str, act: str, statement: str, files: Sequence[File]
) -> str:
    record = CreditRecord.lock(session, identifier)
    permit(session, record, act, actor)
    words = statements.check(statement, files)
    serving.note_letters(session, record)
    due = record.due_at if record.state == "heard" else None
    papers = hand_in_all(session, actor, record, files)
    record.statements.append(
        StatementPart(
            statement=words,
            files=[paper.identifier for paper in papers],
            stated_at=clock.arrival(session),
            stated_by_id=actor.user_id,
            stated_by=actor.name,
        )
    )
    perform(session, record, act, actor, data=hashes_of(papers) if papers else {})
    record.due_at = due or record.due_at
    return identifier


@with_files
@action
def defend(
    session: Session, actor: Actor, identifier: str, *, statement: str, files: Sequence[File] = ()
) -> str:
    """The subject's statement and defence, in words, by evidence, or both; it may be decided then.

    What it adds in time is a part of its own.
    """
    return _state(session, actor, identifier, "defend", statement, files)


@with_files
@action
def defend_partly(
    session: Session, actor: Actor, identifier: str, *, statement: str, files: Sequence[File] = ()
) -> str:
    """A part of the statement: nothing is decided before its time is over, or its subject waives the rest."""
    return _state(session, actor, identifier, "defend_partly", statement, files)


@action
def waive(session: Session, actor: Actor, identifier: str) -> str:
    """The subject does without what is left of its time: it is decided on what there is."""
    record = CreditRecord.lock(session, identifier)
    perform(session, record, "waive", actor)
    record.waived_at = clock.now()
    serving.note_letters(session, record)
    return identifier


@action
def lapse(session: Session, actor: Actor, identifier: str) -> str:
    """The subject's time is over; it is decided on what there is."""
    record = CreditRecord.lock(session, identifier)
    perform(session, record, "lapse", actor)
    serving.note_letters(session, record)
    return identifier


@action
def recuse(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """An official steps back from a record: it is for others to decide."""
    record = CreditRecord.lock(session, identifier)
    check_unhindered(record, "recuse", actor)
    perform(session, record, "recuse", actor, reason=reason)
    if actor.user_id is not None and actor.user_id not in record.recused:
        record.recused = [*record.recused, actor.user_id]
    return identifier


def _decided(record: CreditRecord) -> Json:
    assert record.ends_at is not None
    return {"until": record.ends_at.isoformat()}


@action
def uphold(
    session: Session, actor: Actor, identifier: str, *, reason: str, months: int, reply: str = ""
) -> str:
    """It is so: the record is in force from now, for so many months."""
    record = CreditRecord.lock(session, identifier)
    permit(session, record, "uphold", actor)
    check_unhindered(record, "uphold", actor)
    put_in_force(record, actor, decision=check_reason(reason), reply=reply, months=months)
    perform(session, record, "uphold", actor, reason=reason, data=_decided(record))
    serving.note_letters(session, record)
    _bring(session, record, "uphold")
    return identifier


@action
def commend(session: Session, actor: Actor, identifier: str, *, reason: str, months: int) -> str:
    """A commendable fact is put on record; its subject is told."""
    record = CreditRecord.lock(session, identifier)
    permit(session, record, "commend", actor)
    check_unhindered(record, "commend", actor)
    record.notified_at = clock.now()
    put_in_force(record, actor, decision=check_reason(reason), reply="", months=months)
    perform(session, record, "commend", actor, reason=reason, data=_decided(record))
    _bring(session, record, "commend")
    return identifier


@action
def drop_record(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """Not taken up, or, once its subject was told, not upheld: that is told as well."""
    record = CreditRecord.lock(session, identifier)
    permit(session, record, "drop", actor)
    check_unhindered(record, "drop", actor)
    told = record.notified_at is not None
    perform(session, record, "drop", actor, reason=reason)
    record.decision, record.decided_at, record.decided_by_id = reason.strip(), clock.now(), actor.user_id
    if told:
        serving.note_letters(session, record)
        _bring(session, record, "drop")
    return identifier


@with_files
@action
def ask_repair(
    session: Session, actor: Actor, identifier: str, *, commitment: str, files: Sequence[File]
) -> str:
    """The subject asks for repair: what shows that the duty is done, and a public commitment."""
    record = CreditRecord.lock(session, identifier)
    permit(session, record, "ask_repair", actor)
    record.commitment = check_text(CreditRecord.commitment, commitment, COMMITMENT)
    check_any(files)
    record.repair_asked_at = clock.now()
    papers = hand_in_all(session, actor, record, files)
    perform(session, record, "ask_repair", actor, data=hashes_of(papers))
    return identifier


withdraw = case_action(__name__, CreditRecord, "withdraw", name="withdraw_repair")


@action
def repair(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """Repaired: nobody else sees, is told, or counts it any more, from this moment."""
    record = CreditRecord.lock(session, identifier)
    permit(session, record, "repair", actor)
    check_unhindered(record, "repair", actor)
    perform(session, record, "repair", actor, reason=reason)
    record.repaired_at = clock.now()
    end_publication(record)
    _bring(session, record, "repair")
    return identifier


@action
def refuse_repair(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """Not repaired, and why; it may be asked for again."""
    record = CreditRecord.lock(session, identifier)
    permit(session, record, "refuse_repair", actor)
    check_unhindered(record, "refuse_repair", actor)
    perform(session, record, "refuse_repair", actor, reason=reason)
    _bring(session, record, "refuse_repair")
    return identifier


@action
def revoke(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """The decision is taken back, by review or correction."""
    record = CreditRecord.lock(session, identifier)
    check_unhindered(record, "revoke", actor)
    perform(session, record, "revoke", actor, reason=reason)
    record.revoked_at = clock.now()
    end_publication(record)
    _bring(session, record, "revoke")
    return identifier


@with_files
@action
def suspend(session: Session, actor: Actor, identifier: str, *, reason: str, files: Sequence[File]) -> str:
    """Its subject is in reorganisation, as the court's ruling shows: it is not shown or used meanwhile."""
    record = CreditRecord.lock(session, identifier)
    check_unhindered(record, "suspend", actor)
    permit(session, record, "suspend", actor)
    check_any(files)
    papers = hand_in_all(session, actor, record, files)
    perform(session, record, "suspend", actor, reason=reason, data=hashes_of(papers))
    session.add(records.Suspension(record_id=record.id))
    _bring(session, record, "suspend")
    return identifier


@action
def resume(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """Shown and used again, for what is left of its term."""
    record = CreditRecord.lock(session, identifier)
    check_unhindered(record, "resume", actor)
    perform(session, record, "resume", actor, reason=reason)
    records.end_suspension(session, record)
    _bring(session, record, "resume")
    return identifier


# Its term is over: it is shown and counted nowhere any more.
expire = case_action(__name__, CreditRecord, "expire")


@action
def refer(session: Session, actor: Actor, identifier: str) -> str:
    """A limit of the office's ran out: the authority above is told, and may act.

    A record whose term is over while its repair waits ends all the same.
    """
    record = CreditRecord.lock(session, identifier)
    if record.state == "repairing" and not record.counts:
        perform(session, record, "expire", actor)
        return identifier
    referrals.refer(session, record)
    if record.state == "repairing":
        record.due_at = min(filter(None, (record.due_at, record.ends_at)))
    return identifier
