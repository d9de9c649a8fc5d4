"""固定价: one price for the job, whatever its size. Stored: `{"method": "fixed", "price": 500000}`."""

from __future__ import annotations

from fractions import Fraction

from models import money
from models.i18n import N_
from models.pricing.method import OneSum, Quantity, Say, Written, register


@register
class Fixed(OneSum):
    name = "fixed"
    label = N_("固定价")
    order = 10
    base = None
    asks = {"price": N_("一项的总价。")}
    example = Written(price=3_000_000)

    def price(self, quantity: Quantity) -> Fraction:
        return Fraction(self.sum or 0)

    def describe(self, say: Say, unit: str = "") -> str:
        return money.show(self.sum or 0)
