"""What moves by itself on time stands still while a clock cannot be gone by.

A clock a month ahead for one tick opened sealed bids for ever.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market import timekeeping as keeping
from market.extensions import db
from market.jobs import nightly, tick
from models import clock, timekeeping
from models.events import Event
from models.timekeeping import BOUND, DATABASE, GAP, OUTAGE
from tests.faults.keeping import SEALED
from tests.machine import MONTH, Machine, problems, state
from tests.web import Visitor, sign_in


def happened() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Event.kind).where(Event.case_type == "clock").order_by(Event.id)))


def sealed(world: World) -> str:
    tender = world.tender(**SEALED)
    world.bids(tender, agency=300, second=400, third=500)
    return tender


def test_a_clock_a_month_ahead_for_one_tick_opens_nothing(
    app: Flask, world: World, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    tender = sealed(world)
    tick()
    machine.passes(timedelta(seconds=1))
    machine.is_set(MONTH)
    assert tick()[0] == 0
    assert state(tender) == "published"
    (line,) = problems(app)
    assert Visitor(app).get("/ready").status == 503
    assert "machine says 2026-04-01T" in line
    assert "2026-03-02T" in line
    assert [r for r in caplog.records if r.levelno == logging.ERROR and "stand still" in r.message]
    machine.is_set(-MONTH)
    machine.passes(timedelta(seconds=1))
    tick()
    assert (state(tender), problems(app), happened()) == ("published", [], ["clock.doubt", "clock.resume"])
    machine.passes(world.closing(tender) - machine().wall)
    tick()
    assert state(tender) == "evaluated", "its own time came"


@pytest.mark.parametrize(
    "by", [MONTH, timedelta(days=-1), BOUND + timedelta(seconds=1), -BOUND - timedelta(seconds=1)]
)
def test_a_jump_either_way_stops_every_lane_until_somebody_confirms_it(
    app: Flask, world: World, machine: Machine, by: timedelta
) -> None:
    tender, jobs = sealed(world), app.extensions["jobs"]
    for lane in jobs.passes:
        jobs.passes[lane]()
    machine.passes(world.closing(tender) - machine().wall - timedelta(seconds=30))
    for lane in jobs.passes:
        jobs.passes[lane]()
    db.session.rollback()
    nights = nightly.marks(db.session)
    machine.is_set(by)
    machine.passes(timedelta(minutes=1))
    for lane in jobs.passes:
        jobs.passes[lane]()
    assert state(tender) == "published"
    assert nightly.marks(db.session) == nights, "no night's work either"
    world.appoint_admin()
    admin = sign_in(app, world, "admin")
    page = admin.get("/admin/failures")
    assert "时钟存疑" in page.text
    refused = admin.submit("/admin/clock/machine", reason="")
    assert refused.status == 422
    assert admin.submit("/admin/clock/machine", reason="对照过授时中心,机器重装后校过时").status == 303
    assert problems(app) == []
    machine.passes(max(-by, timedelta()) + timedelta(minutes=3))
    for lane in jobs.passes:
        jobs.passes[lane]()
    assert (state(tender), happened()) == ("evaluated", ["clock.doubt", "clock.confirm"])
    told = db.session.scalars(select(Event).where(Event.kind == "clock.confirm")).one()
    assert (told.actor_role, told.data["reason"], told.audience) == (
        "admin",
        "对照过授时中心,机器重装后校过时",
        "internal",
    )


def test_what_was_confirmed_is_the_clock_from_then_on(app: Flask, world: World, machine: Machine) -> None:
    tick()
    machine.is_set(MONTH)
    tick()
    machine.passes(timedelta(hours=5))
    ((name, found),) = keeping.doubted()
    keeping.confirm(world.actor("admin"), name, wall=found.wall.isoformat(), reason="so it is")
    assert keeping.look() == machine().wall
    machine.is_set(-MONTH)
    assert keeping.look() is None, "what it said before is now a jump back"


def test_a_short_outage_needs_nobody_and_a_long_one_a_person(
    app: Flask, world: World, machine: Machine
) -> None:
    tick()
    machine.starts_again(OUTAGE)
    assert keeping.look() is not None
    machine.starts_again(timedelta(days=3), "start 3")
    assert keeping.look() is None
    machine.passes(timedelta(hours=9))
    world.tender()
    assert keeping.look() is None, "whatever people do meanwhile"
    ((_name, found),) = keeping.doubted()
    assert found.why == GAP
    keeping.confirm(world.actor("admin"), "machine", wall=found.wall.isoformat(), reason="停机三天")
    assert keeping.look() is not None


def test_a_machine_that_ran_on_while_the_market_was_down_needs_nobody(app: Flask, machine: Machine) -> None:
    tick()
    machine.passes(timedelta(days=3))
    assert keeping.look() == machine().wall


def test_a_time_server_tells_an_outage_from_a_clock_that_was_set(
    app: Flask, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick()
    machine.starts_again(timedelta(days=3))
    assert keeping.look() is None
    monkeypatch.setattr(clock, "synchronised", lambda: True)
    assert keeping.look() is not None, "a little after the start it has been heard"
    machine.is_set(MONTH)
    assert keeping.look() is None, "while the machine runs nothing but a witness outside excuses a jump"


def test_a_restart_before_what_is_on_record_is_a_clock_put_back(app: Flask, machine: Machine) -> None:
    tick()
    machine.starts_again(-timedelta(hours=1))
    assert keeping.look() is None


def test_another_machine_does_not_bring_its_own_time(app: Flask, machine: Machine) -> None:
    tick()
    machine.reading = replace(
        machine.reading, machine="another", boot="its own", up=3.0, wall=machine.reading.wall + MONTH
    )
    assert keeping.look() is None
    machine.reading = replace(machine.reading, wall=machine.reading.wall - MONTH + timedelta(seconds=20))
    assert keeping.look() is not None


def test_a_container_made_anew_on_a_machine_that_ran_on_needs_nobody(app: Flask, machine: Machine) -> None:
    tick()
    machine.passes(timedelta(days=3))
    machine.reading = replace(machine.reading, machine="another name")
    assert keeping.look() is not None
    machine.is_set(MONTH)
    machine.reading = replace(machine.reading, machine="a third")
    assert keeping.look() is None


def test_a_market_from_before_goes_by_what_it_has_on_record(
    app: Flask, world: World, machine: Machine
) -> None:
    """Its newest pass of the jobs, or event."""
    machine.passes(timedelta(days=3))
    assert keeping.look() is None


@pytest.mark.parametrize("kind", ["DEMO", "TRIAL"])
def test_what_nobody_relies_on_may_be_put_away_for_weeks(app: Flask, machine: Machine, kind: str) -> None:
    app.config[kind] = True
    tick()
    machine.starts_again(MONTH)
    assert keeping.look() is not None
    machine.is_set(MONTH)
    assert keeping.look() is None, "a jump is a jump"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_clock_that_runs_away_from_the_databases_is_not_gone_by(
    app: Flask, world: World, machine: Machine
) -> None:
    """Both of a machine's clocks may go wrong together, as where a virtual one was stopped."""
    tick()
    machine.elsewhere -= MONTH
    assert keeping.look() is None
    ((_name, found),) = keeping.doubted()
    assert (found.why, abs(found.expected - machine.elsewhere) < BOUND) == (DATABASE, True)
    keeping.confirm(
        world.actor("admin"),
        "machine",
        wall=found.wall.isoformat(),
        reason="the database's clock is the wrong one",
    )
    assert keeping.look() is not None
    machine.elsewhere += MONTH
    assert keeping.look() is None, "it was put right: that is another difference"


