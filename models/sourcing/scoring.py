"""Merit: criteria with weights that add up to 100, and the formulas that turn bids into points.

Points are computed as exact fractions and rounded half up to a hundredth only where shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Self

from models import policy
from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_

Shares = dict[Any, Fraction]


@dataclass(frozen=True, slots=True)
class Formula:
    """A named way to give points for a price, with where it comes from.

    `shares` makes of each bidder's price (fen), under a version of the policy, its share of the points, 0 to
    1.
    """

    label: str
    says: str
    source: str
    shares: Callable[[dict[Any, int], str], Shares]


def _lowest_ratio(prices: dict[Any, int], policy_version: str) -> Shares:
    lowest = min(prices.values())
    return {who: Fraction(lowest, price) for who, price in prices.items()}


def _mean_deviation(prices: dict[Any, int], policy_version: str) -> Shares:
    book = policy.get(policy_version)
    above, below = book.rate("choosing.merit_above_points"), book.rate("choosing.merit_below_points")
    mean = Fraction(sum(prices.values()), len(prices))

    def share(price: int) -> Fraction:
        percent = (price - mean) / mean * 100
        lost = percent * above if percent > 0 else -percent * below
        return max(Fraction(0), 1 - lost / 100)

    return {who: share(price) for who, price in prices.items()}


PRICE_FORMULAS = {
    "lowest_ratio": Formula(
        N_("低价优先法"),
        N_("最低报价得满分,其他按 最低报价 ÷ 报价 计。"),
        "政府采购货物和服务招标投标管理办法(财政部令第87号)第五十五条",
        _lowest_ratio,
    ),
    "mean_deviation": Formula(
        N_("平均价偏离法"),
        N_("以各家报价的平均为基准,每偏离 1% 按规则扣分,扣完为止。"),
        "标准施工招标文件(2007年版)评标办法(综合评估法):偏差率=(报价-评标基准价)÷评标基准价",
        _mean_deviation,
    ),
}


@dataclass(frozen=True, slots=True)
class QualityLine:
    """What evaluators score: its name, and the most points it gives."""

    name: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What merit is scored by: weights in whole points, a formula for the price, and the quality lines."""

    price_weight: int
    price_formula: str
    days_weight: int
    credit_weight: int
    quality: tuple[QualityLine, ...] = ()

    @classmethod
    def from_json(cls, stored: Json) -> Self:
        """The criteria in their stored form."""
        return cls(
            price_weight=stored["price"]["weight"],
            price_formula=stored["price"]["formula"],
            days_weight=stored["days"]["weight"],
            credit_weight=stored["credit"]["weight"],
            quality=tuple(QualityLine(**line) for line in stored["quality"]),
        )

    def to_json(self) -> Json:
        """The stored form: each line by its name, the quality lines in their order."""
        return {
            "price": {"weight": self.price_weight, "formula": self.price_formula},
            "days": {"weight": self.days_weight},
            "credit": {"weight": self.credit_weight},
            "quality": [asdict(line) for line in self.quality],
        }


def check_criteria(criteria: Criteria | None) -> None:
    """RuleViolation, at the form's field, unless the criteria are whole and their weights add up to 100."""
    if criteria is None:
        raise RuleViolation(N_("择优选取请填写评分办法。"), "price_weight")
    if criteria.price_formula not in PRICE_FORMULAS:
        raise RuleViolation(N_("请选择一项。"), "price_formula")
    names = [line.name for line in criteria.quality]
    if len(set(names)) != len(names) or len(names) > 10:
        raise RuleViolation(N_("质量评分项不能重名,最多 10 项。"), "quality")
    weights = [criteria.price_weight, criteria.days_weight, criteria.credit_weight] + [
        line.weight for line in criteria.quality
    ]
    if any(weight < 0 for weight in weights) or sum(weights) != 100:
        raise RuleViolation(
            N_("各项权重应为 0 到 100 的整数,合计 100;现在合计 %(sum)s。"), "price_weight", sum=sum(weights)
        )


def price_shares(formula: str, prices: dict[Any, int], policy_version: str) -> Shares:
    """The share (0 to 1) of the price points each bidder earns, by the named formula. Prices are in fen."""
    return PRICE_FORMULAS[formula].shares(prices, policy_version)


def days_shares(days: dict[Any, int]) -> Shares:
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
