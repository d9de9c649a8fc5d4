"""A paper that comes in: a report (举报), a complaint (投诉), or both at once, which are two cases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from market.files import File, hand_in_all, with_files
from market.transaction import action
from models.actors import Actor
from models.catalogue import newest_items
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.oversight.complaints import Complaint, file_complaint
from models.oversight.handled import REPORTER
from models.oversight.violation_reports import ViolationReport, file_report, subject_named


def _report(
    session: Session,
    actor: Actor,
    *,
    subject: str,
    kind: str,
    item: str,
    facts: str,
    named: bool,
    name: str,
    contact: str,
    files: Sequence[File],
) -> ViolationReport:
    found = newest_items(session, [item]).get(item) if item else None
    made = file_report(
        session,
        subject=subject_named(session, subject),
        kind=kind,
        facts=facts,
        named=named,
        name=name,
        contact=contact,
        reporter=actor,
        department=found.department if found else None,
        item_code=found.code if found else None,
    )
    hand_in_all(session, REPORTER, made, files)
    return made


def _complain(session: Session, actor: Actor, *, about: str, claim: str, files: Sequence[File]) -> Complaint:
    if actor.user_id is None:
        raise NotAllowed(N_("投诉要先登录:只有合同或者中选结果的一方才能投诉。举报不需要登录。"))
    made = file_complaint(session, actor, about=about, claim=claim)
    hand_in_all(session, actor, made, files)
    return made


@with_files
@action
def report(
    session: Session,
    actor: Actor,
    *,
    subject: str,
    kind: str,
    item: str = "",
    facts: str,
    named: bool = False,
    name: str = "",
    contact: str = "",
    files: Sequence[File] = (),
) -> str:
    """Anybody reports a violation, signed in or not, named or not. Returns the report's identifier."""
    told = {"subject": subject, "kind": kind, "item": item, "facts": facts}
    who = {"named": named, "name": name, "contact": contact}
    return _report(session, actor, **told, **who, files=files).identifier  # type: ignore[arg-type]


@with_files
@action
def complain(session: Session, actor: Actor, *, about: str, claim: str, files: Sequence[File] = ()) -> str:
    """A party of a contract or an award asks for mediation. Returns the complaint's identifier."""
    return _complain(session, actor, about=about, claim=claim, files=files).identifier


@with_files
@action
def file_both(
    session: Session,
    actor: Actor,
    *,
    about: str,
    claim: str,
    subject: str,
    kind: str,
    item: str = "",
    facts: str,
    named: bool = False,
    name: str = "",
    contact: str = "",
    files: Sequence[File] = (),
) -> str:
    """One paper that holds both: two cases in one act, each naming the other to its handlers only.

    Each has the files. Returns the report's identifier; whoever complained finds the complaint in its list.
    """
    complaint = _complain(session, actor, about=about, claim=claim, files=files)
    told = {"subject": subject, "kind": kind, "item": item, "facts": facts}
    who = {"named": named, "name": name, "contact": contact}
    made = _report(session, actor, **told, **who, files=files)  # type: ignore[arg-type]
    complaint.sibling, made.sibling = made.identifier, complaint.identifier
    return made.identifier


def file_paper(actor: Actor, *, wants: Sequence[str], submission: object = "", **told: object) -> str:
    """What somebody wants, by what was ticked: `settle`, `report`, or both."""
    keys = {
        "settle": ("about", "claim", "files"),
        "report": ("subject", "kind", "item", "facts", "named", "name", "contact", "files"),
    }
    if not wants or set(wants) - keys.keys():
        raise RuleViolation(N_("请选择您想要什么。"), "wants")
    asked = {key: told[key] for want in wants for key in keys[want] if key in told}
    act = file_both if len(set(wants)) > 1 else report if "report" in wants else complain
    return act(actor, **asked, submission=submission)
