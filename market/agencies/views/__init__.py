"""Finding agencies, their public page, how they enter, what they publish, and checks of them."""

from market.agencies.views import accounts, checks, entry, find, imports, public, publishing
from market.agencies.views.rooms import rooms

ACCOUNT_ACTS, ACTS, CHECK_ACTS = accounts.ACCOUNT_ACTS, public.ACTS, checks.CHECK_ACTS

__all__ = ["ACCOUNT_ACTS", "ACTS", "CHECK_ACTS", "entry", "find", "imports", "publishing", "rooms"]
