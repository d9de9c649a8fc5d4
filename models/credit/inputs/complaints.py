"""The contracts that ended without a dispute decided against the agency, and the reports found true.

A report that was found true counts as one that did not; where it was proposed as a credit record only while
that is in force, so that it is gone with the record's repair (信用修复管理办法).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.contracts.agreement import Contract
from models.contracts.disputes import Dispute
from models.credit.evidence import Evidence, Found, Input, share
from models.credit.policy import CreditPolicy
from models.credit.records import CreditRecord, in_force_at
from models.i18n import N_
from models.oversight.violation_reports import ViolationReport, found_at


def _gather(session: Session, _rules: CreditPolicy, agencies: Sequence[int], until: datetime) -> Found:
    found: dict[int, dict[str, Evidence]] = {key: {} for key in agencies}
    over = select(Contract.agency_id, Contract.id, Contract.identifier, Contract.completed_at).where(
        Contract.agency_id.in_(agencies), Contract.completed_at <= until
    )
    for agency, key, contract, at in session.execute(over.order_by(Contract.id)):
        if at is not None:
            found[agency][contract] = Evidence(contract, at, 1.0, contract=key)
    against = (
        select(Dispute.agency_id, Contract.id, Contract.identifier, Dispute.identifier, Dispute.decided_at)
        .join(Contract, Contract.id == Dispute.contract_id)
        .where(Dispute.agency_id.in_(agencies), Dispute.fault == "agency", Dispute.decided_at <= until)
    )
    for agency, key, contract, dispute, at in session.execute(against.order_by(Dispute.id)):
        if at is not None:
            found[agency][contract] = Evidence(dispute, at, 0.0, contract=key)
    reports = (
        select(ViolationReport.subject_id, ViolationReport.identifier, ViolationReport.answered_at)
        .outerjoin(CreditRecord, CreditRecord.identifier == ViolationReport.record)
        .where(
            ViolationReport.subject_id.in_(agencies),
            found_at(until),
            or_(ViolationReport.record == "", in_force_at(until)),
        )
    )
    for agency, report, at in session.execute(reports.order_by(ViolationReport.id)):
        if at is not None:
            found[agency][report] = Evidence(report, at, 0.0)
    return {key: list(of.values()) for key, of in found.items()}


INPUT = Input(
    "complaints",
    N_("争议"),
    N_("再完成一份没有争议责任的合同,加 %(points)s 分。"),
    "share",
    frozenset({"dispute.decide", "contract.complete", "violation_report.find", "violation_report.reopen"}),
    _gather,
    share,
    best=1.0,
)
