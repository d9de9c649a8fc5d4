"""A regulator's view of its area, and what an administrator looks after."""

from market.oversight.blueprint import bp
from market.oversight.views import admin, agencies, area, permit_times, restricted

__all__ = ["admin", "agencies", "area", "bp", "permit_times", "restricted"]
