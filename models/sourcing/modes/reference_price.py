"""竞价·参考价: the sealed price nearest to a reference price wins.

The rule is the one city platforms publish for 竞价 by reference price (see docs/sources.md); from how many
bids on the ends are left out, and the steps of the drawn percentage, are the policy's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models import money, policy
from models.i18n import N_
from models.policy import Policy
from models.pricing.method import Say
from models.sourcing.modes.mode import Example, Need, PlannedDraw, register
from models.sourcing.modes.sealed import ORDER, SealedMode
from models.sourcing.outcomes import Outcome, Reference

if TYPE_CHECKING:
    from models.sourcing.bids import Bid


def percentages(policy_version: str) -> list[str]:
    """What the percentage of the reference price is drawn from, in the policy's steps.

    `95`, `96`, `97`, `98`.
    """
    book = policy.get(policy_version)
    least, most, step = (
        Decimal(book.text(f"choosing.reference_percent_{end}")) for end in ("least", "most", "step")
    )
    return [f"{least + step * number:f}" for number in range(int((most - least) / step) + 1)]


PERCENT = PlannedDraw(
    "percent", N_("参考价比例抽取"), lambda _bidders, version: percentages(version), picks=1, unit="%"
)


@register
class ReferencePrice(SealedMode):
    """Its outcome has the reference price and all that it was reckoned from."""

    name = "reference_price"
    label = N_("竞价·参考价")
    how = N_(
        "密封投标;各家报价取平均(家数多时先去掉最高和最低),乘以公开抽取的比例得参考价,最接近参考价的中选。"
    )
    order = 40
    example = Example({"private": 0, "state": 15}, "开启的投标中最接近参考价。")
    draws = (ORDER, PERCENT)

    def suits(self, need: Need) -> str:
        state = need.funds == "state" and need.large
        return N_("国有资金、金额较大,又不愿见到低于成本的报价。") if state else ""

    def reckon(
        self, outcome: Outcome, drawn: Mapping[str, list[str]], prices: list[int], policy_version: str
    ) -> Outcome:
        (percent,) = drawn[PERCENT.purpose]
        found = reference(prices, percent, policy_version) if prices else None
        return replace(outcome, percent=percent, reference=found)

    def rank_key(self, bid: Bid, outcome: Outcome, totals: Mapping[str, Fraction]) -> Any:
        return abs((bid.price or 0) - (outcome.reference.price if outcome.reference else 0))

    def explain(self, book: Policy, say: Say) -> list[str]:
        return [
            say(
                N_(
                    "参考价 = 平均价 × %(least)s%% 到 %(most)s%% 之间抽取的比例(间隔 %(step)s%%);"
                    "满 %(n)s 家时去掉最高和最低,不足的全部平均。依据:%(source)s。"
                ),
                least=book.text("choosing.reference_percent_least"),
                most=book.text("choosing.reference_percent_most"),
                step=book.text("choosing.reference_percent_step"),
                n=book.number("choosing.reference_trim_from"),
                source=book.text("choosing.reference_source"),
            )
        ]


def reference(prices: list[int], percent: str, policy_version: str) -> Reference:
    """The reference price of these prices (fen): the mean of what is left, times the percentage, half up.

    Leave out the highest and the lowest where there are enough (of few bids that would leave the middle one
    alone), and average the rest.
    """
    book, ordered = policy.get(policy_version), sorted(prices)
    trim_from = book.number("choosing.reference_trim_from")
    kept, dropped = (
        (ordered[1:-1], [ordered[0], ordered[-1]]) if len(ordered) >= max(trim_from, 3) else (ordered, [])
    )
    mean = Fraction(sum(kept), len(kept))
    price = mean * Fraction(percent) / 100
    return Reference(
        mean=_half_up(mean),
        percent=percent,
        price=_half_up(price),
        counted=len(kept),
        kept=kept,
        dropped=dropped,
        trim_from=trim_from,
        source=book.text("choosing.reference_source"),
    )


def reference_words(found: Reference) -> str:
    """The whole computation on one line, as the printed notice has it."""
    left_out = "、".join(money.show(price) for price in found.dropped)
    shown = " + ".join(money.show(price) for price in found.kept)
    without = f"满 {found.trim_from} 家,去掉最低和最高 {left_out};" if left_out else ""
    return (
        f"{without}平均价 ({shown}) ÷ {found.counted} = {money.show(found.mean)};"
        f"公开抽取的比例 {found.percent}%;"
        f"参考价 = 平均价 × {found.percent}% = {money.show(found.price)},最接近的中选。"
        f"依据:{found.source}。"
    )


def _half_up(fen: Fraction) -> int:
    return int(fen + Fraction(1, 2))
