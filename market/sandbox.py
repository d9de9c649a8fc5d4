"""Work that may cost too much, carried out in a process of its own with a limit on time and memory.

`run` may be called from any thread of any process of ours. A worker does one thing at a time; what is over
its limit is killed and replaced. Three pools, so that no stranger's file makes our own printing wait, and
nobody's without an account those of whoever has one. Workers are started on first use and end with whoever
started them, however that ends; a fork of ours starts its own.
"""

from __future__ import annotations

import atexit
import io
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Pipe
from typing import Any

from flask import has_request_context, session

from market.config import ROOT
from market.extensions import place
from market.transaction import outside
from models.errors import Problem, RuleViolation, Unavailable
from models.i18n import N_

STARTING = 60  # seconds a worker may take to be ready
PATIENCE = 10  # seconds one waits for a free worker
MOST_ANSWER = 256 << 20  # bytes
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "SYSTEMROOT",
    "LD_LIBRARY_PATH",
)  # of the environment; the secrets in it are none of a worker's


class OverBudget(RuleViolation):
    """It was not done within its time and memory."""


class Busy(Unavailable):
    """Too many wait already."""


class OneAtATime(Problem):
    """Whoever sent this has something being read already."""

    status = 429


class Broken(RuntimeError):
    """The function itself raised what it should not have; the text says where."""


class _Gone(Exception):
    """The worker ended before it had begun, or in the middle."""

    def __init__(self, *, begun: bool) -> None:
        self.begun = begun


class _Answers(pickle.Unpickler):
    """Answers hold plain values; whatever a file made of its reader, nothing else gets in."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in {
            ("datetime", "datetime"),
            ("datetime", "date"),
            ("datetime", "timezone"),
            ("datetime", "timedelta"),
        }:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def _asker() -> str | None:
    """Who sent what is to be read: the person signed in, else the address; nobody outside of a request."""
    if not has_request_context():
        return None
    return str(session.get("_user_id") or place())


class _Worker:
    def __init__(self, modules: tuple[str, ...]) -> None:
        theirs, self._tasks = Pipe(duplex=False)
        self._answers, told = Pipe(duplex=False)
        arguments = [
            sys.executable,
            str(ROOT / "market" / "sandboxed" / "worker.py"),
            str(theirs.fileno()),
            str(told.fileno()),
            *modules,
        ]
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            "MALLOC_ARENA_MAX": "2"
        }
        try:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), told.fileno()),
                env=environment,
                cwd="/",
                start_new_session=True,  # a Ctrl-C is not for it
            )
        finally:
            theirs.close()
            told.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def carry_out(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, megabytes: int
    ) -> tuple[str, Any]:
        """What became of it.

        `late` if its time is over, `unready` if it never began. _Gone if the worker is.
        """
        begun = False
        try:
            self._tasks.send_bytes(
                pickle.dumps((function.__module__, function.__qualname__, arguments, seconds, megabytes))
            )
            if not self._answers.poll(STARTING):
                return "unready", None
            self._answers.recv_bytes()
            begun = True
            if not self._answers.poll(seconds):
                return "late", None
            answer: tuple[str, Any] = _Answers(io.BytesIO(self._answers.recv_bytes(MOST_ANSWER))).load()
        except (EOFError, OSError) as error:
            raise _Gone(begun=begun) from error
        return answer

    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._tasks.close()
        self._answers.close()

    def forget(self) -> None:
        """In a fork: it is our parent's, which would not be missed while we hold its pipes."""
        self._process.returncode = 0
        self._tasks.close()
        self._answers.close()


