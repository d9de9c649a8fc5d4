"""A regulator's view of its area, and what an administrator looks after."""

from market.oversight.blueprint import bp
from market.oversight.jobs import following
from market.oversight.views import admin, agencies, area, complaints, filing, handling, restricted

__all__ = ["admin", "agencies", "area", "bp", "complaints", "filing", "following", "handling", "restricted"]
