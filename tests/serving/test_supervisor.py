"""Who comes back and when; processes really killed are in tests/faults."""

from __future__ import annotations

import errno
import logging
import os
import signal
import time
from threading import Thread
from typing import Any

import pytest

from market.serving import supervisor
from market.serving.supervisor import Role, Supervisor


def _dying(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A supervisor with one role that dies whenever it is told to, after so many seconds."""
    instant = [0.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: instant[0])
    role = Role("web worker 1", lambda: None)
    parent = Supervisor([role])

    def die(after: float, code: int = -11) -> float:
        instant[0] = max(instant[0], role.not_before)
        role.pid, role.started = 1, instant[0]
        instant[0] += after
        parent._ended(role, code)
        return role.not_before - instant[0]

    return die


def test_the_first_death_costs_nothing_and_each_next_one_more_up_to_half_a_minute(
    monkeypatch: Any, caplog: Any
) -> None:
    die = _dying(monkeypatch)
    assert die(after=100) == 0
    waits = [die(after=0.5) for _ in range(12)]
    assert waits[0] <= 0.5
    assert waits == sorted(waits)
    assert waits[-1] == 30
    assert [record.levelno for record in caplog.records[:3]] == [
        logging.WARNING,
        logging.WARNING,
        logging.ERROR,
    ]
    assert "SIGSEGV for the 12th time in a row" in caplog.text
    assert die(after=11) == 0, "one that ran well for a while starts anew"


def test_what_is_done_once_is_not_done_again_and_lets_the_next_begin() -> None:
    reading, writing = os.pipe()

    def note(word: bytes) -> None:
        os.write(writing, word)

    first = Role("first", lambda: note(b"1"), once=True)
    parent: Supervisor = Supervisor(
        [first, Role("second", lambda: (note(b"2"), time.sleep(60)), after=first)]
    )  # type: ignore[arg-type,func-returns-value]
    for _ in range(200):
        parent._reap()
        for role in parent.roles:
            parent._start_if_due(role)
        if parent.roles[1].pid:
            break
        time.sleep(0.02)
    assert os.read(reading, 1) == b"1"
    assert os.read(reading, 1) == b"2"
    parent._end()
    assert [role.pid for role in parent.roles] == [0, 0]


def test_a_child_that_breaks_says_so(caplog: Any, capfd: Any) -> None:
    def broken() -> None:
        raise KeyError("agency")

    role = Role("jobs worker long", broken)
    parent = Supervisor([role])
    parent._start_if_due(role)
    while role.pid:
        parent._reap()
        time.sleep(0.01)
    assert role.deaths == 1
    assert "jobs worker long ended with 1" in caplog.text


def test_without_a_process_to_be_had_it_tries_again_later_and_the_others_live_on(
    monkeypatch: Any, caplog: Any
) -> None:
    reading, writing = os.pipe()
    fork, refused = os.fork, [BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")] * 3

    def none_to_be_had() -> int:
        if parent.roles[0].pid and refused:
            raise refused.pop()
        return fork()

    def note(word: bytes) -> None:
        os.write(writing, word)
        time.sleep(60)

    parent = Supervisor([Role("web worker 1", lambda: note(b"1")), Role("web worker 2", lambda: note(b"2"))])
    monkeypatch.setattr(os, "fork", none_to_be_had)
    Thread(target=lambda: (os.read(reading, 2), os.read(reading, 2), parent._stop())).start()
    begun = time.monotonic()
    parent.run()
    assert time.monotonic() - begun > 0.4 + 0.8
    assert (
        "web worker 2 could not be started (Resource temporarily unavailable) for the 3th time in a row"
        in caplog.text
    )
    assert [role.pid for role in parent.roles] == [0, 0]


def test_told_to_end_in_the_moment_it_is_forked_it_ends(monkeypatch: Any) -> None:
    """Until it has its own way to hear the signal, the parent's would swallow it."""
    close = os.close

    def slowly(handle: int) -> None:
        if os.getpid() != here:
            os.write(writing, b"!")
            time.sleep(0.3)
        close(handle)

    here, (reading, writing) = os.getpid(), os.pipe()
    role = Role("web worker 1", lambda: time.sleep(10))
    parent = Supervisor([role])
    monkeypatch.setattr(os, "close", slowly)
    before = signal.signal(signal.SIGTERM, parent._stop)
    try:
        parent._start_if_due(role)
        os.read(reading, 1)
        os.kill(role.pid, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(role.pid, 0)[1]) == -signal.SIGTERM
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_one_that_does_not_end_when_asked_is_killed(monkeypatch: Any) -> None:
    monkeypatch.setattr(supervisor, "GRACE", 0.3)
    reading, writing = os.pipe()

    def deaf() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(writing, b"!")
        while True:
            time.sleep(1)

    role = Role("deaf", deaf)
    parent = Supervisor([role])
    parent._start_if_due(role)
    os.read(reading, 1)
    parent._end()
    assert os.waitstatus_to_exitcode(os.waitpid(role.pid, 0)[1]) == -signal.SIGKILL
