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
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from market import timekeeping as keeping
from market.contracts import actions as contracts
from market.extensions import db
from market.jobs import nightly, tick
from market.oversight import actions as oversight
from market.payments import jobs as money
from market.ratings import actions as ratings
from market.sourcing import actions as sourcing
from market.transaction import transaction
from models import clock, ledger, timekeeping
from models.clock import Reading
from models.events import Event
from models.ledger import Moved
from models.sourcing import Request
from models.text import Conflict, NotAllowed, RuleBroken
from models.timekeeping import BOUND, DATABASE, GAP, JUMP, OUTAGE, Known
from tests.conftest import START
from tests.factories import World
from tests.faults.keeping import SEALED
from tests.web import Visitor, sign_in

MONTH = timedelta(days=30)


class Machine:
    """A machine whose clock can be set, whose seconds go on by themselves, and which can be started again.

    And what it is meanwhile elsewhere.
    """

    def __init__(self, instant: datetime) -> None:
        self.reading, self.elsewhere = Reading("machine", "start 1", 1000.0, instant), instant

    def __call__(self) -> Reading:
        return self.reading

    def passes(self, time: timedelta) -> None:
        self.reading = replace(
            self.reading, up=self.reading.up + time.total_seconds(), wall=self.reading.wall + time
        )
        self.elsewhere += time

    def is_set(self, by: timedelta) -> None:
        self.reading = replace(self.reading, wall=self.reading.wall + by)

    def starts_again(self, after: timedelta, boot: str = "start 2") -> None:
        self.reading = replace(self.reading, boot=boot, up=5.0, wall=self.reading.wall + after)
        self.elsewhere += after


@pytest.fixture
def machine(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """This machine, whose clock no time server keeps.

    A database that has a clock has a right one: PostgreSQL's own says what it really is.
    """
    found = Machine(START)
    if db.engine.dialect.name == "postgresql":
        monkeypatch.setattr(keeping, "_of_database", lambda: found.elsewhere)
    monkeypatch.setattr(clock, "synchronised", lambda: False)
    monkeypatch.setattr(keeping, "AGAIN", 0.0)
    clock.use_machine(found)
    yield found
    clock.use_system()


def state(request: str) -> str:
    db.session.rollback()
    return Request.load(db.session, request).state


def happened() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Event.kind).where(Event.case_type == "clock").order_by(Event.id)))


def problems(app: Flask) -> list[str]:
    return [
        line
        for line in Visitor(app).get("/ready").response.get_json()["problems"]
        if line.startswith("clock: ")
    ]


def sealed(world: World) -> str:
    request = world.request(**SEALED)
    world.bids(request, agency=300, second=400, third=500)
    return request


