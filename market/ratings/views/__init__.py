"""Ratings, what follows from a bad one, appeals; and the list of those who oversee them."""

from market.ratings.blueprint import bp
from market.ratings.views import cases, listing

__all__ = ["bp", "cases", "listing"]
