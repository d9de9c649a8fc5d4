"""The lanes and the night.

Deadlines by themselves, long work in pieces that hold the write lock for a moment, every night made up for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from harness.factories import World
from harness.large_market import furnish, register_export
from market import batches as doing
from market import chunks, create_app
from market.agencies import imports
from market.chunks import ChunkSize
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import CONSUMERS, LANES, Jobs, drain, job_status, lanes, nightly, run_deadlines, tick
from market.jobs.lanes import EverySecond
from models import batches, clock, heartbeats
from models.accounts import Organisation
from models.agencies.checks import Check
from models.batches import Batch
from models.credit import kept, score
from models.events import Event
from models.failures import Failure
from tests.agencies.test_imports import agency_row, upload
from tests.conftest import settings
from tests.web import sign_in


def test_making_the_application_opens_nothing_and_starts_nothing(tmp_path: Path, database: str) -> None:
    """Whoever made it may fork."""
    threads = threading.active_count()
    app = create_app({**settings(database, tmp_path), "JOBS": "queued"})
    jobs: Jobs = app.extensions["jobs"]
    assert not (tmp_path / "jobs.sqlite3").exists()
    assert (threading.active_count(), set(jobs.queues)) == (threads, set(LANES))
    with app.app_context():
        assert db.engine.pool.checkedout() == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_but_deadlines_runs_in_their_lane_and_none_pile_up(
    tmp_path: Path, database: str, time: Any
) -> None:
    app = create_app({**settings(database, tmp_path), "JOBS": "queued"})
    jobs: Jobs = app.extensions["jobs"]
    jobs.prepare()
    queue = jobs.queues["deadlines"]
    (task,) = queue.read_periodic(None)
    assert EverySecond.periodic_task_seconds == 1
    with app.app_context():
        jobs.announce()
        assert [lane for lane in LANES if jobs.queues[lane].pending_count()] == ["events"], (
            "no event wakes the lane of deadlines"
        )
        queue.enqueue(task)
        queue.execute(queue.dequeue(), datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=3))
        assert job_status()["lanes"]["deadlines"] is None, (
            "a pass nobody began in time is dropped: the next one does it all"
        )
        queue.enqueue(task)
        queue.execute(queue.dequeue())
        assert job_status()["lanes"]["deadlines"] is not None
        db.session.close()
        db.engine.dispose()
    for each in jobs.queues.values():
        each.storage.close()


def test_how_the_jobs_stand(app: Flask, world: World, time: Any) -> None:
    assert job_status()["lanes"] == dict.fromkeys(LANES)
    drain()
    world.tender()
    assert job_status()["lag"]["notifications"] > 0
    tick()
    found = job_status()
    assert set(found["lanes"].values()) == {time.instant.astimezone(UTC).isoformat()}
    assert (set(found["lag"].values()), found["failures"], found["overdue"]) == ({0}, 0, None)


def test_every_night_is_made_up_for_once_and_a_part_that_fails_stops_no_other(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def part(name: str) -> Any:
        def do() -> None:
            done.append(name)
            if name == "scores" and len(done) < 4:
                raise KeyError("x")

        return do

    monkeypatch.setattr(
        nightly, "PARTS", {name: nightly.Part(each.lane, part(name)) for name, each in nightly.PARTS.items()}
    )
    nightly.work("long")
    assert done == [], "a market that has just begun has no night to make up for"
    time.instant += timedelta(hours=12)
    nightly.work("long")
    assert done == [], "it is not two in the morning yet"
    time.instant += timedelta(days=2)
    nightly.work("long")
    assert done == [
        "books",
        "scores",
        "expiry",
        "index",
        "uploads",
        "files",
        "submissions",
        "tallies",
        "waiting statements",
        "notices",
        "letters of authorisation",
    ]
    nightly.work("long")
    nightly.work("long")
    assert done == [
        "books",
        "scores",
        "expiry",
        "index",
        "uploads",
        "files",
        "submissions",
        "tallies",
        "waiting statements",
        "notices",
        "letters of authorisation",
        "scores",
    ], "again by itself, the others not"
    assert db.session.scalars(select(Failure)).all() == []
    nightly.work("outside")
    assert done[-2:] != ["register", "reconcile"], "not before it was seen once"
    assert set(heartbeats.last(db.session)) >= {f"nightly {name}" for name in nightly.PARTS}


def test_a_night_done_by_a_clock_that_was_ahead_is_still_to_be_done(
    app: Flask, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(nightly, "PARTS", {"books": nightly.Part("long", lambda: done.append("books"))})
    nightly.work("long")
    begun = time.instant
    time.instant = begun + timedelta(days=400)
    nightly.work("long")
    time.instant = begun + timedelta(days=1)
    nightly.work("long")
    nightly.work("long")
    time.instant += timedelta(days=1)
    nightly.work("long")
    assert done == ["books"] * 3


def test_every_market_has_a_pace_of_its_own(tmp_path: Path, app: Flask, database: str) -> None:
    """What was slow in one is not slow in the next."""
    slow = chunks.chunk_size("work", most=100)
    slow.took(9.0)
    with chunks.chunk_size("work").piece():
        pass
    assert chunks.chunk_size("work") is slow
    another = create_app(settings(database, tmp_path))
    with another.app_context():
        assert (chunks.chunk_size("work").size, another.extensions["jobs"].lane) == (20, "")
        assert another.extensions["jobs"].rest(9.0) is None, "outside of the lanes nobody waits"
        db.session.close()
        db.engine.dispose()


def test_a_piece_grows_while_it_is_short_and_shrinks_when_it_is_long() -> None:
    pace = ChunkSize(20, most=100)
    sizes = []
    for seconds in (0.01, 0.01, 0.01, 0.1, 0.3, 0.3, 0.01, *[9.0] * 9):
        pace.took(seconds)
        sizes.append(pace.size)
    assert sizes == [40, 80, 100, 100, 50, 25, 50, 25, 12, 6, 3, 1, 1, 1, 1, 1]


def _rows(counted: int, statement: str, parameters: Any) -> int:
    """How many rows a statement writes: one a set of parameters, or those of its VALUES."""
    if isinstance(parameters, list):
        return len(parameters)
    return max(counted, statement.count("), (") + 1)


@contextmanager
def transactions() -> Iterator[list[tuple[int, dict[str, int]]]]:
    """How many rows each transaction that wrote had written when it ended, and by which statements."""
    written: list[tuple[int, dict[str, int]]] = []
    open_: dict[int, dict[str, int]] = {}

    def sent(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            so_far, kind = open_.setdefault(id(connection), {}), " ".join(statement.split()[:3])
            so_far[kind] = so_far.get(kind, 0) + _rows(cursor.rowcount, statement, parameters)

    def ended(connection: Any) -> None:
        kinds = open_.pop(id(connection), {})
        written.append((sum(kinds.values()), kinds))

    listening = (("after_cursor_execute", sent), ("commit", ended), ("rollback", ended))
    for name, listener in listening:
        event.listen(db.engine, name, listener)
    try:
        yield written
    finally:
        for name, listener in listening:
            event.remove(db.engine, name, listener)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the one with a single writer
def test_no_transaction_of_the_long_work_writes_more_than_a_piece(
    app: Flask, world: World, time: Any, tmp_path: Path
) -> None:
    size, most = (
        900,
        4 * doing.CHUNK + 20,
    )  # an agency that comes in is four rows: itself, its profile, its event, its row of the table
    world.settled()
    furnish(size)
    register_export(tmp_path / "register.csv")
    app.config["REGISTER"] = str(tmp_path / "register.csv")
    rebuild_index()
    for lane in LANES:
        nightly.work(lane)
    time.instant += timedelta(days=1)
    with transactions() as written:
        for lane in LANES:
            nightly.work(lane)
        doing.run()
        drain()
    assert sum(rows for rows, _kinds in written) > 4 * size, (
        "scores, warnings, their events and notices, and the comparison's rows"
    )
    assert max(written, key=itemgetter(0))[0] <= most, max(written, key=itemgetter(0))
    told = db.session.scalar(select(func.count(Event.id)).where(Event.kind == "organisation.expiring"))
    assert told == size + 1
    assert db.session.scalar(select(func.count(kept.CreditScore.id))) == size + 3
    assert db.session.scalar(select(func.count(Check.id))) == (size + 3) // 200
    assert [(b.kind, b.state, b.total) for b in db.session.scalars(select(Batch).order_by(Batch.kind))] == [
        ("register", "done", size + 3),
        ("scores", "done", size + 2),  # one had its sheet from its contract
    ]
    table = upload(world, "regulator", "agencies", [agency_row(n) for n in range(400)])
    with transactions() as written:
        doing.run()
        doing.load_batch(world.actor("regulator"), table)
        doing.run()
    assert max(written, key=itemgetter(0))[0] <= most, max(written, key=itemgetter(0))
    assert batches.load(db.session, table).state == "done"
    assert (
        db.session.scalar(select(func.count(Organisation.id)).where(Organisation.claimed.is_(False))) == 400
    )
    assert not db.session.scalars(select(Failure)).all()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_agency_whose_score_cannot_be_computed_stays_behind_alone(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from market.credit.actions import scores as actions

    for name in ("agency", "second"):
        world.settled(agency=name)
    bad, of_agencies = world.organisation("second").id, score.of_agencies

    def breaking(session: Any, agency_ids: list[int]) -> Any:
        if bad in agency_ids:
            raise ZeroDivisionError
        return of_agencies(session, agency_ids)

    db.session.execute(update(kept.CreditScore).values(policy_version="another"))
    db.session.commit()

    monkeypatch.setattr(actions.score, "of_agencies", breaking)
    monkeypatch.setattr(actions.score, "of_agency", lambda session, key: breaking(session, [key])[key])
    time.instant += timedelta(days=730)
    batch = batches.load(db.session, actions.refresh_every_score())
    assert (batch.state, batch.loaded, batch.faulty) == ("done", 3, 1)
    at = dict(db.session.execute(select(kept.CreditScore.agency_id, kept.CreditScore.computed_at)).all())
    assert {key for key, when in at.items() if when < clock.now()} == {bad}
    (failure,) = db.session.scalars(select(Failure))
    assert (failure.what, failure.case_identifier) == ("scores", world.identifiers["second"])
    world.appoint_admin()
    page = sign_in(app, world, "admin").get(f"/batches/{batch.identifier}")
    assert "信用分重算" in page.text
    assert page.soup.select_one("progress")["value"] == "3"
    monkeypatch.undo()
    actions.refresh_failed()
    db.session.rollback()
    assert db.session.scalars(select(Failure)).all() == []
    assert set(db.session.scalars(select(kept.CreditScore.computed_at))) == {clock.now()}


def test_a_sheet_kept_meanwhile_is_newer_than_one_computed_before(
    app: Flask, world: World, time: Any
) -> None:
    from market.credit.actions import scores as actions
    from market.transaction import transaction

    world.settled(stars=1)
    looked = actions.look_at_scores(0, 10)
    assert looked is not None
    time.instant += timedelta(minutes=1)
    world.settled(stars=5)
    newer = db.session.scalars(select(kept.CreditScore.score).where(kept.CreditScore.settled == 2)).one()
    with transaction() as session:
        assert actions.keep_scores(session, looked.found) == 2, "the other two agencies had none"
    assert (
        db.session.scalars(select(kept.CreditScore.score).where(kept.CreditScore.settled == 2)).one() == newer
    )


def test_the_clock_does_what_is_due_in_the_order_of_the_limits(app: Flask, world: World, time: Any) -> None:
    tenders = [world.tender() for _ in range(3)]
    time.instant = world.closing(tenders[0])
    assert run_deadlines() == 3
    assert imports.MOST == 5_000


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_lane_whose_file_is_gone_makes_it_anew(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app({**settings(database, tmp_path), "JOBS": "queued"})
    jobs: Jobs = app.extensions["jobs"]
    waiting: list[int] = []
    monkeypatch.setattr(
        lanes._Lane, "run", lambda lane: waiting.append(jobs.queues["deadlines"].storage.queue_size())
    )
    jobs.work("deadlines")
    assert waiting == [0], "no table was there"
    for each in jobs.queues.values():
        each.storage.close()


def test_a_lane_ends_its_pass_though_people_never_stop(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows events had them all to himself as long as there were any.

    The night's work in the same lane never came.
    """
    drain()
    seen: list[int] = []

    def handle(happened: list[Event]) -> None:
        seen.append(len(happened))
        if len(seen) < 30:
            world.tender()

    monkeypatch.setitem(CONSUMERS, "letters", replace(CONSUMERS["letters"], handle=handle))
    world.tender()
    drain("outside", once=True)
    assert len(seen) < 5
    assert job_status()["lag"]["letters"], "what came meanwhile is for the next pass"
    drain("outside")
    assert (len(seen) >= 30, job_status()["lag"]["letters"]) == (True, 0)