def test_a_clock_a_month_ahead_for_one_tick_opens_nothing(
    app: Flask, world: World, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    request = sealed(world)
    tick()
    machine.passes(timedelta(seconds=1))
    machine.is_set(MONTH)
    assert tick()[0] == 0
    assert state(request) == "published"
    (line,) = problems(app)
    assert Visitor(app).get("/ready").status == 503
    assert "machine says 2026-04-01T" in line
    assert "2026-03-02T" in line
    assert [r for r in caplog.records if r.levelno == logging.ERROR and "stand still" in r.message]
    machine.is_set(-MONTH)
    machine.passes(timedelta(seconds=1))
    tick()
    assert (state(request), problems(app), happened()) == ("published", [], ["clock.doubt", "clock.resume"])
    machine.passes(world.closing(request) - machine().wall)
    tick()
    assert state(request) == "evaluated", "its own time came"


def test_the_site_goes_on_meanwhile(app: Flask, world: World, machine: Machine) -> None:
    tick()
    machine.is_set(timedelta(hours=3))
    tick()
    assert Visitor(app).get("/").status == 200
    assert state(world.request()) == "published"


@pytest.mark.parametrize(
    "by", [MONTH, timedelta(days=-1), BOUND + timedelta(seconds=1), -BOUND - timedelta(seconds=1)]
)
def test_a_jump_either_way_stops_every_lane_until_somebody_confirms_it(
    app: Flask, world: World, machine: Machine, by: timedelta
) -> None:
    request, jobs = sealed(world), app.extensions["jobs"]
    for lane in jobs.passes:
        jobs.passes[lane]()
    machine.passes(world.closing(request) - machine().wall - timedelta(seconds=30))
    for lane in jobs.passes:
        jobs.passes[lane]()
    db.session.rollback()
    nights = nightly.marks(db.session)
    machine.is_set(by)
    machine.passes(timedelta(minutes=1))
    for lane in jobs.passes:
        jobs.passes[lane]()
    assert state(request) == "published"
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
    assert (state(request), happened()) == ("evaluated", ["clock.doubt", "clock.confirm"])
    told = db.session.scalars(select(Event).where(Event.kind == "clock.confirm")).one()
    assert (told.actor_role, told.data["reason"], told.audience) == (
        "admin",
        "对照过授时中心,机器重装后校过时",
        "internal",
    )


def test_only_an_administrator_confirms_what_was_shown(app: Flask, world: World, machine: Machine) -> None:
    tick()
    machine.is_set(MONTH)
    tick()
    ((name, found),) = keeping.doubted()
    wall = found.wall.isoformat()
    for who in ("buyer", "regulator", "agency"):
        with pytest.raises(NotAllowed):
            keeping.confirm(world.actor(who), name, wall=wall, reason="x")
        assert sign_in(app, world, who).get("/admin/clock/machine").status == 403
    with pytest.raises(RuleBroken):
        keeping.confirm(world.actor("admin"), name, wall=wall, reason=" ")
    machine.is_set(MONTH)
    tick()
    with pytest.raises(Conflict):
        keeping.confirm(world.actor("admin"), name, wall=wall, reason="the month it was")
    assert len(problems(app)) == 1
    world.appoint_admin()
    assert sign_in(app, world, "admin").get("/admin/clock/nowhere").status == 404


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
    world.request()
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


def test_the_books_stay_open_while_the_clock_is_in_doubt(app: Flask, world: World, machine: Machine) -> None:
    tick()
    with transaction() as session:
        ledger.post(session, "a", "received", "C-1", [Moved(ledger.BANK, ledger.escrow("C-1"), 5)])
    machine.is_set(MONTH)
    app.extensions["jobs"].passes["long"]()
    assert db.session.scalars(select(ledger.Closing)).all() == []
    assert money.close_books() > 0, "the same work without a guard closes a month"


def test_time_that_is_passed_in_is_taken_as_it_is(app: Flask, time: Any) -> None:
    tick()
    time.instant += MONTH
    assert keeping.look() == time.instant
    time.instant -= 2 * MONTH
    assert keeping.look() == time.instant
    assert timekeeping.doubts(db.session) == []


def test_this_machine_says_when_it_was_started() -> None:
    first, second = clock._of_this_machine(), clock._of_this_machine()
    assert (first.machine, first.boot) == (second.machine, second.boot)
    assert 0 <= second.up - first.up < 60
    assert isinstance(clock.synchronised(), bool)


instants = st.timedeltas(timedelta(0), timedelta(days=7_000)).map(
    lambda passed: datetime(2020, 1, 1, tzinfo=UTC) + passed
)
steps = st.timedeltas(timedelta(0), timedelta(days=400))


@given(start=instants, passed=steps, by=st.timedeltas(-MONTH * 12, MONTH * 12))
def test_a_clock_is_gone_by_exactly_while_it_agrees_with_the_seconds_that_passed(
    start: datetime, passed: timedelta, by: timedelta
) -> None:
    reading = Reading("m", "b", 100.0, start)
    later = Reading("m", "b", 100.0 + passed.total_seconds(), start + passed + by)
    found = timekeeping.doubt(Known.at(reading), later)
    allowed = BOUND + passed * timekeeping.DRIFT
    if abs(by) < allowed - timedelta(seconds=1):
        assert found is None
    elif abs(by) > allowed + timedelta(seconds=1):
        assert found is not None
        assert (found.why == JUMP) == (by > timedelta(0))
        assert abs(found.expected - (start + passed)) < timedelta(seconds=1)
        assert timekeeping.Doubt.read(found.kept()) == found


@given(before=instants, gap=st.timedeltas(-MONTH, MONTH))
def test_after_a_restart_no_reading_far_from_the_record_is_gone_by(before: datetime, gap: timedelta) -> None:
    reading = Reading("m", "b", 1.0, before + gap)
    found = timekeeping.doubt(Known.first(reading, before), reading)
    assert (found is None) == (-BOUND <= gap <= OUTAGE)
    assert timekeeping.doubt(Known.first(reading, None), reading) is None
    assert timekeeping.doubt(Known.first(reading, before), reading, outage=None) is None


def _prices() -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(text("SELECT price FROM quotes ORDER BY id")).scalars())


