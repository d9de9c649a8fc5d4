"""Whether a deliverable passed its review without a fault of the agency's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from models.credit.deliveries import delivered
from models.credit.evidence import Evidence, Found, Input, share
from models.credit.policy import CreditPolicy
from models.i18n import N_


def _gather(session: Session, _rules: CreditPolicy, agencies: Sequence[int], until: datetime) -> Found:
    found: dict[int, list[Evidence]] = {key: [] for key in agencies}
    for each in delivered(session, agencies, until):
        at = each.decided_at or each.missed_at
        if at is not None and each.first_pass is not None:
            found[each.agency_id].append(
                Evidence(each.contract, at, float(each.first_pass), contract=each.contract_id)
            )
    return found


INPUT = Input(
    "first_pass",
    N_("首次过审率"),
    N_("再有一份成果首次过审,加 %(points)s 分;提交前按验收清单自查。"),
    "share",
    frozenset({"deliverable.pass", "deliverable.send_back", "deliverable.cancel", "contract.end"}),
    _gather,
    share,
    best=1.0,
)
