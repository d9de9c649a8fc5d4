"""Finding out about an agency: the regulator asks, the agency answers, the regulator decides."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.files import hand_in, with_file
from market.transaction import action
from models.accounts import Organisation
from models.actors import Actor
from models.agencies import CHECKS, Check
from models.credit import propose
from models.errors import RuleViolation
from models.i18n import N_
from models.workflow import perform, permit


@action
def ask_agency(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """The agency is to explain itself, or to correct what it tells, within the policy's days."""
    check = Check.lock(session, identifier)
    perform(session, check, "ask", actor, reason=reason)
    return identifier


@with_file
@action
def answer_check(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    statement: str,
    file_name: str = "",
    content: bytes = b"",
) -> str:
    """The agency's explanation, with a paper where there is one."""
    check = Check.lock(session, identifier)
    permit(session, check, "answer", actor)
    if len(statement.strip()) < 5:
        raise RuleViolation(N_("请说明情况(至少 5 个字)。"), "statement")
    perform(session, check, "answer", actor, reason=statement)
    if content:
        hand_in(session, actor, check, file_name, content)
    return identifier


@action
def lapse_check(session: Session, actor: Actor, identifier: str) -> str:
    """The agency did not answer in time; the regulator decides on what there is."""
    check = Check.lock(session, identifier)
    perform(session, check, "lapse", actor)
    return identifier


@action
def clear_check(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """Nothing is wrong, or no longer."""
    check = Check.lock(session, identifier)
    perform(session, check, "clear", actor, reason=reason)
    return identifier


@action
def confirm_check(
    session: Session, actor: Actor, identifier: str, *, reason: str, suspend: bool = False
) -> str:
    """It is so: a credit record is proposed.

    Where the regulator says so the agency's work is suspended, too.
    """
    check = Check.lock(session, identifier)
    perform(session, check, "confirm", actor, reason=reason)
    agency = Organisation.lock(session, check.agency.identifier)
    propose(session, actor, agency, check.kind, f"{CHECKS[check.kind]}。{reason.strip()}", identifier)
    if suspend and agency.state == "verified":
        perform(session, agency, "suspend", actor, reason=reason)
    return identifier
