"""Requests, what answers them, and awards on pages."""

from market.sourcing.views import answers, auction, awards, evaluations, requests
from market.sourcing.views.rooms import rooms

__all__ = ["answers", "auction", "awards", "evaluations", "requests", "rooms"]
