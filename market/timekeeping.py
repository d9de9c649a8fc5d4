"""Who asks whether the clock may be gone by: everything that moves by itself on time looks here first.

In doubt it stands still, says so in the log, at `/ready` and at `/admin/failures`, and goes on as soon as the
clock is right again, somebody outside who is set as a witness agrees with it, or an administrator confirms
it. People are served all the while.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import wraps
from time import monotonic
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.extensions import db
from market.http_client import date_of
from market.keeper import FolderKeeper, keeper
from market.transaction import action, outside, transaction
from models import clock, events, timekeeping
from models.actors import SYSTEM, Actor
from models.clock import Reading
from models.errors import Conflict, NotFound, Problem, RuleViolation, Unavailable
from models.i18n import N_
from models.timekeeping import BOUND, EVERY, OUTAGE, ClockMark, Doubt, Known

log = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds a witness has to answer
# seconds until witnesses are asked again, and until the log says once more that everything stands still
AGAIN = 30.0


def look() -> datetime | None:
    """The present instant, where it may be gone by; None in doubt.

    Time that is passed in is taken as it is. Never inside a transaction.
    """
    reading = clock.reading()
    if reading is None:
        return clock.now()
    db.session.rollback()
    mark, database = timekeeping.mark_of(db.session, reading.machine), _of_database()
    known = (
        mark.known
        if mark is not None and mark.boot == reading.boot
        else timekeeping.first_known(db.session, reading)
    )
    db.session.rollback()
    found = timekeeping.doubt(known, reading, _outage(), database)
    if found is not None and _is_excused(found, reading):
        log.warning(
            "the clock of %s says %s and not %s, and others agree with it",
            reading.machine,
            found.wall,
            found.expected,
        )
        _keep(reading, Known.at(reading, found.apart), None)
    elif found is not None:
        _stand_still(reading, known, found, mark)
        return None
    elif (
        known.anchor is None
        or mark is None
        or mark.doubt
        or mark.seen_at is None
        or abs(reading.wall - mark.seen_at) >= EVERY
    ):
        _keep(reading, known.renewed(reading), None)
    return reading.wall


def timely(work: Callable[[], Any]) -> Callable[[], Any]:
    """Work that time itself asks for: left for later while the clock is in doubt.

    What it does then comes to None.
    """

    def do() -> Any:
        return work() if look() is not None else None

    return do


class ClockInDoubt(Unavailable):
    """Whether a limit has passed is not known."""


def surely(act: Callable[..., str]) -> Callable[..., str]:
    """An act that shows or ends something for good because a limit has passed.

    A person's is refused while the clock is in doubt, before anything is touched. The jobs looked before.
    """

    @wraps(act)
    def do(actor: Actor, *args: Any, **kwargs: Any) -> str:
        if "system" not in actor.roles and look() is None:
            raise ClockInDoubt(
                N_("平台的时钟可能不准,暂时不能确定期限是否已到,请稍后再试;这次没有改动任何内容。")
            )
        return act(actor, *args, **kwargs)

    return do


def _outage() -> timedelta | None:
    """How long a restart may have taken.

    Nobody relies on a demonstration or a trial, and they are put away for weeks.
    """
    return None if current_app.config["DEMO"] or current_app.config["TRIAL"] else OUTAGE


def _of_database() -> datetime | None:
    """What the database's clock says; None for the one that is a file and goes by ours."""
    if db.engine.dialect.name != "postgresql":
        return None
    said: datetime | None = db.session.scalar(select(func.clock_timestamp()))
    return said


def _is_excused(found: Doubt, reading: Reading) -> bool:
    """Whether somebody whose clock is not ours agrees with it.

    Asked now and then only. A time server counts after a restart alone: it may itself be what set a clock
    that was right.
    """
    if found.after_restart and clock.synchronised():
        return True
    state = _state()
    if monotonic() < state.get("ask", 0.0):
        return False
    state["ask"] = monotonic() + AGAIN
    return any(abs(instant - clock_then) <= BOUND for instant, clock_then in _witnesses())


