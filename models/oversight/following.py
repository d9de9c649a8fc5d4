"""Red flags follow what happens: a tender that was opened or awarded, a deliverable that was accepted."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock, policy
from models.accounts import Organisation
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.events import Event
from models.oversight import flagging
from models.sourcing.tenders import Tender

# After which a tender may be read, or has another winner.
ACTS = frozenset(
    f"tender.{act}"
    for act in ("open", "evaluate", "end_auction", "publish_scores", "award", "contract", "reopen", "fail")
)


def look_for_signs(session: Session, happened: list[Event]) -> None:
    """Event handler: compute the flags of what these events touched, as it stands now."""
    rules, now = policy.current(), clock.now()
    tenders = _named(happened, ACTS)
    for tender in session.scalars(
        select(Tender).where(Tender.identifier.in_(tenders)).order_by(Tender.id)
    ).unique():
        flagging.flag_tender(session, rules, tender, now)
    accepted = _named(happened, {"deliverable.accept"})
    agencies = (
        select(Contract.agency_id)
        .join(Deliverable, Deliverable.contract_id == Contract.id)
        .where(Deliverable.identifier.in_(accepted))
    )
    for agency in session.scalars(
        select(Organisation).where(Organisation.id.in_(agencies)).order_by(Organisation.id)
    ).unique():
        flagging.flag_acceptance(session, rules, agency, now)


def _named(happened: Iterable[Event], kinds: Iterable[str]) -> set[str]:
    return {event.case_identifier for event in happened if event.kind in kinds}
