"""Contracts on their pages: the contract itself, signing, keys, changes, templates, deliverables, reviews."""

from market.contracts.blueprint import bp
from market.contracts.views import cases, deliverables, keys, listing, reviews, show, templates

__all__ = ["bp", "cases", "deliverables", "keys", "listing", "reviews", "show", "templates"]
