"""The sandbox: what costs too much is ended, says so, and is in nobody's way."""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from market import sandbox
from market.config import ROOT, Settings
from market.sandbox import Broken, Busy, OneAtATime, OverBudget, Pool
from models.errors import RuleViolation
from tests import costly


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool("test", 1, "tests.costly")
    yield made
    made.close()


def run(pool: Pool, function: Any, *arguments: Any, seconds: float = 60, megabytes: int = 64) -> Any:
    return sandbox.run(function, *arguments, seconds=seconds, megabytes=megabytes, pool=pool)


def gone(pid: int) -> bool:
    """Whether a process that need not be our child ends within a minute."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    ended = bool(poll.poll(60_000))
    os.close(watched)
    return ended


def test_values_go_in_and_come_out_and_the_worker_stays(pool: Pool) -> None:
    content = os.urandom(5 << 20)
    assert run(pool, costly.same, content) == content
    first = run(pool, costly.who)
    assert first != os.getpid()
    assert run(pool, costly.who) == first == pool.pids()[0]


def test_a_refusal_keeps_its_words_and_an_error_its_place(pool: Pool) -> None:
    with pytest.raises(RuleViolation, match="第 3 行有一格超过 9 个字") as refused:
        run(pool, costly.refusing)
    assert (refused.value.field, refused.value.params) == ("file", {"number": 3, "most": 9})
    with pytest.raises(Broken, match="by nothing"):
        run(pool, costly.failing)
    with pytest.raises(pickle.UnpicklingError, match="pathlib"):
        run(pool, costly.strange)


@pytest.mark.parametrize(
    ("function", "arguments", "seconds"),
    [
        (costly.endless, (), 0.2),
        (costly.holding, (300,), 60),
        (costly.crashing, (), 60),
        (costly.leaving, (), 60),
    ],
)
def test_what_is_over_its_budget_is_ended_and_replaced(
    pool: Pool, function: Any, arguments: Any, seconds: float
) -> None:
    first = run(pool, costly.who)
    with pytest.raises(OverBudget, match="没有在限度"):
        run(pool, function, *arguments, seconds=seconds)
    assert gone(first)
    assert run(pool, costly.who) != first
    assert run(pool, costly.holding, 20) == 20 << 20, "within the limit"


def test_the_limit_counts_from_what_is_held_and_is_lifted_after(pool: Pool) -> None:
    for _ in range(4):
        assert run(pool, costly.holding, 48) == 48 << 20
    assert run(pool, costly.holding, 150, megabytes=200) == 150 << 20


def test_one_that_ended_while_it_was_idle_is_not_missed(pool: Pool) -> None:
    first = run(pool, costly.who)
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    assert run(pool, costly.who) != first


def test_a_worker_has_neither_the_house_nor_its_secrets(pool: Pool, monkeypatch: Any) -> None:
    monkeypatch.setenv("SEALING_SECRET", "secret")
    assert "SEALING_SECRET" not in run(pool, costly.environment)
    assert not run(pool, costly.loaded)
    reader = Pool("reading", 1, *sandbox.READING.modules)
    printer = Pool("printing", 1, *sandbox.PRINTING.modules)
    for small in (reader, printer):
        assert not run(small, costly.loaded)
        small.close()


def test_any_thread_may_ask_and_who_finds_too_many_waiting_is_told(pool: Pool, tmp_path: Path) -> None:
    pool.waiting = 2
    pool.reset()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with ThreadPoolExecutor(3) as threads:
        asked = [
            threads.submit(run, pool, costly.waiting, str(fifo)),
            *(threads.submit(run, pool, costly.same, n) for n in range(2)),
        ]
        while pool._welcome._value:  # until all three have come in
            pass
        with pytest.raises(Busy):
            run(pool, costly.same, 3)
        other = Pool("other", 1, "tests.costly")
        assert run(other, costly.same, 4) == 4, "another pool waits for none of it"
        other.close()
        fifo.write_text("on")
        assert [each.result(60) for each in asked] == ["on", 0, 1]


def test_all_that_is_read_and_printed_at_once_leaves_threads_for_everybody_else() -> None:
    places = {pool.name: pool.workers + pool.waiting for pool in sandbox._POOLS}
    assert sum(places.values()) + 2 <= Settings.model_fields["THREADS"].default
    assert places["checking"] == 3, "what needs no account holds three threads, whoever sends how much of it"


def test_a_fork_has_workers_of_its_own(pool: Pool, monkeypatch: Any) -> None:
    monkeypatch.setattr(sandbox, "_POOLS", (*sandbox._POOLS, pool))
    before = run(pool, costly.who)
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(60)
            own = run(pool, costly.who)
            pool.close()
            os._exit(0 if own != before else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert run(pool, costly.who) == before


OWNER = """
import os, sys, threading
from market import sandbox
from tests import costly
threading.Thread(target=sandbox.run, args=(costly.{function},), kwargs=dict(seconds=600), daemon=True).start()
while not sandbox.READING.pids(): pass
print(sandbox.READING.pids()[0], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("function", "ends"), [("endless", signal.SIGKILL), ("same", signal.SIGKILL), ("endless", signal.SIGTERM)]
)
def test_no_worker_outlives_its_owner(function: str, ends: signal.Signals) -> None:
    code = OWNER.format(function=function)
    owner = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert owner.stdout is not None
    worker = int(owner.stdout.readline())
    owner.send_signal(ends)
    owner.communicate()
    assert gone(worker)


def test_nobody_has_two_things_read_at_once(app: Flask, tmp_path: Path) -> None:
    """What one person sends leaves a worker for everybody else."""
    pool = Pool("test", 2, "tests.costly", one_each=True)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def asked(address: str, function: Any, *arguments: Any) -> Any:
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            return run(pool, function, *arguments)

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(asked, "10.0.0.1", costly.waiting, str(fifo))
        while not pool._askers:
            pass
        with pytest.raises(OneAtATime):
            asked("10.0.0.1", costly.same, 1)
        assert asked("10.0.0.2", costly.same, 2) == 2
        assert run(pool, costly.same, 3) == 3, "a job is nobody's"
        fifo.write_text("on")
        assert first.result(60) == "on"
    assert asked("10.0.0.1", costly.same, 4) == 4
    pool.close()
