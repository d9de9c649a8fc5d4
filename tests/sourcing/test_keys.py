"""A tender's key at the keeper and its deadline: apart for a moment, and never to anybody's advantage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import PDF, World
from harness.server import free_port
from market.extensions import db
from market.jobs import run_deadlines, tick
from market.keeper import FolderKeeper, HttpKeeper
from market.sourcing.actions import bids, drafting, keys, tenders
from models import workdays
from models.documents import FolderStore
from models.errors import Conflict, NotAllowed, NotFound, RuleViolation, WrongState
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender
from tests.faults.keeping import SEALED, keeper, kept_until, opened


def test_no_bid_counts_after_a_time_at_which_the_key_may_have_left(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, tender = app.extensions["keeper"], world.tender(**SEALED)
    world.bids(tender, agency=300)
    before = world.deadline(tender)
    time.instant = world.closing(tender)
    app.extensions["keeper"] = HttpKeeper(f"http://127.0.0.1:{free_port()}", "token")
    run_deadlines()
    app.extensions["keeper"] = own
    assert world.deadline(tender) > before, "moved once, for too few"
    assert kept_until(app, tender) == before
    with pytest.raises(RuleViolation, match="密钥保管方"):
        world.bids(tender, second=400)
    keys.settle_keys()
    world.bids(tender, second=400, third=500)
    opened(app, world, time, tender)


def test_a_key_that_left_early_lets_no_more_bids_in(app: Flask, world: World, time: Any) -> None:
    """Somebody with our token took the key between the old deadline and our telling the new one."""
    tender = world.tender(mode="sealed_bid", funds="private")
    world.bids(tender, agency=300)
    time.instant = world.closing(tender)
    handle = Tender.load(db.session, tender).keeper_handle or ""
    keeper(app).release(handle)
    run_deadlines()
    assert keys.settle_keys() == 0
    with pytest.raises(RuleViolation, match="密钥保管方"):
        world.bids(tender, second=400)
    time.closing(tender)
    db.session.rollback()
    assert Tender.load(db.session, tender).state == "evaluated", (
        "what came in before stands, at the new deadline"
    )


def test_a_key_elsewhere_is_fetched_in_a_lane_of_its_own_which_wakes_the_opening(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes, woken = app.extensions["jobs"], []
    monkeypatch.setattr(lanes, "wake", woken.append)
    monkeypatch.setattr(FolderKeeper, "at_hand", False)
    tender = world.tender(**SEALED)
    world.bids(tender, agency=300, second=400, third=500)
    woken.clear()
    time.instant = world.closing(tender)
    lanes.passes["deadlines"]()
    assert "keeper" in woken
    woken.clear()
    lanes.passes["keeper"]()
    assert "deadlines" in woken
    lanes.passes["deadlines"]()
    db.session.rollback()
    assert Tender.load(db.session, tender).state == "evaluated"
    woken.clear()
    lanes.passes["keeper"]()
    assert "deadlines" not in woken


def test_a_tick_fetches_keys_too(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FolderKeeper, "at_hand", False)
    tender = world.tender(**SEALED)
    world.bids(tender, agency=300, second=400, third=500)
    time.instant = world.closing(tender)
    assert tick()[0] == 2
    db.session.rollback()
    assert Tender.load(db.session, tender).state == "evaluated"


def test_whoever_may_not_publish_has_no_key_made(app: Flask, world: World) -> None:
    tender = world.tender(publish=False, **SEALED)
    with pytest.raises(NotAllowed):
        tenders.publish(world.actor("agency"), tender)
    assert not keeper(app).journal()
    tenders.publish(world.actor("buyer"), tender, submission="K")
    assert tenders.publish(world.actor("buyer"), tender, submission="K") == tender, "sent twice"
    with pytest.raises(WrongState):
        tenders.publish(world.actor("buyer"), tender, submission="another")
    assert len(keeper(app).journal()) == 1


def test_a_draft_changed_while_its_key_is_made_is_not_published(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tender, inner = world.tender(publish=False, **SEALED), FolderKeeper.make
    later = workdays.add(world.deadline(tender), 5)

    def changed_meanwhile(self: FolderKeeper, handle: str, not_before: datetime) -> bytes:
        drafting.edit(world.actor("buyer"), tender, **world.asked(deadline=later, **SEALED))
        return inner(self, handle, not_before)

    with monkeypatch.context() as patched:
        patched.setattr(FolderKeeper, "make", changed_meanwhile)
        with pytest.raises(Conflict):
            tenders.publish(world.actor("buyer"), tender)
    (made,) = keeper(app).journal()
    tenders.publish(world.actor("buyer"), tender)
    assert kept_until(app, tender) == later
    time.instant = later
    with pytest.raises(NotFound):
        keeper(app).release(made["handle"])


def test_a_bid_counts_by_when_it_came_however_slow_the_disk(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tender, put = world.tender(**SEALED), FolderStore.put
    deadline = time.instant = world.deadline(tender)

    def slow(self: FolderStore, content: bytes) -> str:
        time.instant = deadline + timedelta(seconds=2)
        return put(self, content)

    monkeypatch.setattr(FolderStore, "put", slow)
    bid = bids.submit(world.actor("agency"), tender, price=300, days=20, file_name="p.pdf", content=PDF)
    assert Bid.load(db.session, bid).received_at == deadline
