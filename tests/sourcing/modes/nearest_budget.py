"""最接近预算: the sealed price nearest to the buyer's budget wins. The example of a selection mode."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models import money
from models.errors import RuleViolation
from models.i18n import N_
from models.policy import Policy
from models.pricing.method import Say
from models.sourcing.modes.mode import Example, register
from models.sourcing.modes.sealed import SealedMode
from models.sourcing.outcomes import Outcome

if TYPE_CHECKING:
    from models.sourcing.bids import Bid
    from models.sourcing.tenders import Tender


@register
class NearestBudget(SealedMode):
    name = "nearest_budget"
    label = N_("最接近预算")
    how = N_("密封投标,到时一起拆封,最接近预算的中选。")
    order = 45
    example = Example({"private": 0, "state": 0}, "开启的投标中最接近预算。")
    budget_label = N_("标的价")

    def check(self, tender: Tender) -> None:
        if not tender.budget:
            raise RuleViolation(N_("请填写预算,最接近它的中选。"), "budget")

    def rank_key(self, bid: Bid, outcome: Outcome, totals: Mapping[str, Fraction]) -> Any:
        return abs((bid.tender.budget or 0) - (bid.price or 0))

    def explain(self, book: Policy, say: Say) -> list[str]:
        return [say(N_("相差 %(share)s 以内视为接近。"), share=Fraction(1, 20))]

    def explain_answer(self, tender: Tender, say: Say) -> list[str]:
        near = say(N_("标的价 %(sum)s。"), sum=money.show(tender.budget or 0))
        return [near, *super().explain_answer(tender, say)]
