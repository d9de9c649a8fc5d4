"""Awards that came to nothing through the agency, and work that never came.

What the next buyer sees, and who may not answer a re-run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Exists, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased, lazyload

from models import clock, policy
from models.accounts import Organisation
from models.agencies.related_parties import SAID, linked, linked_to
from models.catalogue import ServiceItem
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.credit.records import CreditRecord
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.projects import same_project
from models.sourcing.tenders import Tender

_FAILED = ("agency", "both")
WALKED_AWAY = ("given_up", "unsigned")  # the kinds of record of an award that came to nothing


@dataclass
class Abandoned:
    """What an agency left behind in the policy's days.

    Contracts it won and did not sign (none for which the regulator found it not to blame), newest first, and
    deliverables that never came. These are facts of contracts: what is held against it for them is decided
    apart, and shows when it was.
    """

    unsigned: list[Contract] = field(default_factory=list)
    undelivered: list[Deliverable] = field(default_factory=list)


def abandoned_by(session: Session, agency_ids: list[int]) -> dict[int, Abandoned]:
    """What each of these agencies left behind, in two statements."""
    found = {key: Abandoned() for key in agency_ids}
    since = clock.now() - timedelta(days=policy.current().number("credit.facts_days"))
    lost = select(Contract).where(
        Contract.agency_id.in_(agency_ids),
        Contract.signed_at.is_(None),
        Contract.unsigned_by.in_(_FAILED),
        ~not_to_blame(clock.now()),
        Contract.created_at >= since,
    )
    for contract in session.scalars(lost.order_by(Contract.id.desc()).options(lazyload("*"))):
        found[contract.agency_id].unsigned.append(contract)
    never = select(Deliverable).where(
        Deliverable.agency_id.in_(agency_ids),
        Deliverable.submitted_at.is_(None),
        Deliverable.missed_at >= since,
    )
    for deliverable in session.scalars(never.order_by(Deliverable.id.desc()).options(lazyload("*"))):
        if deliverable.on_time is False:
            found[deliverable.agency_id].undelivered.append(deliverable)
    return found


def check_rerun(session: Session, agency: Organisation, tender: Tender) -> None:
    """RuleViolation if the agency, or one linked with it, won an earlier run of this and did not sign.

    Unless the fact was dropped. An earlier run is the one it was made from, any before that, or one of the
    same buyer for the same item under the same project name.
    """
    runs = _left_unsigned(session, tender)
    if agency.id in runs:
        raise RuleViolation(
            N_("贵机构曾中选这项采购而没有签订合同(%(contract)s),不能参加它的重新采购。"),
            contract=runs[agency.id],
        )
    for group in linked(session, [agency.id, *runs], tender.policy_version) if runs else []:
        if agency.id in group.agencies and SAID not in group.ties:
            contract = next(runs[key] for key in group.agencies if key in runs)
            raise RuleViolation(
                N_(
                    "与贵机构有关联的机构曾中选这项采购而没有签订合同(%(contract)s),贵机构不能参加它的重新采购。"
                ),
                contract=contract,
            )


def barred(session: Session, agency_ids: list[int], tender: Tender) -> set[int]:
    """Those of these agencies that `check_rerun` refuses, in as many statements as for one."""
    runs = _left_unsigned(session, tender)
    if not runs:
        return set()
    others = [key for key in agency_ids if key not in runs]
    return (set(agency_ids) & set(runs)) | linked_to(session, others, runs, tender.policy_version)


def not_to_blame(at: datetime) -> Exists:
    """Whether the agency of a contract had been found not to be at fault by an instant.

    The newest record of its walking away was not upheld, or revoked.
    """
    other, newest = aliased(CreditRecord), aliased(CreditRecord)

    def about(record: type[CreditRecord]) -> ColumnElement[bool]:
        return and_(
            record.source_identifier == Contract.identifier,
            record.subject_id == Contract.agency_id,
            record.kind.in_(WALKED_AWAY),
            record.proposed_at <= at,
        )

    dropped = and_(newest.state == "dropped", or_(newest.decided_at.is_(None), newest.decided_at <= at))
    later = exists().where(about(other), other.id > newest.id)
    return exists().where(about(newest), or_(dropped, newest.revoked_at <= at), ~later)


def _left_unsigned(session: Session, tender: Tender) -> dict[int, str]:
    """Whoever won an earlier run of a tender and did not sign, with the contract."""
    lost = (
        select(Contract.identifier, Contract.agency_id, Tender.identifier, Tender.project, ServiceItem.code)
        .join(Tender, Tender.id == Contract.tender_id)
        .join(ServiceItem, ServiceItem.id == Tender.item_id)
        .where(Contract.buyer_id == tender.buyer_id, Contract.state == "terminated")
        .where(Contract.signed_at.is_(None), Contract.unsigned_by.in_(_FAILED), ~not_to_blame(clock.now()))
    )
    rows = session.execute(lost).all()
    before = _before(session, tender) if rows else set()
    return {
        winner: contract
        for contract, winner, run, project, item in rows
        if run in before or (item == tender.item.code and same_project(project, tender.project))
    }


def _before(session: Session, tender: Tender) -> set[str]:
    """The tenders this one runs again, by what was found and by what its buyer said, in one statement."""
    runs = (
        select(Tender.identifier, Tender.again_of, Tender.again_said)
        .where(Tender.id == tender.id)
        .cte("runs", recursive=True)
    )
    above = or_(Tender.identifier == runs.c.again_of, Tender.identifier == runs.c.again_said)
    runs = runs.union(select(Tender.identifier, Tender.again_of, Tender.again_said).where(above))
    return set(session.scalars(select(runs.c.identifier))) - {tender.identifier}