class Pool:
    """A few workers, each with these modules loaded when it starts.

    So many more may wait for one; who comes after them is told so at once. Whoever waits or is served holds a
    thread of the server: all the pools together must leave some. With `one_each`, nobody has two things in
    here at once: a few costly files of one person's leave a worker for the others.
    """

    def __init__(
        self, name: str, workers: int, *modules: str, waiting: int = 1, one_each: bool = False
    ) -> None:
        self.name, self.workers, self.modules, self.waiting, self.one_each = (
            name,
            workers,
            modules,
            waiting,
            one_each,
        )
        self.reset()

    def reset(self) -> None:
        """Without a worker, as at the start."""
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._askers: set[str] = set()
        self._lock = threading.Lock()
        self._free = threading.Semaphore(self.workers)
        self._welcome = threading.Semaphore(self.workers + self.waiting)

    def run(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, megabytes: int
    ) -> tuple[str, Any]:
        """What became of it: see `carry_out`; `gone` if it ended its worker."""
        with self._one_of(_asker() if self.one_each else None):
            if not self._welcome.acquire(blocking=False):
                raise Busy(N_("正在处理的文件太多,请稍后再试。"))
            try:
                if not self._free.acquire(timeout=PATIENCE):
                    raise Busy(N_("正在处理的文件太多,请稍后再试。"))
                try:
                    return self._by_a_worker(function, arguments, seconds, megabytes)
                finally:
                    self._free.release()
            finally:
                self._welcome.release()

    @contextmanager
    def _one_of(self, asker: str | None) -> Iterator[None]:
        with self._lock:
            if asker in self._askers:
                raise OneAtATime(N_("您送来的上一份文件还在处理,请等它处理完再送。"))
            if asker:
                self._askers.add(asker)
        try:
            yield
        finally:
            with self._lock:
                self._askers.discard(asker or "")

    def _by_a_worker(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, megabytes: int
    ) -> tuple[str, Any]:
        for _ in range(self.workers + 1):  # those that ended while they were idle are replaced
            worker = self._take()
            kept = False
            try:
                became = worker.carry_out(function, arguments, seconds, megabytes)
                kept = became[0] not in ("late", "full", "unready")
                return became
            except _Gone as gone:
                if gone.begun:
                    return "gone", None
            finally:
                self._give_back(worker, kept=kept, modules=(function.__module__,))
        return "unready", None

    def _take(self) -> _Worker:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
            if worker is None:
                worker = _Worker(self.modules)
            self._busy.add(worker)
        return worker

    def _give_back(self, worker: _Worker, *, kept: bool, modules: tuple[str, ...]) -> None:
        """Put a worker back to the idle ones; or end it, and start another one in its place.

        The other one loads meanwhile what that one had loaded.
        """
        if not kept:
            worker.end()
        with self._lock:
            self._busy.discard(worker)
            if kept:
                self._idle.append(worker)
            elif len(self._idle) + len(self._busy) < self.workers:
                self._idle.insert(0, _Worker((*self.modules, *modules)))

    def pids(self) -> list[int]:
        """The workers there are."""
        with self._lock:
            return [worker.pid for worker in [*self._idle, *self._busy]]

    def close(self) -> None:
        """End every worker."""
        with self._lock:
            for worker in [*self._idle, *self._busy]:
                worker.end()
            self._idle, self._busy = [], set()

    def forget(self) -> None:
        for worker in [*self._idle, *self._busy]:
            worker.forget()
        self.reset()


# Ten of a process's threads at the most (THREADS, 12).
PRINTING = Pool("printing", 2, "market.sandboxed.printing", waiting=2)
READING = Pool("reading", 2, "market.sandboxed.tables", one_each=True)
CHECKING = Pool("checking", 2, "models.signing", one_each=True)  # what anybody may send, who need not sign in
_POOLS = (PRINTING, READING, CHECKING)


@atexit.register
def _close() -> None:
    for pool in _POOLS:
        pool.close()


def _forget() -> None:
    for pool in _POOLS:
        pool.forget()


os.register_at_fork(after_in_child=_forget)


def run(
    function: Callable[..., Any],
    *arguments: Any,
    seconds: float = 10,
    megabytes: int = 384,
    pool: Pool = READING,
    field: str | None = "file",
    over: str = N_("这份文件太大或者太复杂,没有在限度(%(seconds)s 秒、%(megabytes)s MB 内存)内读完。"),
) -> Any:
    """What a module's function makes of plain arguments, a plain value, made in a process of its own.

    OverBudget (at `field`, in the words of `over`) if it takes longer, needs more memory, or ends its
    process; RuleViolation in the words in which the function itself refused; Busy (503) if too many wait;
    Broken for any other error in it. Never inside a transaction.
    """
    outside(f"{function.__qualname__} in a process of its own")
    kind, value = pool.run(function, arguments, seconds, megabytes)
    if kind == "done":
        return value
    if kind == "refused":
        message, at, params = value
        raise RuleViolation(message, at or field, **params)
    if kind in ("broken", "unready"):
        raise Broken(value or f"no worker for {function.__qualname__}")
    raise OverBudget(over, field, seconds=f"{seconds:g}", megabytes=megabytes)
