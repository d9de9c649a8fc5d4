"""The opening under pressure.

Killed in the middle, two hundred bidders in the last second, a keeper that is away.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from harness.factories import COUNTY, ITEM, World, code, small_market
from harness.server import free_port
from market import create_app
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.keeper import FolderKeeper, HttpKeeper, KeeperUnavailable, create_keeper
from market.sourcing.actions import bids as bid_actions
from market.sourcing.actions import keys, opening
from market.transaction import transaction
from models import clock
from models.accounts import Organisation
from models.actors import Actor
from models.agencies.fees import FeeSchedule
from models.errors import NotFound, RuleViolation, WrongState
from models.events import Event
from models.failures import Failure
from models.notifications import Notification
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender
from tests.conftest import settings
from tests.faults.children import in_a_child


def struck(at: int) -> None:
    """An opening struck by SIGKILL: at the given bid, or (for the last) just after the commit."""
    opened, inner, commit = [0], opening._open, Session.commit

    def strike(when: bool) -> None:
        if when:
            os.kill(os.getpid(), signal.SIGKILL)

    def dying(*arguments: Any) -> Any:
        strike(opened[0] == at)
        opened[0] += 1
        return inner(*arguments)

    def last(session: Session) -> None:
        strike(opened[0] > 0 and at == 3)
        commit(session)
        strike(opened[0] > 0 and at == 4)

    opening._open = dying
    Session.commit = last  # type: ignore[method-assign]
    run_deadlines()


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4])
def test_a_worker_killed_in_the_opening_opens_every_bid_exactly_once(
    world: World, time: Any, at: int
) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, agency=300, second=400, third=500)
    deadline = time.instant = world.closing(tender)
    ended, printed = in_a_child(lambda: struck(at))
    assert ended == -signal.SIGKILL, printed
    states = Counter(db.session.scalars(select(Bid.state)))
    assert states == ({"opened": 3} if at == 4 else {"submitted": 3}), "all of it or none"
    assert Tender.load(db.session, tender).state == ("evaluated" if at == 4 else "closed")
    time.instant = deadline + timedelta(minutes=1)
    run_deadlines()
    drain()
    db.session.rollback()
    assert sorted(b.price or 0 for b in db.session.scalars(select(Bid))) == [300, 400, 500]
    told = [e.case_identifier for e in db.session.scalars(select(Event).where(Event.kind == "bid.open"))]
    assert len(told) == len(set(told)) == 3
    assert db.session.query(Event).filter_by(kind="tender.open").count() == 1
    notices = (
        db.session.query(Notification)
        .join(Event, Event.id == Notification.event_id)
        .filter(Event.kind == "bid.open")
        .count()
    )
    assert notices == 3


def _bidders(number: int) -> list[Actor]:
    """Verified agencies with published fees for the item, straight into the tables."""
    with transaction() as session:
        agencies = [
            Organisation(
                identifier=f"A-2025-{n:06d}",
                kind="agency",
                name=f"竞标机构{n}",
                uscc=code(1000 + n),
                region_code=COUNTY,
                state="verified",
                policy_version="2026-11",
            )
            for n in range(number)
        ]
        session.add_all(agencies)
        session.flush()
        session.add_all(
            FeeSchedule(
                agency_id=a.id,
                item_code=ITEM,
                version=1,
                terms={"method": "fixed", "price": 5_000_000},
                days=20,
                effective_from=date(2026, 1, 1),
            )
            for a in agencies
        )
    return [
        Actor(a.name, frozenset({"agency"}), organisation_id=a.id, organisation_name=a.name) for a in agencies
    ]


def test_two_hundred_bidders_in_the_last_second_count_by_when_they_arrived(
    app: Flask, world: World, time: Any
) -> None:
    tender, actors = world.tender(mode="sealed_bid", funds="state"), _bidders(200)
    deadline = world.deadline(tender)
    offsets = [-timedelta(milliseconds=1) * n for n in range(100)] + [
        timedelta(milliseconds=1) * (n + 1) for n in range(100)
    ]
    local, start = threading.local(), threading.Barrier(200)
    clock.use(lambda: getattr(local, "arrives", time.instant))

    def bid(number: int) -> str:
        local.arrives = deadline + offsets[number]
        with app.app_context():
            start.wait()
            try:
                bid_actions.submit(actors[number], tender, price=3_000_000 + number * 100, days=20)
            except RuleViolation:
                return "late"
            return "in time"

    with ThreadPoolExecutor(200) as threads:
        ended = list(threads.map(lambda number: Context().run(bid, number), range(200)))
    assert ended == ["in time"] * 100 + ["late"] * 100
    time.closing(tender)
    found = Tender.load(db.session, tender)
    assert found.state == "evaluated"
    bids = db.session.scalars(select(Bid).order_by(Bid.price)).all()
    assert [b.price for b in bids] == [3_000_000 + n * 100 for n in range(100)]
    assert max(b.received_at for b in bids) == deadline, (
        "the one at the very instant counts, to the microsecond"
    )
    assert found.outcome is not None
    assert found.outcome.ranking == [b.identifier for b in bids]


@contextmanager
def _serving(keeper: Flask, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, keeper)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_keeper_on_another_machine_is_waited_for_and_gives_nothing_early(
    database: str, tmp_path: Path, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("KEEPER_HOME", str(tmp_path / "theirs")),
        ("KEEPER_SECRET", "theirs alone"),
        ("KEEPER_TOKEN", "token"),
    ):
        monkeypatch.setenv(name, value)
    service, port = create_keeper(), free_port()
    url = f"http://127.0.0.1:{port}"
    app = create_app({**settings(database, tmp_path), "KEEPER_URL": url, "KEEPER_TOKEN": "token"})
    with app.app_context():
        world = small_market()
        with pytest.raises(KeeperUnavailable):  # nothing is published that could not be sealed
            world.tender(mode="sealed_bid", funds="state")
        with _serving(service, port):
            tender = world.tender(mode="sealed_bid", funds="state")
            world.bids(tender, agency=300, second=400, third=500)
            db.session.rollback()
            handle = Tender.load(db.session, tender).keeper_handle or ""
            keeper = HttpKeeper(url, "token")
            with pytest.raises(WrongState):
                keeper.release(handle)
            with pytest.raises(WrongState):
                keeper.make(handle, time.instant)
            with pytest.raises(NotFound):
                keeper.release("no-such-handle")
            with pytest.raises(NotFound):
                keeper.release("..%2Fescape")
            with pytest.raises(KeeperUnavailable):
                HttpKeeper(url, "guess").release(handle)
            assert (
                service.test_client()
                .post(
                    f"/keys/{handle}x", json={"not_before": "soon"}, headers={"Authorization": "Bearer token"}
                )
                .status_code
                == 400
            )
        time.closing(tender)
        assert Tender.load(db.session, tender).state == "closed", "the keeper is away: closed, and not opened"
        assert [keys.fetch_keys(), keys.fetch_keys()] == [0, 0]
        (failure,) = db.session.scalars(select(Failure))
        assert (failure.what, failure.case_identifier, failure.next_at) == (
            "keys fetched",
            tender,
            time.instant + timedelta(seconds=30),
        )
        time.instant += timedelta(seconds=30)
        with _serving(service, port):
            run_deadlines()
            db.session.rollback()
            assert Tender.load(db.session, tender).state == "closed", (
                "nobody who is in time for others asks it"
            )
            assert keys.fetch_keys() == 1
            half = Tender.load(db.session, tender).keeper_half
            assert half is not None
            assert keeper.release(handle) not in half, "it lies here sealed"
            assert keys.fetch_keys() == 0
            run_deadlines()
            db.session.rollback()
            assert (
                Tender.load(db.session, tender).state,
                Tender.load(db.session, tender).keeper_half,
            ) == ("evaluated", None)
            assert db.session.scalars(select(Failure)).all() == []
            keeper.destroy(handle)
            with pytest.raises(NotFound):
                keeper.release(handle)
        journal = service.test_client().get("/journal", headers={"Authorization": "Bearer token"}).get_json()
        assert [row["handle"] for row in journal] == [handle]
        assert set(journal[0]) == {"handle", "made", "not_before", "released"}
        assert service.test_client().get("/journal").status_code == 401
        db.session.close()
        db.engine.dispose()
    assert not (tmp_path / "keeper").exists(), "the platform keeps nothing of it"


def test_a_kept_key_survives_a_half_written_file(tmp_path: Path, time: Any) -> None:
    keeper = FolderKeeper(tmp_path, "secret")
    public = keeper.make("Q-1", time.instant)
    (tmp_path / "tmpabandoned").write_text("{")
    assert len(public) == len(keeper.release("Q-1")) == 32
    keeper.destroy("Q-1")
    keeper.destroy("Q-1")
    assert [row["handle"] for row in keeper.journal()] == ["Q-1"]
    assert isinstance(datetime.fromisoformat(keeper.journal()[0]["made"]), datetime)
