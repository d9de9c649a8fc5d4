"""The domain. Imports no Flask and nothing of market/ or search/.

Importing this package loads every table, so that `Base.metadata` and `CASES` are whole.
"""

from sqlalchemy import Index

from models import (
    accounts,
    agencies,
    batches,
    catalogue,
    claims,
    contracts,
    credit,
    documents,
    draws,
    events,
    factors,
    failures,
    heartbeats,
    identifiers,
    ledger,
    letters,
    notifications,
    payments,
    ratings,
    regions,
    reminders,
    sessions,
    signing,
    sourcing,
    submissions,
    timekeeping,
    uploads,
)
from models.base import Base
from models.workflow import Case

CASES: dict[str, type[Case]] = {
    case.workflow.name: case
    for case in (
        accounts.Organisation,
        claims.Claim,
        agencies.AccountChange,
        agencies.Check,
        sourcing.Tender,
        sourcing.Quote,
        sourcing.Bid,
        sourcing.Clarification,
        sourcing.Evaluation,
        sourcing.Award,
        sourcing.Objection,
        contracts.Contract,
        contracts.Materials,
        contracts.Deliverable,
        contracts.Change,
        contracts.Dispute,
        payments.Payment,
        payments.Payout,
        payments.Invoice,
        ratings.Rating,
        credit.CreditRecord,
    )
}

for _case in CASES.values():  # what is due is looked for every second, by the state its limit runs in
    Index(None, _case.state, _case.due_at)

__all__ = [
    "CASES",
    "Base",
    "accounts",
    "agencies",
    "batches",
    "catalogue",
    "claims",
    "contracts",
    "credit",
    "documents",
    "draws",
    "events",
    "factors",
    "failures",
    "heartbeats",
    "identifiers",
    "ledger",
    "letters",
    "notifications",
    "payments",
    "ratings",
    "regions",
    "reminders",
    "sessions",
    "signing",
    "sourcing",
    "submissions",
    "timekeeping",
    "uploads",
]
