"""Which agencies may answer a tender, and which tenders an agency may answer: the rule of a quote, both ways.

The rule itself is `eligibility.check_eligible`, asked here of many at once: of the agencies with a fee in
force for the item, a few hundred at a time, or of one agency for each item it has a fee for.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from models import clock
from models.accounts import Organisation
from models.agencies import eligibility
from models.agencies.fees import FeeSchedule, schedules_in_force
from models.agencies.serving import wants_to_hear
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract
from models.credit import abandoned, restrictions
from models.credit.restrictions import ENGAGED
from models.errors import RuleViolation
from models.sourcing.modes import MODES
from models.sourcing.tenders import Invitation, Tender


def able_agencies(session: Session, tender: Tender, after: int, most: int) -> tuple[list[int], int | None]:
    """Agencies that may answer an open tender, of the next `most` with a fee in force for its item.

    An agency may answer in the whole market (一地入驻、全省通行), but one that said where it serves is asked
    for no work elsewhere. `after` is the agency up to which they were looked at; the second value is where to
    go on, None at the end. In a few statements, however many.
    """
    offering = (
        select(FeeSchedule.agency_id)
        .where(
            FeeSchedule.item_code == tender.item.code,
            FeeSchedule.effective_from <= clock.today(),
            FeeSchedule.agency_id > after,
        )
        .distinct()
        .order_by(FeeSchedule.agency_id)
        .limit(most)
    )
    keys = list(session.scalars(offering))
    agencies = session.scalars(
        select(Organisation).where(
            Organisation.id.in_(keys), Organisation.id != tender.buyer_id, wants_to_hear(tender.region_code)
        )
    ).all()
    pairs = [(agency, tender.item) for agency in agencies]
    problems = eligibility.unfit(session, pairs, tender.way.activity, *ENGAGED)
    able = [agency for agency, problem in zip(agencies, problems, strict=True) if problem is None]
    barred = abandoned.barred(session, [agency.id for agency in able], tender) if able else set()
    return [agency.id for agency in able if agency.id not in barred], keys[-1] if len(keys) == most else None


def answerable(session: Session, agency: Organisation) -> ColumnElement[bool]:
    """The tenders an agency may answer now: published, before their deadline, open or inviting it.

    Their item is one it may take on, and they do not run again what it was awarded and did not sign.
    """
    offered = [schedule.item_code for schedule in schedules_in_force(session, agency_id=agency.id)]
    items = list(session.scalars(select(ServiceItem).where(ServiceItem.code.in_(offered))))
    stops = {each.activity for each in restrictions.of(session, [agency])[agency.id]}
    problems = eligibility.unfit(session, [(agency, item) for item in items])
    fit = [item.id for item, problem in zip(items, problems, strict=True) if problem is None]
    if not fit:
        return false()
    invited = select(Invitation.tender_id).where(Invitation.agency_id == agency.id)
    found = and_(
        Tender.state == "published",
        Tender.mode.in_([name for name, mode in MODES.items() if mode.activity not in stops]),
        Tender.deadline >= clock.now(),
        Tender.item_id.in_(fit),
        Tender.buyer_id != agency.id,
        or_(Tender.openness == "open", Tender.id.in_(invited)),
    )
    return and_(found, Tender.id.not_in(_run_again(session, agency, found)))


def _run_again(session: Session, agency: Organisation, found: ColumnElement[bool]) -> list[int]:
    """Those among them that it may not answer, since it left an earlier run unsigned.

    Looked at one by one: tenders, open now, of buyers with whom it left a contract unsigned.
    """
    left = select(Contract.buyer_id).where(
        Contract.agency_id == agency.id, Contract.state == "terminated", Contract.signed_at.is_(None)
    )
    tenders = session.scalars(select(Tender).where(found, Tender.buyer_id.in_(left))).unique()
    return [tender.id for tender in tenders if _barred(session, agency, tender)]


def _barred(session: Session, agency: Organisation, tender: Tender) -> bool:
    try:
        abandoned.check_rerun(session, agency, tender)
    except RuleViolation:
        return True
    return False
