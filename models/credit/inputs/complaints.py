"""The contracts that ended without a dispute decided against the agency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.contracts.agreement import Contract
from models.contracts.disputes import Dispute
from models.credit.evidence import Evidence, Found, Input, share
from models.credit.policy import CreditPolicy
from models.i18n import N_


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
    return {key: list(of.values()) for key, of in found.items()}


INPUT = Input(
    "complaints",
    N_("争议"),
    N_("再完成一份没有争议责任的合同,加 %(points)s 分。"),
    "share",
    frozenset({"dispute.decide", "contract.complete"}),
    _gather,
    share,
    best=1.0,
)
