"""What an operator may do outside the tables, always with a reason and on the record."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.timekeeping import surely
from market.transaction import action
from models import CASES, clock, events, workflow
from models.actors import Actor
from models.errors import NotFound, RuleViolation
from models.failures import Failure
from models.i18n import N_


@surely
@action
def override(
    session: Session, actor: Actor, *, case_type: str, identifier: str, target: str, reason: str
) -> str:
    """An administrator moves a case to another state. Returns the case's identifier."""
    if case_type not in CASES:
        raise RuleViolation(N_("请选择一项。"), "case_type")
    case = CASES[case_type].lock(session, identifier.strip())
    workflow.override(session, case, target, actor, reason)
    return case.identifier


@action
def try_again(session: Session, actor: Actor, number: int) -> str:
    """An administrator has something the jobs could not do tried again now.

    The event wakes whichever of them it was.
    """
    failure = session.get(Failure, number, with_for_update=True)
    if failure is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=str(number))
    failure.next_at = clock.now()
    events.record(
        session,
        actor,
        "failure.retry",
        failure.case_type or "failure",
        failure.case_identifier or str(number),
        audience="internal",
        data={"what": failure.what, "act": failure.act},
    )
    return str(number)
