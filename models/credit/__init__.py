"""Credit: an agency's score from the records behind it, and records proposed about it."""

from models.credit.forsaken import Left, check_rerun, left_behind
from models.credit.records import RECORDS, CreditRecord, propose, recorded
from models.credit.score import (
    GRADES,
    LINES,
    CreditScore,
    Evidence,
    ScoreLine,
    Sheet,
    decay,
    keep,
    kept,
    of_agencies,
    of_agency,
    raises,
    refresh,
    sheet,
    shrunk_mean,
)
from models.credit.trend import Quarter, quarters

__all__ = [
    "GRADES",
    "LINES",
    "RECORDS",
    "CreditRecord",
    "CreditScore",
    "Evidence",
    "Left",
    "Quarter",
    "ScoreLine",
    "Sheet",
    "check_rerun",
    "decay",
    "keep",
    "kept",
    "left_behind",
    "of_agencies",
    "of_agency",
    "propose",
    "quarters",
    "raises",
    "recorded",
    "refresh",
    "sheet",
    "shrunk_mean",
]
