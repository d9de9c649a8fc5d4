"""Tenders, what answers them, and awards on pages."""

from market.sourcing.blueprint import bp
from market.sourcing.views import answers, auction, awards, drafting, evaluations, listing, searches, tenders

__all__ = ["answers", "auction", "awards", "bp", "drafting", "evaluations", "listing", "searches", "tenders"]
