"""What an operator may do outside the tables, always with a reason and on the record."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.transaction import action
from models import CASES, workflow
from models.actors import Actor
from models.text import N_, RuleBroken


@action
def override(session: Session, actor: Actor, *, case_type: str, identifier: str, target: str, reason: str) -> str:
    """An administrator moves a case to another state. Returns the case's identifier."""
    if case_type not in CASES:
        raise RuleBroken(N_("请选择一项。"), "case_type")
    case = CASES[case_type].load(session, identifier.strip(), lock=True)
    workflow.override(session, case, target, actor, reason)
    return case.identifier
