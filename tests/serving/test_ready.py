"""`/health` says that a process answers, `/ready` that the market does its work."""

from __future__ import annotations

import errno
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text

from harness.factories import World
from market import batches, chunks, create_app, jobs
from market.demonstration import progress
from market.jobs import CONSUMERS, LANES, consumers, drain, job_status, nightly, run_deadlines
from market.payments import jobs as money
from market.serving import ready
from market.serving.ready import BEHIND, BROKEN, FAILURES, NIGHT, OVERDUE, UNTRIED, WAITING
from market.transaction import transaction
from models import clock, failures, heartbeats
from models.events import Event
from models.failures import Attempt
from tests.conftest import settings
from tests.web import Visitor, sign_in


def test_a_market_that_does_its_work_is_ready(app: Flask) -> None:
    answer = Visitor(app).get("/ready")
    assert answer.status == 200
    told = answer.response.get_json()
    assert (told["ready"], told["problems"], told["files"]) == (True, [], "ok")


def test_without_its_database_it_answers_and_is_not_ready(tmp_path: Path) -> None:
    for url in (
        "postgresql+psycopg://nobody@127.0.0.1:9/none",
        f"sqlite:///{tmp_path}/nowhere/market.sqlite3",
    ):
        app = create_app(settings(url, tmp_path))
        with app.app_context():
            visitor = Visitor(app)
            assert visitor.get("/health").status == 200
            answer = visitor.get("/ready")
            assert answer.status == 503
            assert answer.response.get_json()["problems"] == ["database: OperationalError"]


def test_a_database_of_another_version_is_said(app: Flask) -> None:
    with transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = Visitor(app).get("/ready")
    assert answer.status == 503
    assert answer.response.get_json()["problems"][0].startswith("migrations: at 0001, not at ")


