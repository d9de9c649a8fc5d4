"""Lanes: each a queue with a process of its own, so that nothing long stands in the way of a deadline."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Hashable
from contextlib import nullcontext, suppress
from datetime import datetime
from functools import partial
from time import monotonic, sleep
from typing import Any

from flask import Flask
from huey import MemoryHuey, SqliteHuey, crontab
from huey.consumer import Consumer, Scheduler

from market import batches, garbage
from market.accounts import jobs as letters
from market.accounts.actions import entering
from market.chunks import ChunkSize, each
from market.credit.actions.broken import give_up_broken
from market.credit.actions.scores import refresh_failed
from market.demonstration import progress
from market.jobs import nightly
from market.jobs.consumers import drain
from market.jobs.deadlines import run_deadlines
from market.jobs.reminding import remind
from market.jobs.watching import LANES, beat
from market.keeper import keeper
from market.payments import jobs as money
from market.sourcing.actions import keys
from market.timekeeping import timely
from market.transaction import inside
from models.errors import Problem
from models.failures import Attempt

log = logging.getLogger(__name__)
NICE = {
    "deadlines": 0,
    "keeper": 0,
    "events": 2,
    "outside": 5,
    "long": 10,
}  # who goes first where the processor is short
HURRIED = ("deadlines", "keeper")  # those that look every second by themselves
HEARD = 60.0  # seconds between two times the keeper is asked for the time
PATIENCE = (
    5.0  # seconds a task may take to end when the process is told to stop; every task bears being killed
)


def tick() -> tuple[int, int, int]:
    """What every minute brings, in this process.

    What is due, who is reminded, pieces of the long work, and what follows of all that. Returns how many
    acts, pieces and events there were.
    """
    acted = run_deadlines()
    told = keys.settle_keys()
    if timely(keys.fetch_keys)():
        acted += run_deadlines()
    timely(remind)()
    done = (
        acted,
        batches.run() + (timely(money.work)() or 0) + entering.work() + letters.work() + told,
        drain(),
    )
    for lane in LANES:
        beat(lane)
    return done


class EverySecond(Scheduler):  # type: ignore[misc]
    """Huey looks for periodic tasks once a minute; what falls due cannot wait so long."""

    periodic_task_seconds = 1


class _Lane(Consumer):  # type: ignore[misc]
    """A consumer that ends quietly, by Ctrl-C as by SIGTERM, and does not wait for long work."""

    def __init__(self, huey: Any, scheduler: type[Scheduler], longest_sleep: float) -> None:
        self.scheduler_class = scheduler
        super().__init__(
            huey,
            workers=1,
            initial_delay=0.05,
            max_delay=longest_sleep,
            graceful_signal="TERM",
            shutdown_timeout=PATIENCE,
        )
        self._signal_actions = {number: (False, True) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(self) -> None:
        super().run()
        if any(
            thread.is_alive() for _worker, thread in self.worker_threads
        ):  # no thread survives this, and none has to
            logging.shutdown()
            os._exit(0)


class Jobs:
    """The queues, and how work goes here.

    `queued` keeps tasks in SQLite for the lanes' processes; `manual` leaves everything to the caller. Made
    without opening or starting anything: whoever made the application may fork. `lane` is the one this
    process is, if any, `rest` how it waits between two pieces of work, `paces` how large these are.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.lane, self.paces, self.heard = "", dict[Hashable, ChunkSize](), 0.0
        self.rest: Callable[[float], None] = _go_on
        self.queued = app.config["JOBS"] == "queued"
        self.queues: dict[str, Any] = {lane: self._queue(lane) for lane in LANES}
        self.passes: dict[str, Callable[[], Any]] = {}
        self._offer("deadlines", run_deadlines)
        self._offer("keeper", self._keeper)
        self._offer("events", self._events)
        self._offer("outside", self._outside)
        self._offer("long", self._long)
        self.queues["events"].periodic_task(crontab(), name="remind", expires=50)(
            self._within(lambda: _parts("events", remind=timely(remind)))
        )

    def _queue(self, lane: str) -> Any:
        if self.queued:
            return SqliteHuey(
                name=lane,
                filename=str(self.app.config["JOBS_FILE"]),
                timeout=15,
                create_tables=False,
                results=False,
            )
        return MemoryHuey(name=lane, immediate=False, results=False)

    def _offer(self, lane: str, work: Callable[[], object]) -> None:
        """The pass of a lane, as a task it is woken by.

        Where nobody wakes it, it runs every minute, or every second.
        """

        def one_pass() -> None:
            self._within(work)()
            self._within(lambda: beat(lane))()

        queue = self.queues[lane]
        self.passes[lane] = one_pass
        queue.post_execute(name="between")(_between)
        setattr(self, f"wake_{lane}", queue.task(name="pass", expires=3600)(one_pass))
        when, late = (_always, 2) if lane in HURRIED else (crontab(), 50)
        queue.periodic_task(when, name="turn", expires=late)(one_pass)

    def _within(self, work: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            with self.app.app_context():
                if not progress.under_way():  # all of the past that is being played is overdue
                    work()

        return run

    def _keeper(self) -> None:
        _parts(
            "keeper",
            time=self._hear_the_keeper,
            fetched=timely(self._fetch),
            told=keys.settle_keys,
            events=lambda: drain("keeper", once=True),
        )

    def _hear_the_keeper(self) -> None:
        """Now and then it is asked for the time, and remembers that.

        Over a restart that is what it holds its clock against. One elsewhere has people of its own to look
        after it.
        """
        if monotonic() < self.heard:
            return
        self.heard = monotonic() + HEARD
        with nullcontext() if keeper().at_hand else suppress(Problem):
            keeper().time()

    def _fetch(self) -> None:
        if keys.fetch_keys():
            self.wake("deadlines")

    def _events(self) -> None:
        drain("events", once=True)
        self.wake("outside")
        self.wake("long")

    def _outside(self) -> None:
        _parts(
            "outside",
            letters=letters.work,
            events=lambda: drain("outside", once=True),
            money=timely(money.work),
            register=entering.work,
            batches=lambda: batches.run(outside=True),
            night=timely(lambda: nightly.work("outside")),
        )

    def _long(self) -> None:
        _parts(
            "long",
            batches=lambda: batches.run(outside=False),
            scores=timely(refresh_failed),
            night=timely(lambda: nightly.work("long")),
        )

    def between(self, took: float = 0.0) -> None:
        """Between two pieces of work.

        Garbage is collected, this lane says that it is alive, and where a piece held the lock for a while the
        lane rests as long: SQLite's lock goes to whoever happens to ask, and who waits for it looks again
        only now and then.
        """
        garbage.between()
        if inside():
            return
        if self.lane:
            beat(self.lane)
        if took:
            self.rest(took)

    def prepare(self) -> None:
        """Make the queues' tables.

        A step before the server, like migrating: processes starting together would race.
        """
        if self.queued:
            self.queues["events"].storage.initialize_schema()

    def announce(self) -> None:
        """Tell the jobs there are new events. If that fails, the next minute finds them."""
        self.wake("events")

    def wake(self, lane: str) -> None:
        """Have a lane look for work, unless it is about to: what waits in its queue begins after this."""
        if not self.queued:
            return
        try:
            if not self.queues[lane].storage.queue_size():
                getattr(self, f"wake_{lane}")()
        except Exception:
            log.exception("could not wake the jobs' lane %s", lane)

    def work(self, lane: str) -> None:
        """Be this lane until told to stop.

        Its file may have gone since the market was prepared: what waited in it is found anew.
        """
        self.queues[lane].storage.initialize_schema()
        self.lane, self.rest = lane, sleep
        os.nice(NICE[lane])
        if lane == "outside":
            self._within(partial(_parts, "outside", broken=give_up_broken))()
        hurried = lane in HURRIED
        _Lane(self.queues[lane], EverySecond if hurried else Scheduler, 0.2 if hurried else 1.0).run()


def _always(instant: datetime) -> bool:
    return True


def _go_on(seconds: float) -> None:
    """Outside of the lanes nobody is waited for."""


def _parts(lane: str, **works: Callable[[], object]) -> None:
    """The parts of a lane's pass, each whatever became of the others.

    One that fails as a whole is kept as a failure.
    """
    what = f"lane {lane}"
    each(what, {Attempt(what, name): work for name, work in works.items()})


def _between(task: object, value: object, error: object) -> None:
    garbage.between()
