"""Finding agencies, their public page, how they enter, what they publish, and checks of them."""

from market.agencies.views import checks, entry, find, imports, public, publishing
from market.agencies.views.rooms import rooms

ACTS, CHECK_ACTS = public.ACTS, checks.CHECK_ACTS

__all__ = ["ACTS", "CHECK_ACTS", "entry", "find", "imports", "publishing", "rooms"]
