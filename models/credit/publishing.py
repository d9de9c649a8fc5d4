"""A sheet as it is published: all that is needed to reckon it again (docs/replay_score.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.accounts import Organisation
from models.credit.evidence import Sheet
from models.credit.inputs import inputs
from models.credit.policy import CreditPolicy

FORMULA = "gongxin-credit-2"


def published(agency: Organisation, sheet: Sheet, rules: CreditPolicy, at: datetime) -> dict[str, Any]:
    """The numbers of the policy, the records of each input, what they came to; times as ISO 8601."""
    return {
        "formula": FORMULA,
        "agency": {"id": agency.identifier, "name": agency.name, "uscc": agency.uscc},
        "as_of": at.isoformat(),
        "policy": {
            "name": rules.name,
            **{name: rules.values[name] for name in ("base", "least_evidence", "rating", "grades", "inputs")},
        },
        "settled": sheet.settled,
        "failed": sheet.failed,
        "inputs": [
            {
                "name": line.name,
                "unit": inputs()[line.name].unit,
                "points": line.points,
                "evidence": [
                    {
                        "case": each.case_identifier,
                        "at": each.at.isoformat(),
                        "value": each.value,
                        **each.facts,
                    }
                    for each in line.evidence
                ],
            }
            for line in sheet.lines
        ],
        "score": sheet.score,
        "half_width": sheet.half_width,
        "grade": sheet.grade,
    }
