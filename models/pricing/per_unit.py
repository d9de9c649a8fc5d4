"""按数量计价: a price for each unit of the job. Stored: `{"method": "per_unit", "price": 20000}`."""

from __future__ import annotations

from fractions import Fraction

from models import money
from models.i18n import N_
from models.pricing.method import OneSum, Quantity, Say, Written, register


@register
class PerUnit(OneSum):
    name = "per_unit"
    label = N_("按数量计价")
    order = 20
    base = "count"
    asks = {"price": N_("每单位的价格。")}
    example = Written(price=20_000)

    def price(self, quantity: Quantity) -> Fraction:
        return Fraction((self.sum or 0) * quantity.count)

    def describe(self, say: Say, unit: str = "") -> str:
        price = money.show(self.sum or 0)
        if unit:
            return say(N_("每%(unit)s %(price)s"), unit=unit, price=price)
        return say(N_("每单位 %(price)s"), price=price)
