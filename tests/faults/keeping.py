"""A request's key at the keeper, as tests look at it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.keeper import FolderKeeper
from models.errors import WrongState
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender

SEALED = {"mode": "sealed_bid", "funds": "state"}


def keeper(app: Flask) -> FolderKeeper:
    kept = app.extensions["keeper"]
    assert isinstance(kept, FolderKeeper)
    return kept


def kept_until(app: Flask, tender: str) -> datetime:
    """Until when the keeper keeps a request's key, by its own journal."""
    db.session.rollback()
    handle = Tender.load(db.session, tender).keeper_handle
    (row,) = [row for row in keeper(app).journal() if row["handle"] == handle]
    return datetime.fromisoformat(row["not_before"])


def opened(app: Flask, world: World, time: Any, tender: str) -> None:
    """At the deadline as it stands every bid is opened, and the key leaves the keeper not before."""
    time.instant = world.deadline(tender) - timedelta(seconds=1)
    with pytest.raises(WrongState):
        keeper(app).release(Tender.load(db.session, tender).keeper_handle or "")
    time.closing(tender)
    found = Tender.load(db.session, tender)
    assert (
        found.state,
        {bid.state for bid in db.session.scalars(select(Bid).where(Bid.tender_id == found.id))},
    ) == ("evaluated", {"opened"})
