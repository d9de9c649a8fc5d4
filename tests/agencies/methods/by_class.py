"""分档定额: a lump sum for each size of job. The example of a pricing method: all that is written for one.

Stored: `{"method": "by_class", "classes": [[up_to_fen, fen], ..., [null, fen]]}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

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


@register
@dataclass(frozen=True)
class ByClass(Method):
    name = "by_class"
    label = N_("分档定额")
    order = 35
    base = "amount"
    asks = {"table": N_("每行一档:上限(元), 定额(元);最后一档上限写 *。")}
    parts = (Part("classes", N_("定额档"), "rows"),)
    example = Written(table="100万, 20000\n*, 80000")
    classes: tuple[tuple[int | None, int], ...]

    @classmethod
    def read(cls, written: Written) -> Json:
        return {"classes": read_rows(written.table, cls.asks["table"], _row)}

    @classmethod
    def of(cls, terms: Json) -> ByClass:
        return cls(tuple((upper, fen) for upper, fen in terms.get("classes") or ()))

    def check(self) -> None:
        if not self.classes or self.classes[-1][0] is not None:
            raise unsound(N_("最后一档应不设上限。"))
        if any(fen < before for (_, before), (_, fen) in pairwise(self.classes)):
            raise unsound(N_("定额应依次增大。"))

    def price(self, quantity: Quantity) -> Fraction:
        return Fraction(next(fen for upper, fen in self.classes if upper is None or quantity.amount <= upper))

    def describe(self, say: Say, unit: str = "") -> str:
        return listed(
            say(self.label),
            [
                f"{in_wan(upper, say) if upper is not None else '*'} → {money.show(fen)}"
                for upper, fen in self.classes
            ],
        )


def _row(left: str, right: str, before: list[Any] | None) -> list[Any]:
    return [None if left == "*" else money.parse(left), money.parse(right)]
