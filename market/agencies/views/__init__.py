"""Finding agencies, their public page, how they enter, what they publish, and checks of them."""

from market.agencies.views import accounts, checks, entry, find, imports, public, publishing
from market.agencies.views.rooms import rooms

__all__ = ["accounts", "checks", "entry", "find", "imports", "public", "publishing", "rooms"]
