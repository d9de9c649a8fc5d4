"""Prices by a published method, exact in fen.

Terms are plain JSON, so that a fee schedule can be stored, shown and compared. All sums are fen,
rates are decimal strings taken as exact fractions, and only the final price is rounded.

    {"method": "fixed", "price": 500000}
    {"method": "per_unit", "price": 20000}
    {"method": "progressive", "bands": [[up_to_fen, "rate"], ..., [null, "rate"]]}
    {"method": "interpolated", "points": [[base_fen, price_fen], ...], "above": "rate"}

and optionally `discount` (share of the computed price that is charged), `factors` (name to
rate), `floor` and `cap` (fen), and `standard`: the published table these terms are taken from, `id/table`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from models.base import Json
from models.money import FEN, MOST, round_fen
from models.text import N_, RuleBroken

SOURCE = Path(__file__).parent / "data" / "fee_standards.json"
METHODS = {
    "fixed": N_("固定价"),
    "per_unit": N_("按数量计价"),
    "progressive": N_("差额定率累进"),
    "interpolated": N_("插入法"),
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is to be priced.

    `amount` in fen (an investment, a value) for the banded methods, `count` for prices per unit, `factor` the
    name of an adjustment (an industry).
    """

    amount: int = 0
    count: int = 1
    factor: str = ""

    @classmethod
    def of(cls, stored: Json) -> Quantity:
        return cls(stored.get("amount") or 0, stored.get("count") or 1, stored.get("factor") or "")


def price(terms: Json, quantity: Quantity) -> int:
    """The price in fen. RuleBroken if the quantity is missing or not of these terms."""
    if not 0 <= quantity.amount <= MOST * 100 or not 1 <= quantity.count <= 1_000_000:
        raise RuleBroken(N_("计费数量超出合理范围。"), "quantity")
    value: Fraction = _BY_METHOD[terms["method"]](terms, quantity)
    if terms.get("factors"):
        if quantity.factor and quantity.factor not in terms["factors"]:
            raise RuleBroken(N_("收费公示里没有这一行业系数。"), "factor")
        value *= Fraction(terms["factors"].get(quantity.factor, "1"))
    value *= Fraction(terms.get("discount") or "1")
    fen = round_fen(value)
    if terms.get("floor"):
        fen = max(fen, terms["floor"])
    if terms.get("cap"):
        fen = min(fen, terms["cap"])
    return fen


def _fixed(terms: Json, quantity: Quantity) -> Fraction:
    return Fraction(terms["price"])


def _per_unit(terms: Json, quantity: Quantity) -> Fraction:
    return Fraction(terms["price"] * quantity.count)


def _progressive(terms: Json, quantity: Quantity) -> Fraction:
    """Each band's rate on the part of the amount that lies in it (差额定率累进)."""
    value, lower = Fraction(0), 0
    for upper, rate in terms["bands"]:
        top = quantity.amount if upper is None else min(quantity.amount, upper)
        if top > lower:
            value += (top - lower) * Fraction(rate)
        lower = upper if upper is not None else lower
    return value


def _interpolated(terms: Json, quantity: Quantity) -> Fraction:
    """The straight line between the two nearest points (直线内插法).

    Below the first point the price falls in proportion (发改价格〔2007〕670号 note 2: 3.3 % of a base
    under 5 million, which is that line). Above the last, `above` of the amount but never less than the
    last price (the document prints that rate rounded, and a larger job is not cheaper); without
    `above`, the last price.
    """
    points = terms["points"]
    first_base, first_price = points[0]
    amount = quantity.amount
    if amount <= first_base:
        return Fraction(first_price * amount, first_base) if first_base else Fraction(first_price)
    for (low, low_price), (high, high_price) in pairwise(points):
        if amount <= high:
            between: Fraction = low_price + Fraction(high_price - low_price, high - low) * (amount - low)
            return between
    last = Fraction(points[-1][1])
    rated: Fraction = amount * Fraction(terms["above"]) if terms.get("above") else last
    return max(last, rated)


_BY_METHOD: dict[str, Callable[[Json, Quantity], Fraction]] = {
    "fixed": _fixed,
    "per_unit": _per_unit,
    "progressive": _progressive,
    "interpolated": _interpolated,
}


