"""择优选取: the most points for price, time, credit and quality win, by weights published beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models.i18n import N_
from models.sourcing.modes.mode import Example, Need, register
from models.sourcing.modes.sealed import SealedMode
from models.sourcing.outcomes import Outcome
from models.sourcing.scoring import check_criteria

if TYPE_CHECKING:
    from models.sourcing.bids import Bid
    from models.sourcing.tenders import Tender


@register
class Merit(SealedMode):
    """The bids are open while evaluators score them; before their points all are equal."""

    name = "merit"
    label = N_("择优选取")
    how = N_("按公布的价格、工期、信用和质量各项权重打分,总分最高的中选。")
    order = 60
    example = Example({"private": 7, "state": 20}, "综合评分第一,评分表已公布。")
    scored = True
    follows = "start_scoring"

    def suits(self, need: Need) -> str:
        return N_("金额较大、成果质量要紧:价格之外还看工期、信用和方案。") if need.large else ""

    def check(self, tender: Tender) -> None:
        check_criteria(tender.criteria)

    def rank_key(self, bid: Bid, outcome: Outcome, totals: Mapping[str, Fraction]) -> Any:
        return -totals.get(bid.identifier, Fraction(0))
