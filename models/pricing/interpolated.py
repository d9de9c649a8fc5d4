"""插入法: the straight line between published points, as 发改价格〔2007〕670号 prices supervision.

Stored: `{"method": "interpolated", "points": [[base_fen, price_fen], ...], "above": "rate"}`; `above`, which
only published standards have, is a decimal string that is taken as an exact fraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from models import money
from models.base import Json
from models.i18n import N_
from models.pricing.method import (
    Method,
    Part,
    Quantity,
    Say,
    Written,
    in_wan,
    listed,
    read_rows,
    register,
    unsound,
)


class Point(NamedTuple):
    """What a job of `base` fen costs, in fen."""

    base: int
    price: int


@register
@dataclass(frozen=True)
class Interpolated(Method):
    name = "interpolated"
    label = N_("插入法")
    order = 40
    base = "amount"
    asks = {"table": N_("每行一点:计费额(元), 收费(元),如 5000000, 165000;至少两行。")}
    parts = (Part("points", N_("计费点"), "rows"), Part("above", N_("超出部分费率"), "text"))
    example = Written(table="500万, 4万\n2000万, 10万\n1亿, 25万")
    points: tuple[Point, ...]
    above: Fraction | None = None

    @classmethod
    def read(cls, written: Written) -> Json:
        return {"points": read_rows(written.table, cls.asks["table"], _row)}

    @classmethod
    def of(cls, terms: Json) -> Interpolated:
        above = Fraction(terms["above"]) if terms.get("above") else None
        return cls(tuple(Point(base, price) for base, price in terms.get("points") or ()), above)

    def check(self) -> None:
        if len(self.points) < 2:
            raise unsound(N_("插入法至少要两个点。"))
        if any(b.base <= a.base or b.price < a.price for a, b in pairwise(self.points)):
            raise unsound(N_("各点的计费额应依次增大,收费不能减少。"))

    def price(self, quantity: Quantity) -> Fraction:
        """The straight line between the two nearest points (直线内插法).

        Below the first point the price falls in proportion (发改价格〔2007〕670号 note 2: 3.3 % of a base
        under 5 million, which is that line). Above the last, `above` of the amount but never less than the
        last price (the document prints that rate rounded, and a larger job is not cheaper); without
        `above`, the last price.
        """
        amount, first, last = quantity.amount, self.points[0], self.points[-1]
        if amount <= first.base:
            return Fraction(first.price * amount, first.base) if first.base else Fraction(first.price)
        for low, high in pairwise(self.points):
            if amount <= high.base:
                return low.price + Fraction(high.price - low.price, high.base - low.base) * (
                    amount - low.base
                )
        return max(Fraction(last.price), amount * (self.above or Fraction(0)))

    def describe(self, say: Say, unit: str = "") -> str:
        return listed(
            say(self.label), [f"{in_wan(base, say)} → {money.show(price)}" for base, price in self.points]
        )


def _row(left: str, right: str, before: list[Any] | None) -> list[Any]:
    return [money.parse(left), money.parse(right)]