def test_the_databases_clock_counts(
    app: Flask, database: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One on another machine; what it says is asked of the real one."""
    monkeypatch.undo()
    app.config["TRIAL"] = True
    if database.startswith("sqlite"):
        assert keeping._of_database() is None, "a file has no clock of its own"
        return
    apart = keeping._of_database()
    assert apart is not None
    assert abs(apart - datetime.now(UTC)) < BOUND
    assert keeping.look() is None, "it is not March there"
    machine.reading = replace(machine.reading, machine="right", boot="now", wall=datetime.now(UTC))
    assert keeping.look() is not None


class _Witness(BaseHTTPRequestHandler):
    said = datetime.now(UTC)

    def do_HEAD(self) -> None:
        self.send_response_only(405)
        self.send_header("Date", format_datetime(self.said.astimezone(UTC), usegmt=True))
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Nobody listens."""


@pytest.fixture
def witness() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Witness)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_witness_outside_excuses_a_jump_or_does_not(
    app: Flask, machine: Machine, witness: HTTPServer
) -> None:
    app.config["CLOCK_WITNESS"] = f"http://127.0.0.1:{witness.server_port}/"
    tick()
    machine.is_set(MONTH)
    _Witness.said = machine().wall - MONTH
    assert keeping.look() is None
    _Witness.said = machine().wall
    assert keeping.look() is not None
    app.config["CLOCK_WITNESS"] = "http://127.0.0.1:9/"
    machine.is_set(MONTH)
    assert keeping.look() is None, "one that is away says nothing"


def test_time_that_is_passed_in_is_taken_as_it_is(app: Flask, time: Any) -> None:
    tick()
    time.instant += MONTH
    assert keeping.look() == time.instant
    time.instant -= 2 * MONTH
    assert keeping.look() == time.instant
    assert timekeeping.doubts(db.session) == []