def test_in_doubt_a_person_shows_nothing_and_ends_nothing_for_good_either(
    app: Flask, world: World, machine: Machine
) -> None:
    from tests.sourcing.test_hidden_quotes import quoted

    world.appoint_admin()
    request, _quotes = quoted(world)
    before = state(request)
    machine.is_set(MONTH)  # after which sessions begin anew
    answer = sign_in(app, world, "buyer").submit(f"/requests/{request}/close")
    assert (answer.status, state(request), _prices()) == (503, before, [None] * 3)
    assert "时钟" in answer.text
    for act in (
        lambda: sourcing.close(world.actor("buyer"), request),
        lambda: contracts.terminate(world.actor("agency"), "C-2026-000001", reason="逾期未付定金,终止合同。"),
        lambda: oversight.override(
            world.actor("admin"),
            case_type="request",
            identifier=request,
            target="evaluating",
            reason="时钟走到了截止之后。",
        ),
    ):
        with pytest.raises(keeping.ClockInDoubt):
            act()
    assert (state(request), _prices()) == (before, [None] * 3)
    machine.is_set(-MONTH)
    machine.passes(Request.load(db.session, request).closes_at - machine.reading.wall)
    assert keeping.look() is None, "a week nobody saw pass"
    ((name, found),) = keeping.doubted()
    keeping.confirm(world.actor("admin"), name, wall=found.wall.isoformat(), reason="so it is")
    assert sign_in(app, world, "buyer").submit(f"/requests/{request}/close").status == 303
    assert None not in _prices()


def test_whoever_has_no_part_in_it_does_not_set_the_clock_going(world: World, time: Any) -> None:
    """An act of the clock's that another may begin is still only for whom its row names.

    Once its time has come.
    """
    from tests.sourcing.test_hidden_quotes import quoted

    request, _quotes = quoted(world)
    time.instant = Request.load(db.session, request).closes_at + timedelta(minutes=1)
    for name in ("third", "helper", "regulator", "department", "custodian"):
        if name == "helper":
            world.enterprise("helper")
        with pytest.raises(NotAllowed):
            sourcing.close(world.actor(name), request)
        for act in (ratings.publish, contracts.end_unopposed):
            with pytest.raises(NotAllowed):
                act(world.actor(name), "X-2026-000001")
    assert _prices() == [None] * 3
    sourcing.close(world.actor("buyer"), request)
    assert None not in _prices()


def test_the_page_of_clocks_is_always_there(app: Flask, world: World, machine: Machine) -> None:
    world.appoint_admin()
    admin = sign_in(app, world, "admin")
    assert "/admin/clock" in admin.get("/admin/failures").text
    assert admin.get("/admin/clock").status == 200
    assert keeping.look() is not None
    assert "正常" in admin.get("/admin/clock").text
