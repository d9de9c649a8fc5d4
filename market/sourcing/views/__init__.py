"""Requests, what answers them, and awards on pages."""

from market.sourcing.blueprint import bp
from market.sourcing.views import answers, auction, awards, evaluations, requests

__all__ = ["answers", "auction", "awards", "bp", "evaluations", "requests"]