def _witnesses() -> Iterator[tuple[datetime, datetime]]:
    """What each witness says, and what our clock said when it answered."""
    outside("witnesses of the time are asked")
    if not keeper().at_hand:
        try:
            yield keeper().time(), clock.now()
        except Problem as problem:
            log.warning("the keeper is no witness of the time: %s", problem)
    for url in (current_app.config["CLOCK_WITNESS"], current_app.config["TSA_URL"]):
        if url:
            try:
                yield date_of(url, PATIENCE), clock.now()
            except (OSError, ValueError) as error:
                log.warning("%s is no witness of the time: %s", url, error)


def _stand_still(reading: Reading, known: Known, found: Doubt, mark: ClockMark | None) -> None:
    """Keep the doubt, if it is a new one, and have the log say so now and then."""
    new = not found.same(mark.doubted if mark is not None and mark.boot == reading.boot else None)
    if new:
        _keep(reading, known, found)
    if new or monotonic() >= _state().get("say", 0.0):
        _state()["say"] = monotonic() + AGAIN
        log.error("the clock: %s", said(reading.machine, found))


def said(machine: str, found: Doubt) -> str:
    """A doubt in a line of the log and of `/ready`."""
    return (
        f"{machine} says {found.wall.isoformat()}, and should say about {found.expected.isoformat()} "
        f"({found.why}): "
        "deadlines and the night's work stand still until it does, or an administrator confirms "
        "it at /admin/failures"
    )


def _state() -> dict[str, float]:
    state: dict[str, float] = current_app.extensions.setdefault("timekeeping", {})
    return state


def _keep(reading: Reading, known: Known, found: Doubt | None) -> None:
    with transaction() as session:
        before = timekeeping.mark_of(session, reading.machine, lock=True)
        stood_still = before is not None and bool(before.doubt)
        timekeeping.keep(session, reading, known, found)
        if found is not None:
            _tell(session, SYSTEM, "clock.doubt", reading.machine, found)
        elif stood_still:
            events.record(
                session,
                SYSTEM,
                "clock.resume",
                "clock",
                reading.machine,
                audience="internal",
                data={"wall": reading.wall.isoformat()},
            )


def _tell(session: Session, actor: Actor, kind: str, machine: str, found: Doubt, **data: str) -> None:
    events.record(session, actor, kind, "clock", machine, audience="internal", data=found.kept() | data)


def doubted() -> list[tuple[str, Doubt]]:
    """The machines whose clock is not gone by, and why."""
    return [(mark.machine, mark.doubted) for mark in timekeeping.doubts(db.session) if mark.doubted]


def confirm(actor: Actor, machine: str, *, wall: str, reason: str, submission: str = "") -> str:
    """An administrator says that a clock nobody goes by is right: everything goes on from there.

    With what it said (`wall`, ISO 8601) and the reason. Conflict where it says something else by now. Our own
    keeper is told; one elsewhere has an operator of its own.
    """
    confirmed = _confirm(actor, machine, wall=wall, reason=reason, submission=submission)
    kept = keeper()
    reading = clock.reading()
    if isinstance(kept, FolderKeeper) and reading is not None and look() is not None:
        kept.confirm(reading)
    return confirmed


@action
def _confirm(session: Session, actor: Actor, machine: str, *, wall: str, reason: str) -> str:
    mark = timekeeping.mark_of(session, machine, lock=True)
    if mark is None or mark.doubted is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=machine)
    found = mark.doubted
    if found.wall.isoformat() != wall:
        raise Conflict(N_("这台机器的时钟后来又变了,请刷新后再看。"))
    if not reason.strip():
        raise RuleViolation(N_("请填写这一项。"), "reason")
    reading = Reading(machine, mark.boot, found.up, found.wall)
    timekeeping.keep(session, reading, Known.at(reading, found.apart), None)
    _tell(session, actor, "clock.confirm", machine, found, reason=reason.strip()[:500])
    return machine
