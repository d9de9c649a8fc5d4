"""While the night's work runs, what falls due is done in time: real processes, a lane each, on a market of some size."""

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

from bench.rows.nightly import furnish, register_export
from market.cli import rebuild_index
from market.extensions import db
from market.jobs import drain
from market.jobs.lanes import Jobs
from market.jobs.nightly import PARTS
from market.serving.processes import lanes
from market.serving.supervisor import Supervisor
from market.transaction import transaction
from models import clock, heartbeats
from models.batches import Batch
from models.events import Event
from models.sourcing import Request
from tests.factories import World

pytestmark = pytest.mark.faults  # it measures time
SIZE = int(os.environ.get("NIGHT_SIZE", "20000"))  # agencies
REQUESTS = 24
LATEST = 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # seconds, where others take the machine's time as many times over
LONGEST = 200 + SIZE / 50  # seconds the night's work may take


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


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the one with a single writer
def test_what_falls_due_during_the_nights_work_is_done_within_two_seconds(app: Flask, world: World, time: Any, tmp_path: Path) -> None:
    world.settled()
    furnish(SIZE)
    register_export(tmp_path / "register.csv")
    app.config["REGISTER"] = str(tmp_path / "register.csv")
    rebuild_index()
    due = world.deadline(world.request(mode="sealed_bid", funds="state"))
    names = []
    for second in range(REQUESTS):
        request = world.request(mode="sealed_bid", funds="state", deadline=due + timedelta(seconds=second))
        world.bids(request, agency=100_00, second=101_00, third=102_00)
        names.append(request)
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
    jobs = _jobs(app, tmp_path / "lanes.log")
    try:
        while machine.monotonic() - began < LONGEST:  # a person goes on publishing meanwhile
            world.request()
            db.session.rollback()
            marks = heartbeats.last(db.session)
            night_done = all(marks[f"nightly {name}"] > start for name in PARTS)
            left = db.session.scalars(select(Request.identifier).where(Request.identifier.in_(names), Request.state.in_(("published", "closed")))).all()
            under_way = db.session.scalars(select(Batch.identifier).where(Batch.state.in_(("listing", "checking", "loading")))).all()
            if night_done and not left and not under_way:
                break
        assert (night_done, left, under_way) == (True, [], []), str(marks) + (tmp_path / "lanes.log").read_text()
    finally:
        os.kill(jobs, signal.SIGTERM)
        _, status = os.waitpid(jobs, 0)
    said = (tmp_path / "lanes.log").read_text()
    assert os.waitstatus_to_exitcode(status) == 0, said
    db.session.rollback()
    closes = {name: Request.load(db.session, name).closes_at for name in names}
    for kind in ("request.close", "request.open"):
        at = {e.case_identifier: e.at for e in db.session.scalars(select(Event).where(Event.kind == kind, Event.case_identifier.in_(names)))}
        late = {name: (at[name] - closes[name]).total_seconds() for name in names}
        assert max(late.values()) <= LATEST, (kind, sorted(late.values()))
    assert marks["deadlines"] > start
    ended = [(b.state, b.problem) for b in db.session.scalars(select(Batch).where(Batch.kind.in_(("scores", "register"))))]
    assert ended == [("done", None)] * 2, said
    assert "Traceback" not in said, said
