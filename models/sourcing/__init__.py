"""Sourcing: a buyer's tender, what agencies answer to it, and the award that comes of it."""

from models.sourcing.answers import answers_to, concerned, live_answers, participants_of, shown_to
from models.sourcing.awards import Award, Objection
from models.sourcing.bids import Bid, LivePrice, lowest, step
from models.sourcing.cancelling import (
    ENDED,
    NOT_AGAIN,
    Ground,
    check_ground,
    fruitless,
    ground_of,
    grounds,
    rerun_of,
    settle_repeats,
)
from models.sourcing.clarifications import Clarification, clarifications_for
from models.sourcing.comparison import Quartiles, past_prices
from models.sourcing.evaluations import Evaluation
from models.sourcing.modes import FUNDS, MODES, OPENNESS, TOO_FEW, Mode, Rules, planned_draws, rules_of
from models.sourcing.of_tender import PARTIES, OfTender
from models.sourcing.outcomes import Link, Outcome, Reference
from models.sourcing.projects import same_project
from models.sourcing.quotes import (
    Offer,
    Quote,
    add_offer,
    check_offer,
    check_terms,
    restore_offer,
    reveal,
    seal_terms,
    sealed_terms,
)
from models.sourcing.tender_workflow import TENDER
from models.sourcing.tenders import Invitation, Tender

__all__ = [
    "ENDED",
    "FUNDS",
    "MODES",
    "NOT_AGAIN",
    "OPENNESS",
    "PARTIES",
    "TENDER",
    "TOO_FEW",
    "Award",
    "Bid",
    "Clarification",
    "Evaluation",
    "Ground",
    "Invitation",
    "Link",
    "LivePrice",
    "Mode",
    "Objection",
    "OfTender",
    "Offer",
    "Outcome",
    "Quartiles",
    "Quote",
    "Reference",
    "Rules",
    "Tender",
    "add_offer",
    "answers_to",
    "check_ground",
    "check_offer",
    "check_terms",
    "clarifications_for",
    "concerned",
    "fruitless",
    "ground_of",
    "grounds",
    "live_answers",
    "lowest",
    "participants_of",
    "past_prices",
    "planned_draws",
    "rerun_of",
    "restore_offer",
    "reveal",
    "rules_of",
    "same_project",
    "seal_terms",
    "sealed_terms",
    "settle_repeats",
    "shown_to",
    "step",
]
