"""A regulator's view of its area, and what an administrator looks after."""

from market.oversight.blueprint import bp
from market.oversight.jobs import following
from market.oversight.views import (
    admin,
    agencies,
    area,
    complaints,
    filing,
    handling,
    permit_times,
    red_flags,
    restricted,
)

__all__ = [
    "admin",
    "agencies",
    "area",
    "bp",
    "complaints",
    "filing",
    "following",
    "handling",
    "permit_times",
    "red_flags",
    "restricted",
]
