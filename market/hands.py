"""In whose hands a matter lies, drawn: of one contract on its page, of many in a regulator's figures."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from markupsafe import Markup

from market.charts import rows as row_chart
from market.formatting import format_days
from models.oversight.permit_times import HANDS


def hands_chart(held: Mapping[str, float], title: str) -> Markup:
    """Days in each one's hands; `held` are seconds by hand."""
    return row_chart([(_(HANDS[hand]), seconds) for hand, seconds in held.items()], title, said=format_days)
