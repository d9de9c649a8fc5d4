"""Requests, what answers them, and awards on pages."""

from market.sourcing.views import answers, auction, awards, evaluations, requests
from market.sourcing.views.rooms import rooms

BID_ACTS, QUOTE_ACTS = answers.BID_ACTS, answers.QUOTE_ACTS
AWARD_ACTS, OBJECTION_ACTS = awards.AWARD_ACTS, awards.OBJECTION_ACTS
REQUEST_ACTS, CLARIFICATION_ACTS = requests.REQUEST_ACTS, requests.CLARIFICATION_ACTS
EVALUATION_ACTS = evaluations.EVALUATION_ACTS

__all__ = [
    "AWARD_ACTS",
    "BID_ACTS",
    "CLARIFICATION_ACTS",
    "EVALUATION_ACTS",
    "OBJECTION_ACTS",
    "QUOTE_ACTS",
    "REQUEST_ACTS",
    "auction",
    "rooms",
]
