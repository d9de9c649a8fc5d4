"""竞价·最低价: the lowest sealed price wins."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models.i18n import N_
from models.sourcing.modes.mode import Example, Need, register
from models.sourcing.modes.sealed import SealedMode
from models.sourcing.outcomes import Outcome

if TYPE_CHECKING:
    from models.sourcing.bids import Bid


@register
class SealedBid(SealedMode):
    """Equals are parted by the draw alone."""

    name = "sealed_bid"
    label = N_("竞价·最低价")
    how = N_("密封投标,到时一起拆封,报价最低的中选。")
    order = 30
    example = Example({"private": 12, "state": 35}, "开启的投标中报价最低,工期满足要求。")

    def suits(self, need: Need) -> str:
        return N_("国有资金:密封报价、一起拆封、最低的中选,经得起查。") if need.funds == "state" else ""

    def rank_key(self, bid: Bid, outcome: Outcome, totals: Mapping[str, Fraction]) -> Any:
        return bid.price
