"""A chosen agency that lost its standing, a certificate or its fees before it signed.

The buyer is told why, and what it may do.
"""

from __future__ import annotations

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models import agencies, events, policy
from models.accounts import Organisation
from models.actors import SYSTEM
from models.contracts import Contract
from models.contracts.agreement import UNSIGNED
from models.errors import RuleViolation, serialize_problem
from models.events import Event
from models.sourcing import Award

_MADE = ("award.propose", "award.finalise")


def watch(session: Session, happened: list[Event]) -> None:
    """Event handler: look again at the awards of agencies about which something changed.

    As long as their contracts are not signed. It is said once that an agency may not sign, and once that it
    may again.
    """
    concerned = {event.case_identifier for event in happened if event.case_type == "organisation"}
    made = {event.case_identifier for event in happened if event.kind in _MADE}
    if not concerned and not made:
        return
    waiting = (
        select(Award)
        .outerjoin(Contract, Contract.award_id == Award.id)
        .join(Organisation, Organisation.id == Award.agency_id)
        .where(
            or_(
                Award.state.in_(("proposed", "objected")),
                and_(Award.state == "final", Contract.state.in_(UNSIGNED)),
            )
        )
        .where(or_(Organisation.identifier.in_(concerned), Award.identifier.in_(made)))
        .order_by(Award.id)
    )
    awards = list(
        session.scalars(waiting.with_for_update(of=Award).execution_options(populate_existing=True)).unique()
    )
    for award, problem in zip(
        awards, agencies.unfit(session, [(award.agency, award.tender.item) for award in awards]), strict=True
    ):
        _note(session, award, problem)


def _note(session: Session, award: Award, problem: RuleViolation | None) -> None:
    found = serialize_problem(problem) if problem else None
    if found == award.unfit:
        return
    was, award.unfit = award.unfit, found
    if was is not None and found is not None:  # for another reason than before
        return
    follows = policy.get(award.policy_version).text("contract.unfit_follows")
    events.record(
        session,
        SYSTEM,
        "award.unfit" if problem else "award.fit",
        "award",
        award.identifier,
        data={
            "title": award.title,
            "agency": award.agency.name,
            **({"problem": found, "follows": follows} if problem else {}),
        },
        notify=[award.buyer_id, award.agency_id],
    )
