"""The ranking, scores, and credit records."""

from market.credit.blueprint import bp
from market.credit.views import policy, ranking, record_lists, records, score

__all__ = ["bp", "policy", "ranking", "record_lists", "records", "score"]
