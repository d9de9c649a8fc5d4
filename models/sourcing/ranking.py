"""Who comes first among opened bids, by the rule of the tender's mode.

Equals follow the drawn order, whose draw is promised when the tender is published, frozen when it is closed
and run when the bids are opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from models.sourcing.bids import Bid
from models.sourcing.outcomes import Outcome
from models.sourcing.related_bidders import best, follows
from models.sourcing.tenders import Tender


def ranked(
    tender: Tender, bids: list[Bid], outcome: Outcome, totals: Mapping[str, Fraction] | None = None
) -> list[str]:
    """The identifiers of opened bids, best first; linked bidders that count as one have one place.

    `outcome` has the drawn order of all, `totals` are the merit points.
    """
    opened = [bid for bid in bids if bid.state == "opened" and bid.price is not None]
    found = [
        bid.identifier
        for bid in sorted(
            opened,
            key=lambda bid: (
                tender.way.rank_key(bid, outcome, totals or {}),
                outcome.order.index(bid.identifier),
            ),
        )
    ]
    return best(found, outcome.linked) if follows(tender) == "one" else found


def told_links(tender: Tender) -> dict[str, list[str]]:
    """What an event tells of linked bidders: each group's bids and ties, on a line."""
    links = tender.outcome.linked if tender.outcome else []
    return (
        {"linked": [f"{'、'.join(group.answers)}: {'、'.join(group.ties)}" for group in links]}
        if links
        else {}
    )
