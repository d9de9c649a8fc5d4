"""What happens after commits and when time passes: event consumers, deadlines, the daily refresh.

Everything here may be killed at any point and run again: consumers resume from their cursors, and
a deadline act that was carried out is no longer in the table.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from contextlib import nullcontext
from threading import Thread
from typing import IO, Any

from flask import Flask
from huey import MemoryHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from sqlalchemy import select

from market import batches
from market.agencies import actions as agencies
from market.agencies.jobs import index_agencies, issue_letters, warn_of_expiry
from market.agencies.registry import compare_daily
from market.contracts import actions as contracts
from market.credit.actions import refresh_every_score, refresh_scores
from market.extensions import db
from market.payments import actions as payments
from market.payments import jobs as money
from market.ratings import actions as ratings
from market.sourcing import actions as sourcing
from market.sourcing.jobs import destroy_keys, issue_notices
from market.transaction import transaction
from models import CASES, clock, events, notices
from models.actors import SYSTEM
from models.reminders import remind
from models.text import Problem

log = logging.getLogger(__name__)
LANES = ("everything",)

CONSUMERS: dict[str, events.Handler] = {
    "notices": notices.tell,
    "credit": refresh_scores,
    "search": index_agencies,
    "award notices": issue_notices,
    "letters": issue_letters,
    "keys": destroy_keys,
}

# The act the clock performs, by case type and act; each is an action that takes the identifier.
TIMED: dict[tuple[str, str], Callable[..., str]] = {
    ("check", "lapse"): agencies.lapse_check,
    ("request", "close"): sourcing.close,
    ("request", "open"): sourcing.open_bids,
    ("request", "end_auction"): sourcing.end_auction,
    ("evaluation", "lapse"): sourcing.lapse_evaluation,
    ("objection", "escalate"): sourcing.escalate_objection,
    ("quote", "expire"): sourcing.expire_quote,
    ("award", "finalise"): sourcing.finalise,
    ("contract", "resume"): contracts.resume,
    ("contract", "end"): contracts.end_unopposed,
    ("materials", "lapse"): contracts.lapse_materials,
    ("materials", "confirm"): contracts.confirm_materials,
    ("deliverable", "lapse"): contracts.lapse_delivery,
    ("deliverable", "accept"): contracts.accept,
    ("change", "lapse"): contracts.lapse_change,
    ("payment", "lapse"): payments.lapse,
    ("payout", "arrive"): payments.arrive,
    ("dispute", "lapse"): contracts.lapse_answer,
    ("rating", "publish"): ratings.publish,
    ("rating", "lapse"): ratings.lapse,
}


def drain() -> int:
    """Let every consumer catch up; one that cannot is left for the next time. Returns how many events were handled."""
    return sum(_catch_up(name, handler) for name, handler in CONSUMERS.items())


def _catch_up(name: str, handler: events.Handler) -> int:
    handled = 0
    while True:
        try:
            with transaction() as session:
                count = events.consume(session, name, handler)
        except Problem as problem:
            log.warning("%s waits: %s", name, problem)
            return handled
        if not count:
            return handled
        handled += count


def run_deadlines() -> int:
    """Perform what is due, oldest first. A case that refuses is logged and left; returns how many acted."""
    acted = 0
    for kind, case_class in CASES.items():
        for state, act in case_class.workflow.timed_acts():
            due = db.session.scalars(
                select(case_class.identifier)
                .where(case_class.state == state, case_class.due_at <= clock.now())
                .order_by(case_class.due_at)
            ).all()
            for identifier in due:
                try:
                    TIMED[kind, act](SYSTEM, identifier)
                    acted += 1
                except Problem as problem:
                    log.warning("%s of %s at its limit: %s", act, identifier, problem)
    db.session.rollback()
    return acted


def tick() -> tuple[int, int, int]:
    """What every minute brings: what is due, who is reminded, pieces of the long work, and what follows of all that.
    Returns how many acts, pieces and events there were."""
    acted = run_deadlines()
    with transaction() as session:
        remind(session, list(CASES.values()))
    return acted, batches.run() + money.work(), drain()


class Jobs:
    """The queue. `queued` keeps tasks in SQLite for a worker; `manual` leaves everything to the caller."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        queued = app.config["JOBS"] == "queued"
        self.huey: Any = (
            SqliteHuey(filename=str(app.config["JOBS_FILE"]), timeout=15, create_tables=False)
            if queued
            else MemoryHuey(immediate=False)
        )
        self.queued = queued
        self.drain = self.huey.task()(self._drain)
        self.tick = self.huey.periodic_task(crontab())(self._tick)
        self.daily = self.huey.periodic_task(crontab(hour="18", minute="5"))(self._daily)  # UTC: five past two in Beijing

    def prepare(self) -> None:
        """Make the queue's tables. A step before the server, like migrating: processes starting together would race."""
        if self.queued:
            self.huey.storage.initialize_schema()

    def _drain(self) -> None:
        with self.app.app_context():
            drain()
            batches.run()
            money.work()

    def _tick(self) -> None:
        with self.app.app_context():
            tick()

    def _daily(self) -> None:
        """Ratings fade by the day, so every sheet is computed anew, and the index follows; certificates come to their end;
        the business register is asked."""
        with self.app.app_context():
            with transaction() as session:
                refresh_every_score(session)
                warn_of_expiry(session)
            compare_daily()
            money.daily()
            search = self.app.extensions["search"]
            db.session.rollback()
            with transaction() if search.backend.in_database else nullcontext(db.session) as session:
                if search.backend.exists(session):
                    search.rebuild(session)
            db.session.rollback()

    def announce(self) -> None:
        """Tell the worker there are new events. If that fails, the next tick finds them."""
        if self.queued:
            try:
                self.drain()
            except Exception:
                log.exception("could not wake the jobs worker")

    def work(self, lane: str = "", beside: IO[bytes] | None = None) -> None:
        """Be the worker until told to stop; or, `beside` a server, until that end of the pipe is gone."""
        if beside is not None:
            Thread(target=_stop_with, args=(beside,), daemon=True).start()
        Consumer(self.huey, workers=1, initial_delay=0.1, max_delay=1.0).run()


def standing() -> dict[str, Any]:
    """How the jobs stand."""
    return {"lanes": {}}


def _stop_with(pipe: IO[bytes]) -> None:
    pipe.read()
    os.kill(os.getpid(), signal.SIGTERM)
