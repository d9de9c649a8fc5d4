"""按数量计价: a price for each unit of the job. Stored: `{"method": "per_unit", "price": 20000}`."""

from __future__ import annotations

from fractions import Fraction

from models import money
from models.i18n import N_
from models.pricing.method import OneSum, Quantity, Say, register


@register
class PerUnit(OneSum):
    name = "per_unit"
    label = N_("按数量计价")
    order = 20
    asks = {"price": N_("每单位的价格。")}

    def price(self, quantity: Quantity) -> Fraction:
        return Fraction((self.sum or 0) * quantity.count)

    def describe(self, say: Say) -> str:
        return say(N_("每单位 %(price)s"), price=money.show(self.sum or 0))
