"""Tenders whose offers the buyer has read, or that came to nothing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.factories import World
from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing.actions import bids, cancelling, quotes
from models.errors import WrongState
from models.sourcing.tenders import Tender

CRITERIA = {
    "price": {"weight": 70, "formula": "lowest_ratio"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [],
}


def opened(world: World, time: Any, mode: str = "random_draw", funds: str = "state", **values: Any) -> str:
    """A tender whose answers can be read.

    Opened, drawn, its auction over, or its quotes shown at the deadline.
    """
    more: dict[str, Any] = {"random_draw": {"budget": 4_700_000}, "merit": {"criteria": CRITERIA}}.get(
        mode, {}
    )
    if mode == "reverse_auction":
        more["deadline"] = time.instant.replace(day=9, hour=10)
    tender = world.tender(mode=mode, funds=funds, **{**more, **values})
    for name, price in (("agency", 4_100_000), ("second", 4_200_000), ("third", 4_300_000)):
        act = quotes.submit if mode == "inquiry" else bids.submit
        act(world.actor(name), tender, price=price, days=20)
    time.closing(tender)
    if mode == "reverse_auction":
        with pytest.raises(WrongState):
            cancelling.cancel(world.actor("buyer"), tender, reason="不想继续竞价了")
        with pytest.raises(WrongState):
            cancelling.ask(world.actor("buyer"), tender, ground="few", reason="不想继续竞价了")
        time.instant = Tender.load(db.session, tender).auction_closes_at
        run_deadlines()
        db.session.rollback()
    return tender
