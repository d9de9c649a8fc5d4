"""Sourcing: a buyer's request, what agencies answer to it, and the award that comes of it."""

from models.sourcing.awards import Award, Quartiles, past_prices
from models.sourcing.offers import (
    PARTIES,
    Bid,
    Offer,
    Quote,
    add_offer,
    answers_to,
    cheapest,
    check_terms,
    live_answers,
    shown_to,
)
from models.sourcing.requests import FUNDS, MODES, OPENNESS, REQUEST, Invitation, Request

__all__ = [
    "FUNDS",
    "MODES",
    "OPENNESS",
    "PARTIES",
    "REQUEST",
    "Award",
    "Bid",
    "Invitation",
    "Offer",
    "Quartiles",
    "Quote",
    "Request",
    "add_offer",
    "answers_to",
    "cheapest",
    "check_terms",
    "live_answers",
    "past_prices",
    "shown_to",
]