def check(terms: Json) -> Json:
    """The terms as given; RuleBroken (field `terms`) if they are not a price rule people can rely on.

    Bands and points ascend, prices never fall as the job grows, the last band is open, sums are sane.
    """

    def refuse(message: str) -> RuleBroken:
        return RuleBroken(message, "terms")

    if terms.get("method") not in METHODS:
        raise refuse(N_("请选择计价方式。"))
    sums = [terms.get(name) for name in ("price", "floor", "cap")]
    if any(s is not None and not 0 < s <= MOST for s in sums):
        raise refuse(N_("金额应大于 0,且不超过 100 亿元。"))
    if terms.get("floor") and terms.get("cap") and terms["floor"] > terms["cap"]:
        raise refuse(N_("最低收费不能高于最高收费。"))
    if not 0 < Fraction(terms.get("discount") or "1") <= 2:
        raise refuse(N_("折扣应大于 0,且不超过 2(即 200%)。"))
    if terms.get("standard") and from_standard(terms["standard"]) != {
        k: v for k, v in terms.items() if k not in _OWN
    }:
        raise refuse(N_("引用标准的,档位和系数要与标准一致。"))
    if terms["method"] in ("fixed", "per_unit") and not terms.get("price"):
        raise refuse(N_("请填写价格。"))
    if terms["method"] == "progressive":
        _check_bands(terms.get("bands") or [], refuse)
    if terms["method"] == "interpolated":
        _check_points(terms.get("points") or [], refuse)
    return terms


def _check_bands(bands: list[Any], refuse: Any) -> None:
    uppers = [upper for upper, _ in bands]
    if not bands or uppers[-1] is not None or None in uppers[:-1]:
        raise refuse(N_("最后一档应不设上限,其余各档都要有上限。"))
    if any(high <= low for low, high in pairwise([0, *uppers[:-1]])):
        raise refuse(N_("各档上限应依次增大。"))
    if any(not 0 <= Fraction(rate) <= 1 for _, rate in bands):
        raise refuse(N_("费率应在 0 到 100% 之间。"))


def _check_points(points: list[Any], refuse: Any) -> None:
    if len(points) < 2:
        raise refuse(N_("插入法至少要两个点。"))
    if any(b[0] <= a[0] or b[1] < a[1] for a, b in pairwise(points)):
        raise refuse(N_("各点的计费额应依次增大,收费不能减少。"))


_OWN = ("standard", "discount", "floor", "cap")  # what an agency adds to a standard it takes over


def from_standard(name: str) -> Json | None:
    """The terms of a published table, `id/table`; None if we carry no such table."""
    identifier, _, table = name.partition("/")
    terms: Json | None = standards().get(identifier, {}).get("tables", {}).get(table)
    return terms


def band(identifier: str) -> tuple[Fraction, Fraction]:
    """Between which shares of a published standard prices may lie: its market band, or at the most itself."""
    width = Fraction(standards()[identifier]["market_band"])
    return (1 - width, 1 + width) if width else (Fraction(0), Fraction(1))


@cache
def standards() -> dict[str, Json]:
    """The published standards we carry, by identifier.

    Title, document, the name of the base, and `tables`, each a set of terms in fen.
    """
    source = json.loads(SOURCE.read_text(encoding="utf-8"))
    return {raw["id"]: _standard(raw) for raw in source["standards"]}


def _standard(raw: Json) -> Json:
    tables: dict[str, Json] = {}
    if raw["method"] == "progressive":
        for name, bands in raw["tables"].items():
            fen = [[None if upper is None else upper * FEN, str(rate)] for upper, rate in bands]
            tables[name] = {"method": "progressive", "bands": fen}
    else:
        above = str(raw["above"]["rate_of_base"]) if "above" in raw else None
        for name, points in (raw.get("tables") or {"default": raw["points"]}).items():
            fen = [[base * FEN, fee * FEN] for base, fee in points]
            tables[name] = {"method": "interpolated", "points": fen} | ({"above": above} if above else {})
    factors = {
        name: str(rate)
        for names, rate in raw.get("industry_factors", {}).items()
        for name in names.split("、")
    }
    for terms in tables.values():
        if factors:
            terms["factors"] = factors
    return {
        "id": raw["id"],
        "title": raw["title"],
        "document": raw["document"],
        "base": raw["base"],
        "market_band": str(Fraction(raw.get("market_band_percent", 0), 100)),
        "tables": tables,
    }
