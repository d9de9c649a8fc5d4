"""Contracts on their pages.

The contract itself, signing and keys, changes and disputes, templates, reviews.
"""

from market.contracts.views import cases, keys, reviews, show, templates
from market.contracts.views.cases import CHANGE_ACTS, DELIVERABLE_ACTS, DISPUTE_ACTS, MATERIALS_ACTS
from market.contracts.views.rooms import rooms
from market.contracts.views.show import ACTS

__all__ = [
    "ACTS",
    "CHANGE_ACTS",
    "DELIVERABLE_ACTS",
    "DISPUTE_ACTS",
    "MATERIALS_ACTS",
    "cases",
    "keys",
    "reviews",
    "rooms",
    "show",
    "templates",
]
