"""A regulator's view of its area, and what an administrator looks after."""

from market.oversight.blueprint import bp
from market.oversight.views import admin, agencies, area, red_flags, restricted

__all__ = ["admin", "agencies", "area", "bp", "red_flags", "restricted"]