def test_where_no_file_can_be_kept_it_is_not_ready(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    app.config["FILES_FOLDER"] = tmp_path / "a file" / "files"
    answer = Visitor(app).get("/ready")
    assert (answer.status, answer.response.get_json()["problems"]) == (503, ["files: Not a directory"])


def test_lanes_that_are_not_heard_of_are_named(app: Flask, time: Any) -> None:
    app.config["JOBS"] = "queued"
    visitor = Visitor(app)
    assert visitor.get("/ready").response.get_json()["problems"] == [
        f"jobs: {lane} has not been heard of" for lane in LANES
    ]
    with transaction() as session:
        for lane in LANES:
            heartbeats.beat(session, lane)
    assert visitor.get("/ready").status == 200
    time.instant += timedelta(seconds=31)
    assert visitor.get("/ready").response.get_json()["problems"] == ["jobs: deadlines has not been heard of"]
    time.instant += timedelta(hours=1)
    assert len(visitor.get("/ready").response.get_json()["problems"]) == len(LANES)
    time.instant -= timedelta(days=1)
    assert len(visitor.get("/ready").response.get_json()["problems"]) == len(LANES), (
        "heard of by a clock that was ahead"
    )


def test_while_the_demonstration_is_played_that_is_the_reason(app: Flask) -> None:
    app.config.update(DEMO=True, JOBS="queued")
    progress.begin()
    progress.tell(40)
    assert Visitor(app).get("/ready").response.get_json()["problems"] == [
        "demonstration: 40 % of it is played, and the jobs wait for the rest"
    ]
    progress.finish()
    assert len(Visitor(app).get("/ready").response.get_json()["problems"]) == len(LANES)


def problems(app: Flask) -> list[str]:
    answer = Visitor(app).get("/ready")
    told = answer.response.get_json()
    assert (answer.status, told["ready"]) == ((503, False) if told["problems"] else (200, True))
    found: list[str] = told["problems"]
    return found


def _events(count: int) -> None:
    row = {
        "at": clock.now(),
        "kind": "x.y",
        "case_type": "x",
        "case_identifier": "X",
        "actor_name": "",
        "actor_role": "",
        "actor_organisation": "",
        "audience": "internal",
        "data": {},
        "notify": {"organisations": []},
    }
    with transaction() as session:
        session.execute(insert(Event), [row] * count)


def test_consumers_that_are_far_behind_are_named(app: Flask, time: Any) -> None:
    drain()
    _events(BEHIND)
    assert problems(app) == []
    _events(1)
    assert problems(app) == [f"jobs: {name} is {BEHIND + 1} events behind" for name in CONSUMERS]


def test_consumers_that_an_event_has_waited_for_are_named(app: Flask, time: Any) -> None:
    drain()
    _events(1)
    since = clock.now().isoformat()
    time.instant += WAITING
    assert problems(app) == []
    time.instant += timedelta(seconds=1)
    assert problems(app) == [f"jobs: an event waits for {name} since {since}" for name in CONSUMERS]
    drain()
    assert problems(app) == []


def test_what_is_overdue_is_a_problem_also_where_it_fails(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain()
    tender = world.tender()
    due = time.instant = world.closing(tender)
    drain()
    time.instant += UNTRIED
    assert problems(app) == []
    time.instant += timedelta(seconds=1)
    assert problems(app) == [f"jobs: a limit passed at {due.isoformat()} and nothing was done"]

    def failing(actor: Any, identifier: str) -> str:
        raise KeyError(identifier)

    monkeypatch.setitem(jobs.TIMED, ("tender", "close"), failing)
    run_deadlines()
    assert problems(app) == [], "it is known, and tried again"
    time.instant = due + OVERDUE + timedelta(seconds=1)
    assert problems(app) == [f"jobs: a limit passed at {due.isoformat()} and its act is still to come"]
    monkeypatch.undo()
    run_deadlines()
    drain()
    assert problems(app) == []


def test_many_failures_are_a_problem(app: Flask, time: Any) -> None:
    with transaction() as session:
        for number in range(FAILURES + 1):
            failures.note(session, Attempt("notifications", "x.y", "x", "X", number + 1), KeyError("x"))
    assert problems(app) == [f"jobs: {FAILURES + 1} failures"]


@pytest.mark.parametrize(
    ("lane", "where", "name", "told"),
    [
        ("long", batches, "run", "lane long: batches"),
        ("outside", money, "work", "lane outside: money"),
        ("events", consumers, "_catch_up", "consumers: notifications"),
    ],
)
def test_a_lane_whose_work_fails_says_so(
    app: Flask, time: Any, monkeypatch: pytest.MonkeyPatch, lane: str, where: Any, name: str, told: str
) -> None:
    """It goes on with its other parts, and says that it is alive: what failed is kept."""
    inner = getattr(where, name)

    def failing(*arguments: Any, **named: Any) -> Any:
        if name != "_catch_up" or arguments[0] == "notifications":
            raise KeyError("x")
        return inner(*arguments, **named)

    monkeypatch.setattr(where, name, failing)
    lanes = app.extensions["jobs"]
    lanes.passes[lane]()
    found = job_status()
    assert (list(found["broken"]), found["failures"]) == ([told], 1)
    assert (found["lanes"][lane] is not None, problems(app)) == (True, [])
    begun = clock.now().isoformat()
    time.instant += BROKEN + timedelta(seconds=1)
    lanes.passes[lane]()
    assert problems(app) == [f"jobs: {told} fails since {begun}"]
    monkeypatch.undo()
    time.instant += timedelta(hours=1)
    lanes.passes[lane]()
    assert (job_status()["broken"], job_status()["failures"], problems(app)) == ({}, 0, [])


def test_a_night_that_was_missed_is_named(app: Flask, time: Any) -> None:
    for lane in LANES:
        nightly.work(lane)
    marked = clock.now().isoformat()
    time.instant = nightly.last_night() + timedelta(days=1) + NIGHT
    assert problems(app) == []
    time.instant += timedelta(seconds=1)
    assert problems(app) == [f"night: {name} was last done at {marked}" for name in nightly.PARTS]
    for lane in LANES:
        nightly.work(lane)
    drain()
    assert problems(app) == []


def test_a_lane_says_that_it_is_alive_between_two_pieces(app: Flask, time: Any) -> None:
    """A batch may take hours."""
    lanes, heard = app.extensions["jobs"], []
    lanes.lane, lanes.rest = "long", heard.append

    def piece(session: Any, names: list[str]) -> int:
        time.instant += timedelta(minutes=20)
        return len(names)

    chunks.in_chunks("reminders", "remind", "tender", ["a", "b", "c"], piece, chunks.ChunkSize(1, most=1))
    assert job_status()["lanes"]["long"] == clock.now().isoformat()
    assert len(heard) == 3, "and rests"
    lanes.lane = "deadlines"
    run_deadlines()
    assert job_status()["lanes"]["deadlines"] is None, (
        "there was nothing to do: the pass itself says so at its end"
    )


def test_a_disk_that_is_nearly_full_is_said(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "market.serving.ready.shutil.disk_usage", lambda folder: SimpleNamespace(free=(64 << 20) - 1)
    )
    assert "disk: 63 MB free" in problems(app)[0]


def test_every_disk_the_market_writes_to_is_looked_at(
    app: Flask, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these may be a disk of its own."""
    asked: list[Path] = []
    stands = os.stat

    def apart(self: Path, **given: Any) -> Any:
        found = stands(self)
        return SimpleNamespace(st_dev=str(self), st_mode=found.st_mode)

    monkeypatch.setattr(
        "market.serving.ready.shutil.disk_usage",
        lambda folder: asked.append(folder) or SimpleNamespace(free=1),
    )
    for name in ("FILES_FOLDER", "INDEX_FOLDER", "KEEPER_FOLDER"):
        Path(app.config[name]).mkdir(exist_ok=True)
    app.config["JOBS_FILE"] = tmp_path / "queues" / "jobs.sqlite3"
    (tmp_path / "queues").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", apart)
        found = ready._folders()
    wanted = {
        tmp_path,
        tmp_path / "files",
        tmp_path / "index",
        tmp_path / "keeper",
        tmp_path / "queues",
        Path(tempfile.gettempdir()),
    }
    assert set(found) == wanted
    assert len(ready._folders()) <= 2, "of one disk once"
    assert [line for line in problems(app) if line.startswith("disk: 0 MB free for ")]


def test_a_disk_without_names_left_is_full_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "market.serving.ready.os.statvfs",
        lambda folder: SimpleNamespace(
            f_files=10, f_favail=9, f_frsize=4096, f_blocks=1 << 31, f_bfree=1 << 30, f_bavail=1 << 30
        ),
    )
    assert "disk: 9 more files fit" in problems(app)[0]


def test_a_file_that_cannot_be_filled_is_said(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, or a quota that is used up, still makes empty files."""

    def full(handle: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("market.serving.ready.os.write", full)
    assert problems(app) == ["files: No space left on device"]
    assert not list(Path(app.config["FILES_FOLDER"]).glob(".probe-*"))


def test_a_stranger_is_told_which_part_and_nothing_of_the_machine(
    app: Flask, world: World, tmp_path: Path
) -> None:
    """Host names, folders and clocks are for the machine itself and for administrators.

    Who a header says it speaks for is no peer.
    """
    world.appoint_admin()
    (tmp_path / "a file").write_text("")
    app.config["FILES_FOLDER"] = tmp_path / "a file" / "files"
    elsewhere = {"REMOTE_ADDR": "203.0.113.7"}
    stranger, buyer, admin = Visitor(app), sign_in(app, world, "buyer"), sign_in(app, world, "admin")
    for visitor, environment in (
        (stranger, elsewhere),
        (buyer, elsewhere),
        (stranger, {**elsewhere, "HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
        (stranger, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}),
        (stranger, {"HTTP_FORWARDED": "for=127.0.0.1"}),
        (stranger, {"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "10.0.0.1"}, "REMOTE_ADDR": "127.0.0.1"}),
    ):
        answer = visitor._answer(lambda v=visitor, e=environment: v.client.get("/ready", environ_overrides=e))
        assert (answer.status, answer.response.get_json()) == (503, {"ready": False, "problems": ["files"]})
    for visitor, environment in (
        (admin, elsewhere),
        (stranger, {"REMOTE_ADDR": "127.0.0.1"}),
        (stranger, {"REMOTE_ADDR": "::1"}),
    ):
        answer = visitor._answer(lambda v=visitor, e=environment: v.client.get("/ready", environ_overrides=e))
        assert answer.response.get_json()["problems"] == ["files: Not a directory"]
