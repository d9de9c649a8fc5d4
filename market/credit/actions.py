"""Keeping scores in step with the records behind them, and deciding on proposed records."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.transaction import action
from models import CASES, credit
from models.accounts import Organisation
from models.actors import Actor
from models.credit import CreditRecord
from models.events import Event
from models.workflow import perform

# The acts that add or change a record a score is made of.
COUNTED = {
    "rating.publish",
    "contract.complete",
    "deliverable.submit",
    "deliverable.pass",
    "deliverable.send_back",
}


def agencies_scored(session: Session, happened: list[Event]) -> set[int]:
    """The agencies whose score these events touch."""
    agencies: set[int] = set()
    for kind in {e.case_type for e in happened if e.kind in COUNTED}:
        case_class = CASES[kind]
        column = case_class.ratee_id if kind == "rating" else case_class.agency_id  # type: ignore[attr-defined]
        named = {e.case_identifier for e in happened if e.kind in COUNTED and e.case_type == kind}
        agencies |= set(session.scalars(select(column).where(case_class.identifier.in_(named))))
    kinds = select(Organisation.id).where(Organisation.id.in_(agencies), Organisation.kind == "agency")
    return set(session.scalars(kinds))


def refresh_scores(session: Session, happened: list[Event]) -> None:
    """Event handler: compute these agencies' sheets from the records as they stand now."""
    for agency_id in sorted(agencies_scored(session, happened)):
        credit.refresh(session, agency_id)


def refresh_every_score(session: Session) -> int:
    """Compute every agency's sheet: ratings fade by the day. Returns how many."""
    agencies = session.scalars(select(Organisation.id).where(Organisation.kind == "agency")).all()
    for agency_id in agencies:
        credit.refresh(session, agency_id)
    return len(agencies)


@action
def drop_record(session: Session, actor: Actor, identifier: str, *, reason: str) -> str:
    """The regulator does not take a proposed record up."""
    record = CreditRecord.load(session, identifier, lock=True)
    perform(session, record, "drop", actor, reason=reason)
    return identifier
