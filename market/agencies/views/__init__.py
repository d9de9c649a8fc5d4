"""Finding agencies, their public page, how they enter, what they publish, and checks of them."""

from market.agencies.blueprint import bp
from market.agencies.views import (
    accounts,
    checks,
    comparing,
    entry,
    find,
    imports,
    public,
    publishing,
    serving,
    shortlist,
)

__all__ = [
    "accounts",
    "bp",
    "checks",
    "comparing",
    "entry",
    "find",
    "imports",
    "public",
    "publishing",
    "serving",
    "shortlist",
]
