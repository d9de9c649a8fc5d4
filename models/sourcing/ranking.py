"""Who comes first among opened bids, by each sealed mode's rule.

Equals follow the drawn order, whose draw is promised when the tender is published, frozen when it is closed
and run when the bids are opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from models import money, policy
from models.base import Json
from models.sourcing.bids import Bid
from models.sourcing.related_bidders import best, follows
from models.sourcing.tenders import Tender


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference price in fen, and all it was reckoned from.

    The mean of the `kept` prices times the drawn percentage, rounded half up. `dropped` are the lowest and
    the highest where there were `trim_from` bids or more.
    """

    mean: int
    percent: str
    price: int
    kept: list[int]
    dropped: list[int]
    trim_from: int
    source: str

    @property
    def counted(self) -> int:
        return len(self.kept)


def percentages(policy_version: str) -> list[str]:
    """What the percentage of the reference price is drawn from, in the policy's steps.

    `95`, `96`, `97`, `98`.
    """
    book = policy.get(policy_version)
    least, most, step = (
        Decimal(book.text(f"choosing.reference_percent_{end}")) for end in ("least", "most", "step")
    )
    return [f"{least + step * number:f}" for number in range(int((most - least) / step) + 1)]


def reference(prices: list[int], percent: str, policy_version: str) -> Reference:
    """The reference price: the mean of what is left, times the percentage.

    Leave out the highest and the lowest where there are enough (of few bids that would leave the middle one
    alone), and average the rest.

    The rule is the one city platforms publish for 竞价 by reference price (see docs/sources.md); from how
    many bids on, and the steps of the percentage, are the policy's.
    """
    book, ordered = policy.get(policy_version), sorted(prices)
    trim_from = book.number("choosing.reference_trim_from")
    kept, dropped = (
        (ordered[1:-1], [ordered[0], ordered[-1]]) if len(ordered) >= max(trim_from, 3) else (ordered, [])
    )
    mean = Fraction(sum(kept), len(kept))
    price = mean * Fraction(percent) / 100
    return Reference(
        _half_up(mean),
        percent,
        _half_up(price),
        kept,
        dropped,
        trim_from,
        book.text("choosing.reference_source"),
    )


def reference_words(found: Json) -> str:
    """The whole computation on one line, as the printed notice has it; of a tender's `outcome.reference`."""
    left_out = "、".join(money.show(price) for price in found.get("dropped", []))
    shown = " + ".join(money.show(price) for price in found.get("kept", []))
    without = f"满 {found['trim_from']} 家,去掉最低和最高 {left_out};" if left_out else ""
    return (
        f"{without}平均价 ({shown}) ÷ {found['counted']} = {money.show(found['mean'])};"
        f"公开抽取的比例 {found['percent']}%;"
        f"参考价 = 平均价 × {found['percent']}% = {money.show(found['price'])},最接近的中选。"
        f"依据:{found['source']}。"
    )


def _half_up(fen: Fraction) -> int:
    return int(fen + Fraction(1, 2))


def rank(
    tender: Tender, bids: list[Bid], order: list[str], totals: dict[str, Fraction] | None = None
) -> list[str]:
    """The identifiers of opened bids, best first.

    `order` is the drawn order of all, `totals` the merit points.
    """
    target = ((tender.outcome or {}).get("reference") or {}).get("price", 0)
    keys: dict[str, Callable[[Bid], Any]] = {
        "sealed_bid": lambda bid: bid.price,
        "reverse_auction": lambda bid: bid.price,
        "reference_price": lambda bid: abs((bid.price or 0) - target),
        "merit": lambda bid: -(totals or {}).get(bid.identifier, Fraction(0)),
        "random_draw": lambda bid: 0,
    }
    key = keys[tender.mode]
    opened = [bid for bid in bids if bid.state == "opened" and bid.price is not None]
    return [bid.identifier for bid in sorted(opened, key=lambda bid: (key(bid), order.index(bid.identifier)))]


def ranked(tender: Tender, bids: list[Bid], totals: dict[str, Fraction] | None = None) -> list[str]:
    """`rank` by the tender's own drawn order; linked bidders that count as one have one place."""
    outcome = tender.outcome or {}
    found = rank(tender, bids, outcome["order"], totals)
    return best(found, outcome.get("linked", [])) if follows(tender) == "one" else found


def told_links(tender: Tender) -> dict[str, list[str]]:
    """What an event tells of linked bidders: each group's bids and ties, on a line."""
    links = (tender.outcome or {}).get("linked", [])
    return (
        {"linked": [f"{'、'.join(group['answers'])}: {'、'.join(group['ties'])}" for group in links]}
        if links
        else {}
    )
