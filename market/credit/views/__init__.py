"""The ranking, scores, the policy, how buyers keep their word, and credit records."""

from market.credit.blueprint import bp
from market.credit.views import (
    buyers,
    external,
    fetches,
    listings,
    meanings,
    policy,
    ranking,
    record_lists,
    records,
    report,
    score,
    signals,
)

__all__ = [
    "bp",
    "buyers",
    "external",
    "fetches",
    "listings",
    "meanings",
    "policy",
    "ranking",
    "record_lists",
    "records",
    "report",
    "score",
    "signals",
]
