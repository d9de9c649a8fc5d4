"""Work in pieces, each of which keeps the database's write lock for a moment only.

As many at once as do so, and one that fails stops no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TypeVar

from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from market.extensions import db
from market.transaction import transaction
from models import failures
from models.errors import Problem, Unavailable
from models.failures import Attempt

log = logging.getLogger(__name__)
SHORT, LONG = 0.03, 0.1  # seconds a transaction may take: below, the next takes twice as many; above, half
T = TypeVar("T")


class ChunkSize:
    """How many at once, by how long the last ones took."""

    def __init__(self, size: int = 20, most: int = 500) -> None:
        self.size, self.most = size, most

    def took(self, seconds: float) -> None:
        if seconds > LONG:
            self.size = max(1, self.size // 2)
        elif seconds < SHORT:
            self.size = min(self.most, self.size * 2)

    @contextmanager
    def piece(self, full: bool = True) -> Iterator[Session]:
        """A transaction whose time, from its lock to its end, counts.

        One that is not `full`, of fewer than there might have been, says only what is too much.
        """
        with transaction() as session:
            began = monotonic()
            yield session
        took = monotonic() - began
        if full or took > LONG:
            self.took(took)
        between(took)


def chunk_size(name: Hashable, most: int = 500) -> ChunkSize:
    """The pace of one kind of work in this market, as its last pieces left it."""
    paces: dict[Hashable, ChunkSize] = current_app.extensions["jobs"].paces
    return paces.setdefault(name, ChunkSize(most=most))


def between(took: float = 0.0) -> None:
    """A piece of work is done, outside of any transaction, and held the lock so long: see `Jobs.between`."""
    current_app.extensions["jobs"].between(took)


def is_away(error: BaseException) -> bool:
    """Whether the database does not answer: nobody's fault, and everything may be tried again as it is.

    One statement it only could not carry out is somebody's.
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    try:
        db.session.rollback()
        db.session.execute(text("SELECT 1"))
        db.session.rollback()
    except DBAPIError:
        return True
    return False


def failed(attempt: Attempt, error: Exception, session: Session | None = None) -> None:
    """Keep that an attempt failed, in a transaction of its own or in this one; the log has all of it."""
    away = isinstance(error, Unavailable)
    log.log(
        logging.WARNING if away else logging.ERROR,
        "%s cannot be done: %s",
        attempt,
        error,
        exc_info=None if isinstance(error, Problem) else error,
    )
    if session is not None:
        failures.note(session, attempt, error)
        return
    db.session.rollback()
    with transaction() as own:
        failures.note(own, attempt, error)


def mended(attempt: Attempt) -> None:
    """It is done after all."""
    with transaction() as session:
        failures.clear(session, attempt)


def each(what: str, acts: Mapping[Attempt, Callable[[], object]]) -> int:
    """Carry out these acts of one part of the jobs, each whatever came of the others.

    One that fails is kept as a failure and left out until its next try. Returns how many were done, that is
    did not say False.
    """
    db.session.rollback()
    known = failures.of(db.session, what)
    db.session.rollback()
    done = sum(
        tried(attempt, partial(_is_done, act), attempt in known) or False
        for attempt, act in acts.items()
        if known.get(attempt, True)
    )
    for attempt in known.keys() - acts.keys():  # somebody saw to it in another way
        mended(attempt)
    return done


def _is_done(act: Callable[[], object]) -> bool:
    return act() is not False


def tried(
    attempt: Attempt,
    act: Callable[[], T],
    failed_before: bool = False,
    wanted: Callable[[], bool] = lambda: True,
) -> T | None:
    """Carry out one act, whatever becomes of it.

    Returns what it does, or None where it failed, which is kept if it is still `wanted`; done, one that had
    `failed_before` is a failure no more. Raises only while the database is away.
    """
    try:
        result = act()
    except Exception as error:
        db.session.rollback()
        if is_away(error):
            raise
        if wanted():
            failed(attempt, error)
        return None
    finally:
        between()
    if failed_before:
        mended(attempt)
    return result


def in_chunks(
    what: str,
    act: str,
    case_type: str,
    names: list[str],
    do: Callable[[Session, list[str]], int],
    pace: ChunkSize,
) -> int:
    """Do something with each of these cases, a piece of them to a transaction.

    Where a piece fails each is done alone; one that fails alone is kept as a failure, and left out until its
    next try. Returns what `do` counts, together.
    """
    known = failures.of(db.session, what)
    db.session.rollback()
    alone = [name for name in names if Attempt(what, act, case_type, name) in known]
    well = [name for name in names if name not in set(alone)]
    count = first = 0
    while first < len(well):
        part = well[first : first + pace.size]
        try:
            with pace.piece() as session:
                count += do(session, part)
        except Exception as error:
            if is_away(error):
                raise
            alone += part
        first += len(part)
    ready = [attempt for name in alone if known.get(attempt := Attempt(what, act, case_type, name), True)]
    return count + sum(tried(attempt, partial(_alone, attempt, do)) or 0 for attempt in ready)


def _alone(attempt: Attempt, do: Callable[[Session, list[str]], int]) -> int:
    with transaction() as session:
        count = do(session, [attempt.case_identifier])
        failures.clear(session, attempt)
    return count
