"""Who comes first among opened bids, by each sealed mode's rule. Equals follow the drawn order, whose draw is
promised when the request is published, frozen when it is closed and run when the bids are opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from models import policy
from models.sourcing.bids import Bid
from models.sourcing.linking import best, follows
from models.sourcing.requests import Request


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference price in fen: the mean of `counted` bids times the drawn percentage, rounded half up."""

    mean: int
    percent: str
    price: int
    counted: int


def percentages(policy_version: str) -> list[str]:
    """What the percentage of the reference price is drawn from: `95.0`, `95.5` … `98.0`."""
    book = policy.get(policy_version)
    least, most, step = (Decimal(book.text(f"choosing.reference_percent_{end}")) for end in ("least", "most", "step"))
    return [f"{least + step * number:.1f}" for number in range(int((most - least) / step) + 1)]


def reference(prices: list[int], percent: str, policy_version: str) -> Reference:
    """Leave out the highest and the lowest where there are enough, average the rest, times the percentage.

    The rule is the one city platforms publish for 竞价 by reference price (see docs/sources.md).
    """
    counted = sorted(prices)
    if len(counted) >= policy.get(policy_version).number("choosing.reference_trim_from"):
        counted = counted[1:-1]
    mean = Fraction(sum(counted), len(counted))
    price = mean * Fraction(percent) / 100
    return Reference(_half_up(mean), percent, _half_up(price), len(counted))


def _half_up(fen: Fraction) -> int:
    return int(fen + Fraction(1, 2))


def rank(request: Request, bids: list[Bid], order: list[str], totals: dict[str, Fraction] | None = None) -> list[str]:
    """The identifiers of opened bids, best first; `order` is the drawn order of all, `totals` the merit points."""
    target = ((request.outcome or {}).get("reference") or {}).get("price", 0)
    keys: dict[str, Callable[[Bid], Any]] = {
        "sealed_bid": lambda bid: bid.price,
        "reverse_auction": lambda bid: bid.price,
        "reference_price": lambda bid: abs((bid.price or 0) - target),
        "merit": lambda bid: -(totals or {}).get(bid.identifier, Fraction(0)),
        "random_draw": lambda bid: 0,
    }
    key = keys[request.mode]
    opened = [bid for bid in bids if bid.state == "opened" and bid.price is not None]
    return [bid.identifier for bid in sorted(opened, key=lambda bid: (key(bid), order.index(bid.identifier)))]


def ranked(request: Request, bids: list[Bid], totals: dict[str, Fraction] | None = None) -> list[str]:
    """`rank` by the request's own drawn order; linked bidders that count as one have one place."""
    outcome = request.outcome or {}
    found = rank(request, bids, outcome["order"], totals)
    return best(found, outcome.get("linked", [])) if follows(request) == "one" else found


def told_links(request: Request) -> dict[str, list[str]]:
    """What an event tells of linked bidders: each group's bids and ties, on a line."""
    links = (request.outcome or {}).get("linked", [])
    return {"linked": [f"{'、'.join(group['answers'])}: {'、'.join(group['ties'])}" for group in links]} if links else {}
