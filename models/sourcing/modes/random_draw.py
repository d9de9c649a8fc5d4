"""随机抽取: the buyer sets the price, and the verifiable draw chooses among those who take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import money
from models.errors import RuleViolation
from models.i18n import N_
from models.pricing.method import Say
from models.sourcing.modes.mode import Example, Need, register
from models.sourcing.modes.sealed import SealedMode

if TYPE_CHECKING:
    from models.sourcing.tenders import Tender


@register
class RandomDraw(SealedMode):
    """All bids are equal, so the drawn order ranks them."""

    name = "random_draw"
    label = N_("随机抽取")
    how = N_("业主定价,愿意按此价承接的机构报名,由可验证的抽取决定。")
    order = 70
    example = Example({"private": 7, "state": 15}, "由公开、可验证的抽取决定。")
    answer_label = N_("报名")
    budget_label = N_("报酬")
    asks_price = False
    drawn = True

    def suits(self, need: Need) -> str:
        guided = need.item.pricing == "government_guided"
        return N_("政府指导价的事项各家价格相近:定好报酬,公开抽取。") if guided else ""

    def check(self, tender: Tender) -> None:
        if not tender.budget:
            raise RuleViolation(N_("随机抽取由业主定价:请填写预算,它就是报酬。"), "budget")

    def price_of(self, tender: Tender, asked: int | None, published: int) -> int:
        """The buyer's price, or the agency's published one where that is lower."""
        return min(published, tender.budget or 0)

    def explain_answer(self, tender: Tender, say: Say) -> list[str]:
        offered = say(
            N_("业主定价 %(sum)s;贵机构公示价更低的,按公示价。"), sum=money.show(tender.budget or 0)
        )
        return [offered, *super().explain_answer(tender, say)]
