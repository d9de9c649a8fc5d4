"""Whether a deliverable came in time, and by how much it did not; what never came is the latest of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from models.credit.deliveries import Delivered, delivered, next_workday
from models.credit.evidence import Evidence, Found, Input, share
from models.credit.policy import CreditPolicy
from models.i18n import N_


def worth(rules: CreditPolicy, late_days: int | None) -> float:
    """What a deliverable is worth that is so many working days late; None: its contract ended without it.

    0 in time: 1; the first day takes the policy's `first_day`, the rest goes evenly until `nothing_days`.
    """
    first, nothing = (float(rules.rate(f"inputs.on_time.{key}")) for key in ("first_day", "nothing_days"))
    if late_days is None or late_days >= nothing:
        return 0.0
    return 1.0 if late_days <= 0 else (1 - first) * (nothing - late_days) / (nothing - 1)


def _evidence(rules: CreditPolicy, each: Delivered, until: datetime) -> Evidence:
    """What is overdue counts by its lateness so far, until the next working day makes it one day later.

    What is late by no whole working day yet is in the first day of its lateness.
    """
    assert each.counted_at is not None
    late = each.late_days if each.in_time or each.late_days is None else max(each.late_days, 1)
    value = worth(rules, late)
    facts = {"in_time": each.in_time, "late_days": each.late_days, "open": each.open}
    later = next_workday(until) if each.open and value > 0 else None
    return Evidence(
        each.contract,
        each.counted_at,
        value,
        facts=facts,
        contract=each.contract_id,
        holds_until=later,
    )


def _gather(session: Session, rules: CreditPolicy, agencies: Sequence[int], until: datetime) -> Found:
    found: dict[int, list[Evidence]] = {key: [] for key in agencies}
    for each in delivered(session, agencies, until):
        if each.counted_at is not None:
            found[each.agency_id].append(_evidence(rules, each, until))
    return found


INPUT = Input(
    "on_time",
    N_("按期提交率"),
    N_("再有一份成果按期提交,加 %(points)s 分;报价时写能做到的工期,迟了尽早交,越迟扣得越多。"),
    "share",
    frozenset(
        {
            "deliverable.submit",
            "deliverable.lapse",
            "deliverable.extend",
            "deliverable.cancel",
            "contract.end",
        }
    ),
    _gather,
    share,
    best=1.0,
    numbers={"first_day": (0, 1), "nothing_days": (1, 1000)},
)
