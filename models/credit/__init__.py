"""Credit: an agency's score from the records behind it, and records proposed about it."""

from models.credit.abandoned import Abandoned, abandoned_by, check_rerun
from models.credit.records import RECORDS, CreditRecord, propose, recorded
from models.credit.score import (
    GRADES,
    LINES,
    CreditScore,
    Evidence,
    ScoreLine,
    Sheet,
    decay,
    of_agencies,
    of_agency,
    raises,
    refresh,
    sheet,
    shrunk_mean,
    store_score,
    stored_score,
)
from models.credit.trend import Quarter, quarters

__all__ = [
    "GRADES",
    "LINES",
    "RECORDS",
    "Abandoned",
    "CreditRecord",
    "CreditScore",
    "Evidence",
    "Quarter",
    "ScoreLine",
    "Sheet",
    "abandoned_by",
    "check_rerun",
    "decay",
    "of_agencies",
    "of_agency",
    "propose",
    "quarters",
    "raises",
    "recorded",
    "refresh",
    "sheet",
    "shrunk_mean",
    "store_score",
    "stored_score",
]
