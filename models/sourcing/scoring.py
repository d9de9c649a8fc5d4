"""Merit: criteria with weights that add up to 100, and the formulas that turn bids into points.

`criteria` is {"price": {"weight", "formula"}, "days": {"weight"}, "credit": {"weight"}, "quality": [{"name",
"weight"}]}, weights in whole points. Points are computed as exact fractions and rounded half up to a
hundredth only where shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from models import policy
from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_


@dataclass(frozen=True, slots=True)
class Formula:
    """A named way to give points for a price, with where it comes from."""

    label: str
    says: str
    source: str


PRICE_FORMULAS = {
    "lowest_ratio": Formula(
        N_("低价优先法"),
        N_("最低报价得满分,其他按 最低报价 ÷ 报价 计。"),
        "政府采购货物和服务招标投标管理办法(财政部令第87号)第五十五条",
    ),
    "mean_deviation": Formula(
        N_("平均价偏离法"),
        N_("以各家报价的平均为基准,每偏离 1% 按规则扣分,扣完为止。"),
        "标准施工招标文件(2007年版)评标办法(综合评估法):偏差率=(报价-评标基准价)÷评标基准价",
    ),
}


def check_criteria(criteria: Json | None) -> None:
    """RuleViolation, at the form's field, unless the criteria are whole and their weights add up to 100."""
    if not criteria:
        raise RuleViolation(N_("择优选取请填写评分办法。"), "price_weight")
    if criteria["price"]["formula"] not in PRICE_FORMULAS:
        raise RuleViolation(N_("请选择一项。"), "price_formula")
    names = [line["name"] for line in criteria["quality"]]
    if len(set(names)) != len(names) or len(names) > 10:
        raise RuleViolation(N_("质量评分项不能重名,最多 10 项。"), "quality")
    weights = [criteria[key]["weight"] for key in ("price", "days", "credit")] + [
        line["weight"] for line in criteria["quality"]
    ]
    if any(weight < 0 for weight in weights) or sum(weights) != 100:
        raise RuleViolation(
            N_("各项权重应为 0 到 100 的整数,合计 100;现在合计 %(sum)s。"), "price_weight", sum=sum(weights)
        )


def price_shares(formula: str, prices: dict[Any, int], policy_version: str) -> dict[Any, Fraction]:
    """The share (0 to 1) of the price points each bidder earns, by the named formula. Prices are in fen."""
    if formula == "lowest_ratio":
        lowest = min(prices.values())
        return {who: Fraction(lowest, price) for who, price in prices.items()}
    book = policy.get(policy_version)
    above, below = book.rate("choosing.merit_above_points"), book.rate("choosing.merit_below_points")
    mean = Fraction(sum(prices.values()), len(prices))

    def share(price: int) -> Fraction:
        percent = (price - mean) / mean * 100
        lost = percent * above if percent > 0 else -percent * below
        return max(Fraction(0), 1 - lost / 100)

    return {who: share(price) for who, price in prices.items()}


def days_shares(days: dict[Any, int]) -> dict[Any, Fraction]:
    """The share of the points for time: the shortest earns all, the others shortest ÷ own."""
    shortest = min(days.values())
    return {who: Fraction(shortest, own) for who, own in days.items()}


def credit_share(grade: str | None, policy_version: str) -> Fraction:
    """The share of the points for credit that a grade earns; not yet rated is neither good nor bad."""
    return policy.get(policy_version).rate(f"choosing.credit_shares.{grade or 'none'}")


def mean_points(sheets: list[dict[str, float]], line: str) -> Fraction:
    """The mean of the evaluators' points for one quality line."""
    return sum((Fraction(str(sheet[line])) for sheet in sheets), Fraction(0)) / len(sheets)


def rounded(points: Fraction) -> float:
    """Half up to a hundredth, for people."""
    return int(points * 100 + Fraction(1, 2)) / 100
