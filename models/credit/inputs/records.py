"""The credit records in force: what was decided about an agency, with the points kept with each.

They are those of the policy under which it was proposed, as what it limits is: its subject was told of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from models.credit.evidence import Evidence, Found, Input, total
from models.credit.policy import CreditPolicy
from models.credit.records import in_force
from models.i18n import N_


def _gather(session: Session, rules: CreditPolicy, agencies: Sequence[int], until: datetime) -> Found:
    standing = in_force(session, list(agencies), until)
    return {
        key: [
            Evidence(
                each.identifier,
                each.in_force_from or each.proposed_at,
                each.points,
                holds_until=each.ends_at,
            )
            for each in standing.get(key, [])
        ]
        for key in agencies
    }


INPUT = Input(
    "records",
    N_("信用记录"),
    N_("信用记录 %(case)s 修复或者期满后,恢复 %(points)s 分。"),
    "points",
    frozenset(
        f"credit_record.{act}"
        for act in ("commend", "uphold", "repair", "expire", "revoke", "suspend", "resume")
    ),
    _gather,
    total,
    passing=True,
)
