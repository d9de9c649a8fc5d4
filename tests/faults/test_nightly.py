"""While the night's work runs, what falls due is done in time and nobody waits for it.

Real processes, a lane each, on a market of some size.
"""

from __future__ import annotations

import logging
import os
import signal
import time as machine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from harness.large_market import furnish, register_export
from market.chunks import ChunkSize
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import drain
from market.jobs.lanes import Jobs
from market.jobs.nightly import PARTS
from market.serving.processes import lanes
from market.serving.supervisor import Supervisor
from market.sourcing.actions import tenders
from market.transaction import transaction
from models import clock, heartbeats
from models.batches import Batch
from models.events import Event
from models.sourcing.tenders import Tender

pytestmark = pytest.mark.faults  # it measures time
SIZE = int(os.environ.get("NIGHT_SIZE", "8000"))  # agencies
TENDERS, BACKLOG = 24, 300  # to be opened, a second apart; and others that fall due with the first of them
LATEST, PATIENT, HELD = (
    2.0,
    0.3,
    0.2,
)  # seconds: an opening may be late, a person's act may take, and a piece may hold the lock
LONGEST = 600  # seconds the night's work may take


def _jobs(app: Flask, log: Path) -> int:
    """All the lanes, in processes of their own."""
    db.session.rollback()
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            logging.getLogger().addHandler(logging.FileHandler(log))
            Supervisor(lanes(app)).run()
        finally:
            os._exit(0)
    return child


def _noting(monkeypatch: pytest.MonkeyPatch, notes: Path) -> None:
    """Have every piece of long work note, in whichever process, how long it held the lock."""
    took = ChunkSize.took

    def noting(self: ChunkSize, seconds: float) -> None:
        with notes.open("a") as file:
            file.write(f"{seconds}\n")
        took(self, seconds)

    monkeypatch.setattr(ChunkSize, "took", noting)


def _of(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def _publish(world: World, **terms: Any) -> float:
    """A person publishes a tender. How long that took."""
    draft, buyer = world.tender(publish=False, **terms), world.actor("buyer")
    began = machine.monotonic()
    tenders.publish(buyer, draft)
    return machine.monotonic() - began


def test_what_falls_due_during_the_nights_work_is_done_within_two_seconds(
    app: Flask, world: World, time: Any, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settled()
    furnish(SIZE)
    register_export(tmp_path / "register.csv")
    app.config["REGISTER"] = str(tmp_path / "register.csv")
    rebuild_index()
    due = world.deadline(world.tender(mode="sealed_bid", funds="state"))
    names = []
    for second in range(TENDERS):
        tender = world.tender(mode="sealed_bid", funds="state", deadline=due + timedelta(seconds=second))
        world.bids(tender, agency=100_00, second=101_00, third=102_00)
        names.append(tender)
    others = [world.tender(deadline=due) for _ in range(BACKLOG)]
    drain()
    with transaction() as session:
        for name in PARTS:
            heartbeats.beat(session, f"nightly {name}")
    app.config["JOBS"] = "queued"
    app.extensions["jobs"] = Jobs(app)
    app.extensions["jobs"].prepare()
    start, began = world.closing(names[0]) - timedelta(seconds=4), machine.monotonic()
    assert start - time.instant > timedelta(days=1), "a night has passed since the marks"
    clock.use(lambda: start + timedelta(seconds=machine.monotonic() - began))
    _noting(monkeypatch, tmp_path / "pieces")
    jobs, acts = _jobs(app, tmp_path / "lanes.log"), list[float]()
    try:
        one = {"openness": "invited", "invited": [world.identifiers["agency"]]}
        while machine.monotonic() - began < LONGEST:  # a person goes on publishing meanwhile, at times to all
            acts.append(_publish(world, **(one if len(acts) % 20 else {})))
            db.session.rollback()
            marks = heartbeats.last(db.session)
            night_done = all(marks[f"nightly {name}"] > start for name in PARTS)
            left = db.session.scalars(
                select(Tender.identifier).where(
                    Tender.identifier.in_(names), Tender.state.in_(("published", "closed"))
                )
            ).all()
            under_way = db.session.scalars(
                select(Batch.identifier).where(Batch.state.in_(("listing", "checking", "loading")))
            ).all()
            if night_done and not left and not under_way:
                break
        assert (night_done, left, under_way) == (True, [], []), (
            str(marks) + (tmp_path / "lanes.log").read_text()
        )
    finally:
        os.kill(jobs, signal.SIGTERM)
        _, status = os.waitpid(jobs, 0)
    said = (tmp_path / "lanes.log").read_text()
    assert os.waitstatus_to_exitcode(status) == 0, said
    db.session.rollback()
    told = db.session.scalars(
        select(Event.at).where(Event.kind == "tender.extend", Event.case_identifier.in_(others))
    ).all()
    pieces = [float(line) for line in (tmp_path / "pieces").read_text().split()]
    late_others = max((at - world.closing(names[0])).total_seconds() for at in told)
    print(
        f"{database.partition(':')[0]}, {SIZE} agencies: {len(acts)} publications"
        f" p50 {_of(acts, 0.5) * 1000:.0f} p99 {_of(acts, 0.99) * 1000:.0f} max {max(acts) * 1000:.0f} ms;"
        f" {len(pieces)} pieces p99 {_of(pieces, 0.99) * 1000:.0f} max {max(pieces) * 1000:.0f} ms;"
        f" {len(told)} others, the last {late_others:.1f} s late"
    )
    closes = {name: Tender.load(db.session, name).closes_at for name in names}
    for kind in ("tender.close", "tender.open"):
        at = {
            e.case_identifier: e.at
            for e in db.session.scalars(
                select(Event).where(Event.kind == kind, Event.case_identifier.in_(names))
            )
        }
        late = sorted((at[name] - closes[name]).total_seconds() for name in names)
        print(
            f"{kind}: p50 {late[len(late) // 2]:.2f} max {late[-1]:.2f} s",
            [round(each, 1) for each in late[-6:]],
        )
        assert late[-1] <= LATEST, (kind, late)
    assert len(told) == BACKLOG
    assert _of(acts, 0.99) < PATIENT, sorted(acts)[-20:]
    assert _of(pieces, 0.99) <= HELD, sorted(pieces)[-20:]
    assert marks["deadlines"] > start
    ended = [
        (b.state, b.problem)
        for b in db.session.scalars(select(Batch).where(Batch.kind.in_(("scores", "register"))))
    ]
    assert ended == [("done", None)] * 2, said
    assert "Traceback" not in said, said
