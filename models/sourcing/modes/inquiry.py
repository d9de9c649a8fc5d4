"""询价议价: agencies quote, the buyer bargains with each and chooses one."""

from __future__ import annotations

from models.i18n import N_
from models.sourcing.modes.mode import Example, Need, register
from models.sourcing.modes.quoted import QuotedMode


@register
class Inquiry(QuotedMode):
    """What other modes turn into where too few bid."""

    name = "inquiry"
    label = N_("询价议价")
    how = N_("业主比较各家报价,可逐家议价,选定一家并说明理由。")
    order = 20
    example = Example({"private": 54, "state": 0}, "三家比较后,价格与工期最合适,同类业绩较多。")
    turned_into = N_("转为询价议价")

    def suits(self, need: Need) -> str:
        return N_("社会资金:先比较各家报价,再逐家议价,用得最多。") if need.funds == "private" else ""
