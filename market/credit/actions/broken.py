"""Fetches that were broken off: found at once, given up, and what they left thrown away a piece at a time.

Whoever takes what a source says holds its lock, which whoever is killed lets go of: a fetch under way that
nobody holds is over. One that goes on for an hour is given up all the same.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import delete, select, update

from market.transaction import looking, transaction
from models import clock, disk
from models.clock import BEIJING
from models.credit.external import ExternalEntry, ExternalFetch
from models.errors import Conflict, RuleViolation, serialize_problem
from models.i18n import N_

GIVEN_UP = timedelta(hours=1)  # a fetch that is not through by then was broken off
PIECE = 500  # rows thrown away in one transaction
_BROKEN = RuleViolation(N_("导入中断,没有采用。"))


def until(fetch: ExternalFetch) -> datetime:
    """When a fetch under way is given up at the latest."""
    return fetch.began_at + GIVEN_UP


def busy(fetch: ExternalFetch) -> Conflict:
    """That another fetch of the source is under way, since when, whose, and until when at the latest."""
    return Conflict(
        N_("这个来源正在导入:%(by)s从 %(since)s 开始,最迟到 %(until)s 结束。请过一会儿再试。"),
        by=fetch.by_name,
        since=_minute(fetch.began_at),
        until=_minute(until(fetch)),
    )


def _minute(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}"


@contextmanager
def holding(source: str) -> Iterator[bool]:
    """The lock of a source, let go of at the end, however that comes. Whether it was to be had."""
    folder = Path(current_app.config["FILES_FOLDER"]).parent / "locks"
    disk.make_folder(folder)
    handle = os.open(folder / f"external-{source}", os.O_RDWR | os.O_CREAT, disk.FILE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            had = True
        except BlockingIOError:
            had = False
        yield had
    finally:
        os.close(handle)


def give_up(*which: Any) -> None:
    """Those of these fetches that are under way are no more."""
    with transaction() as session:
        session.execute(
            update(ExternalFetch)
            .where(ExternalFetch.state == "taking", *which)
            .values(state="failed", busy=None, problem=serialize_problem(_BROKEN))
        )


def give_up_broken_of(source: str, *, held: bool) -> None:
    """What was broken off of a source: all there is where its lock is `held`, else what took too long."""
    late = () if held else (ExternalFetch.began_at <= clock.now() - GIVEN_UP,)
    give_up(ExternalFetch.source == source, *late)


def check_held(source: str, *, held: bool) -> None:
    """Conflict where somebody holds a source's lock who takes nothing from it: that is over in a moment."""
    with looking() as session:
        under_way = select(ExternalFetch.id).where(
            ExternalFetch.source == source, ExternalFetch.state == "taking"
        )
        if not held and session.scalars(under_way).first() is None:
            raise Conflict(N_("这个来源刚才中断的导入正在清理,请马上再试一次。"))


def give_up_broken() -> None:
    """Of every source, when the jobs start and by night; and what failed fetches left is thrown away."""
    with looking() as session:
        under_way = select(ExternalFetch.source).where(ExternalFetch.state == "taking")
        sources = sorted(set(session.scalars(under_way)))
    for source in sources:
        with holding(source) as held:
            give_up_broken_of(source, held=held)
    clear_failed()


def clear_failed() -> int:
    """Throw away what fetches put down that were never taken. Returns how many rows.

    What they said of others' rows, that these are over or were seen, is taken back first.
    """
    failed = select(ExternalFetch.id).where(ExternalFetch.state == "failed")
    own = ExternalEntry.fetch_id.in_(failed)
    _each(ExternalEntry.until_id.in_(failed), update(ExternalEntry).values(until_id=None))
    seen = ExternalEntry.seen_id.in_(failed) & ~own
    _each(seen, update(ExternalEntry).values(seen_id=ExternalEntry.fetch_id))
    _each(ExternalEntry.brought_id.in_(failed) & ~own, update(ExternalEntry).values(brought_id=None))
    return _each(own, delete(ExternalEntry))


def _each(which: Any, change: Any) -> int:
    done = 0
    while True:
        with looking() as session:
            keys = list(session.scalars(select(ExternalEntry.id).where(which).limit(PIECE)))
        if not keys:
            return done
        with transaction() as session:
            session.execute(change.where(ExternalEntry.id.in_(keys)))
        done += len(keys)
