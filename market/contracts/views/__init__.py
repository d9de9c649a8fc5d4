"""Contracts on their pages: the contract itself, signing and keys, changes, templates, reviews."""

from market.contracts.blueprint import bp
from market.contracts.views import cases, keys, listing, reviews, show, templates

__all__ = ["bp", "cases", "keys", "listing", "reviews", "show", "templates"]
