"""Finding out about an agency: the regulator asks, the agency answers, the regulator decides."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.files import File, hand_in_all, with_files
from market.transaction import action
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.checks import CHECKS, Check
from models.credit.records import propose
from models.errors import RuleViolation
from models.i18n import N_
from models.workflow import perform, permit

# The agency is to explain itself, or to correct what it tells, within the policy's days.
ask = case_action(__name__, Check, "ask")


@with_files
@action
def answer(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    statement: str,
    files: Sequence[File] = (),
) -> str:
    """The agency's explanation, with papers where there are any."""
    check = Check.lock(session, identifier)
    permit(session, check, "answer", actor)
    if len(statement.strip()) < 5:
        raise RuleViolation(N_("请说明情况(至少 5 个字)。"), "statement")
    perform(session, check, "answer", actor, reason=statement)
    hand_in_all(session, actor, check, files)
    return identifier


# The agency did not answer in time; the regulator decides on what there is.
lapse = case_action(__name__, Check, "lapse")


# Nothing is wrong, or no longer.
clear = case_action(__name__, Check, "clear")


@action
def confirm(session: Session, actor: Actor, identifier: str, *, reason: str, suspend: bool = False) -> str:
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
