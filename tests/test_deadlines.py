"""In which order the clock acts: openings before anything, then over all kinds whatever has waited longest.

Nothing new waits for a backlog.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market import jobs
from market.extensions import db
from market.jobs import deadlines, run_deadlines
from market.sourcing.actions import quotes
from market.transaction import transaction
from models import CASES
from models.errors import Unavailable
from models.failures import Failure
from models.sourcing.tenders import Tender
from tests.faults.keeping import SEALED


@pytest.fixture
def acted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is done, in order; requests without bids are only put aside, at once."""
    done: list[tuple[str, str]] = []

    def noting(kind: str, act: str, inner: Callable[..., str]) -> Callable[..., str]:
        def do(actor: Any, identifier: str) -> str:
            done.append((act, identifier))
            return identifier if _put_aside(kind, identifier) else inner(actor, identifier)

        return do

    for (kind, act), inner in jobs.TIMED.items():
        monkeypatch.setitem(jobs.TIMED, (kind, act), noting(kind, act, inner))
    monkeypatch.setattr(deadlines, "TURN", 60.0)  # however slow this machine is
    return done


def _put_aside(kind: str, identifier: str) -> bool:
    with transaction() as session:
        case = CASES[kind].lock(session, identifier)
        if isinstance(case, Tender) and case.way.sealed:
            return False
        case.due_at = None
    return True


def _due(kind: str, identifier: str, at: datetime) -> None:
    with transaction() as session:
        case = CASES[kind].lock(session, identifier)
        case.state, case.due_at = case.workflow.timed_acts()[0][0], at


def _backlog(world: World, count: int, at: datetime) -> list[str]:
    names = [world.tender() for _ in range(count)]
    for number, name in enumerate(names):
        _due("tender", name, at + timedelta(milliseconds=number))
    return names


def _sealed(world: World, deadline: datetime | None = None) -> str:
    tender = world.tender(**SEALED, **({"deadline": deadline} if deadline else {}))
    world.bids(tender, agency=300, second=400, third=500)
    return tender


def test_openings_come_first_and_then_the_oldest_over_all_kinds(
    app: Flask, world: World, time: Any, acted: list[tuple[str, str]]
) -> None:
    sealed, count = [_sealed(world), _sealed(world)], deadlines.AT_ONCE + 5
    quote = quotes.submit(
        world.actor("agency"),
        world.tender(deadline=world.deadline(sealed[0]) + timedelta(days=9)),
        price=300,
        days=20,
    )
    closing = world.closing(sealed[1])
    before, after = (
        _backlog(world, count, closing - timedelta(hours=2)),
        _backlog(world, 3, closing - timedelta(minutes=1)),
    )
    _due("quote", quote, closing - timedelta(hours=1))
    time.instant = closing
    assert run_deadlines() == count + 3 + 1 + 2 * 2
    assert acted[:2] == [("close", name) for name in sealed]
    assert set(acted[2:24]) >= {("open", name) for name in sealed}, "no later than after one turn"
    rest = [pair for pair in acted if pair[1] not in sealed]
    assert rest == [
        *(("close", name) for name in before),
        ("expire", quote),
        *(("close", name) for name in after),
    ]
    assert {Tender.load(db.session, name).state for name in sealed} == {"evaluated"}


def test_what_falls_due_while_there_is_a_backlog_does_not_wait_for_it(
    app: Flask, world: World, time: Any, acted: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _sealed(world)
    second = _sealed(world, world.deadline(first) + timedelta(seconds=1))
    count, time.instant = 3 * deadlines.AT_ONCE, world.closing(first)
    names = _backlog(world, count, time.instant - timedelta(hours=1))
    close = jobs.TIMED["tender", "close"]

    def passing(actor: Any, identifier: str) -> str:
        if identifier == names[9]:
            time.instant += timedelta(seconds=1)
        return close(actor, identifier)

    monkeypatch.setitem(jobs.TIMED, ("tender", "close"), passing)
    assert run_deadlines() == count + 4
    at = {pair: number for number, pair in enumerate(acted)}
    assert at["open", first] <= deadlines.AT_ONCE
    assert at["close", second] - at["close", names[9]] <= deadlines.AT_ONCE
    assert at["open", second] - at["close", second] <= deadlines.AT_ONCE
    assert at["open", second] < at["close", names[-1]]


def test_a_turn_ends_by_time_as_well(
    app: Flask, world: World, time: Any, acted: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "TURN", 0.0)
    monkeypatch.setattr(app.extensions["jobs"], "lane", "deadlines")  # only there does anybody wait
    first = _sealed(world)
    names = _backlog(world, 6, world.closing(first) - timedelta(hours=1))
    time.instant = world.closing(first)
    assert run_deadlines() == 8
    assert acted == [("close", first), ("open", first), *(("close", name) for name in names)]


def test_many_that_fail_keep_no_other_waiting(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = _backlog(world, 2 * deadlines.AT_ONCE + 3, time.instant - timedelta(hours=1))
    good = _backlog(world, 1, time.instant)
    tried: list[str] = []

    def failing(actor: Any, identifier: str) -> str:
        tried.append(identifier)
        if identifier not in good:
            raise KeyError(identifier)
        _put_aside("tender", identifier)
        return identifier

    monkeypatch.setitem(jobs.TIMED, ("tender", "close"), failing)
    assert (run_deadlines(), tried) == (1, [*names, *good]), "each once a pass"
    assert run_deadlines() == 0, "the second try follows at once"
    good += _backlog(world, 1, time.instant)
    assert (run_deadlines(), tried[2 * len(names) + 1 :]) == (1, good[1:])
    db.session.rollback()
    assert len(db.session.scalars(select(Failure)).all()) == len(names)
    for name in names:
        _put_aside("tender", name)
    assert run_deadlines() == 0
    db.session.rollback()
    assert db.session.scalars(select(Failure)).all() == [], "nothing is to be done any more"


def test_who_is_away_is_asked_every_half_minute_however_long(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = _backlog(world, 1, time.instant)
    begun, tried = time.instant, []

    def away(actor: Any, identifier: str) -> str:
        tried.append((time.instant - begun).total_seconds())
        raise Unavailable("不在")

    monkeypatch.setitem(jobs.TIMED, ("tender", "close"), away)
    for second in range(0, 35 * 60, 5):
        time.instant = begun + timedelta(seconds=second)
        run_deadlines()
    assert tried == [30.0 * n for n in range(70)]
    monkeypatch.setitem(
        jobs.TIMED, ("tender", "close"), lambda actor, identifier: str(_put_aside("tender", identifier))
    )
    time.instant += timedelta(seconds=30)
    assert run_deadlines() == 1, f"{name}, within half a minute of its coming back"


def test_a_failure_of_a_clock_that_was_ahead_is_tried_at_once(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = _backlog(world, 1, time.instant)
    begun = time.instant

    def failing(actor: Any, identifier: str) -> str:
        raise KeyError(identifier)

    with monkeypatch.context() as patched:
        patched.setitem(jobs.TIMED, ("tender", "close"), failing)
        for day in (400, 401):
            time.instant = begun + timedelta(days=day)
            run_deadlines()
    (failure,) = db.session.scalars(select(Failure))
    assert failure.case_identifier == name
    assert failure.next_at > begun + timedelta(days=400)
    time.instant = begun
    assert run_deadlines() == 1
