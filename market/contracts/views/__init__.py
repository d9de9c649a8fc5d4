"""Contracts on their pages: the contract itself, signing and keys, changes, templates, reviews."""

from market.contracts.views import cases, keys, reviews, show, templates
from market.contracts.views.rooms import rooms

__all__ = ["cases", "keys", "reviews", "rooms", "show", "templates"]
