"""差额定率累进: bands of the amount, each with its own rate, as 计价格〔2002〕1980号 prices tender agencies.

Stored: `{"method": "progressive", "bands": [[up_to_fen, "rate"], ..., [null, "rate"]]}`, rates as decimal
strings (or `1/3`) that are taken as exact fractions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from models import money, numbers, spelling
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

_BOUND = re.compile(
    r"(?:不超过|不高于|≤|<=|<)?(?:(?P<low>.+?)[-~—至到](?=[^-~—至到]*\d))?(?P<high>[^-~—至到]+?)(?:\(含\))?(?:以下|以内|及以下|\(含\))?(?:部分)?"
)
_OPEN = re.compile(r"\*|(?:超过|高于|大于|≥|>=|>).+|.+(?:以上|及以上)(?:部分)?")


class Band(NamedTuple):
    """The part of the amount up to `upper` fen (None: without end) above the band before, and its rate."""

    upper: int | None
    rate: Fraction


@register
@dataclass(frozen=True)
class Progressive(Method):
    name = "progressive"
    label = N_("差额定率累进")
    order = 30
    base = "amount"
    asks = {
        "table": N_(
            "每行一档:上限(元), 费率,如 1000000, 0.015 或 100万元以下, 1.5%;各档首尾相接,最后一档上限写 *。"
        )
    }
    parts = (Part("bands", N_("档位"), "rows"),)
    example = Written(table="500万, 0.8%\n2000万, 0.5%\n*, 0.2%")
    bands: tuple[Band, ...]

    @classmethod
    def read(cls, written: Written) -> Json:
        return {"bands": read_rows(written.table, cls.asks["table"], _row)}

    @classmethod
    def of(cls, terms: Json) -> Progressive:
        return cls(tuple(Band(upper, Fraction(rate)) for upper, rate in terms.get("bands") or ()))

    def check(self) -> None:
        uppers = [band.upper for band in self.bands]
        bounded = [upper for upper in uppers if upper is not None]
        if not uppers or uppers[-1] is not None or len(bounded) != len(uppers) - 1:
            raise unsound(N_("最后一档应不设上限,其余各档都要有上限。"))
        if any(high <= low for low, high in pairwise([0, *bounded])):
            raise unsound(N_("各档上限应依次增大。"))
        if any(not 0 <= band.rate <= 1 for band in self.bands):
            raise unsound(N_("费率应在 0 到 100% 之间。"))

    def price(self, quantity: Quantity) -> Fraction:
        """Each band's rate on the part of the amount that lies in it."""
        value, lower = Fraction(0), 0
        for upper, rate in self.bands:
            top = quantity.amount if upper is None else min(quantity.amount, upper)
            if top > lower:
                value += (top - lower) * rate
            lower = upper if upper is not None else lower
        return value

    def describe(self, say: Say, unit: str = "") -> str:
        return listed(say(self.label), [_said(band, say) for band in self.bands])


def _said(band: Band, say: Say) -> str:
    rate = f"{float(band.rate) * 100:g}%"
    if band.upper is None:
        return say(N_("以上 %(rate)s"), rate=rate)
    return say(N_("至 %(sum)s %(rate)s"), sum=in_wan(band.upper, say), rate=rate)


def _row(left: str, right: str, before: list[Any] | None) -> list[Any]:
    low, high = _limits(left)
    if low is not None and low != (before[0] if before else 0):
        raise ValueError(f"a gap below {left[:30]!r}")
    return [high, numbers.plain(numbers.share(right))]


def _limits(written: str) -> tuple[int | None, int | None]:
    """A band's lower limit, where one is written, and its upper one (None where it is open), in fen.

    `1000000`, `100万元以下`, `100万-500万`, `500万以上`, `*`. The unit behind the upper limit is the lower
    one's too: `100-500万`.
    """
    told = spelling.plain(written).strip()
    if _OPEN.fullmatch(told):
        return None, None
    match = _BOUND.fullmatch(told)
    if match is None:
        raise ValueError(f"not a band: {written[:30]!r}")
    high = money.parse(match["high"])
    low = match["low"]
    if low is None:
        return None, high
    unit = re.search(r"\D*$", match["high"])
    return money.parse(low if re.search(r"[^\d.,]\s*$", low) or unit is None else low + unit[0]), high
