"""The steps in which a draft is told, and what it still lacks before it can be published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from models.errors import RuleViolation
from models.i18n import N_

if TYPE_CHECKING:
    from models.sourcing.tenders import Tender

STEPS = {
    "what": N_("要什么、在哪里"),
    "size": N_("有多大"),
    "choice": N_("怎么选"),
    "whom": N_("请谁、到什么时候"),
}
UNTOLD = "told"  # the field of what a draft lacks because a step of it was not told
_FIELDS = {
    "what": {"item_code", "region_code", "project", "again_of", "description"},
    "size": {"amount", "count", "factor"},
    "whom": {"invited", "deadline", "wanted_on"},
}


def step_of(field: str | None) -> str:
    """The step at which a field is filled in."""
    return next((step for step, fields in _FIELDS.items() if field in fields), "choice")


def untold(tender: Tender) -> list[str]:
    """The steps a draft was not told yet, in order; what was begun before there were steps has none."""
    return [] if tender.told is None else [step for step in STEPS if step not in tender.told]


def lacking(session: Session, tender: Tender) -> list[tuple[str, RuleViolation | None]]:
    """What keeps a draft from being published.

    Each with the step where it is put right: None for one that was not told, else the rule it would break.
    """
    found: list[tuple[str, RuleViolation | None]] = [(step, None) for step in untold(tender)]
    waiting = {step for step, _problem in found}
    for rule in tender.workflow.find("draft", "publish").rules:
        try:
            rule(session, tender)
        except RuleViolation as problem:
            if problem.field == UNTOLD:  # each of them is there already
                continue
            if (step := step_of(problem.field)) not in waiting:
                found.append((step, problem.with_traceback(None)))  # which would hold all that was read
    order = list(STEPS)
    return sorted(found, key=lambda each: order.index(each[0]))
