"""One act, one transaction: the only place that commits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flask import current_app
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market import permissions
from market.extensions import db
from market.resuming import refuse_too_late
from models import clock, events, permission, reading, submissions
from models.actors import Actor
from models.errors import Conflict
from models.i18n import N_
from models.submissions import Sent

log = logging.getLogger(__name__)
T = TypeVar("T")
ACTIONS: dict[str, Callable[..., str]] = {}  # every act there is, by its name
_inside: ContextVar[bool] = ContextVar("inside a transaction", default=False)
_arrived: ContextVar[datetime | None] = ContextVar("when what is done now reached us", default=None)


@dataclass(frozen=True, init=False)
class Beforehand(Generic[T]):
    """What an act's public function `got` from outside before the act itself begins.

    It is no part of what the person sent, so it has no fields: the same form sent twice comes with another
    one.
    """

    def __init__(self, got: T) -> None:
        object.__setattr__(self, "got", got)

    if TYPE_CHECKING:

        @property
        def got(self) -> T: ...


def inside() -> bool:
    """Whether a transaction is open here: others wait for its locks."""
    return _inside.get()


def outside(what: str) -> None:
    """Said by whatever waits for somebody else, or takes its time, before it does.

    A keeper, an authority, a printer, a disk. Inside a transaction it is a fault of ours: everybody would
    wait with it.
    """
    if inside():
        at_fault(what)


def at_fault(what: str) -> None:
    """A market in use goes on, slowly, and leaves a trace; the tests put an error in the place of this."""
    log.error("inside a transaction: %s", what, stack_info=True)


@contextmanager
def arriving() -> Iterator[None]:
    """What is done in here reached us now, however long it takes until its transaction begins.

    Deadlines go by it.
    """
    outer = _arrived.set(_arrived.get() or clock.now())
    try:
        yield
    finally:
        _arrived.reset(outer)


@contextmanager
def looking() -> Iterator[Session]:
    """A session of its own for a look at how things stand, over before anybody outside is asked.

    What it loaded may be read after.
    """
    with Session(db.engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def transaction() -> Iterator[Session]:
    """A session of its own that commits once at the end, events last, or not at all.

    It remembers when it was asked for, before waiting for a lock (`clock.arrival`). After the commit the
    page's reading session is refreshed and the jobs are told.
    """
    refuse_too_late()
    session, outer = (
        Session(db.engine, expire_on_commit=False, info={"arrived": _arrived.get() or clock.now()}),
        None,
    )
    try:
        session.connection(execution_options={"writing": True})
        outer = _inside.set(True)
        yield session
        told = events.write(session)
        session.commit()
    except BaseException:
        session.rollback()
        events.forget(session)
        raise
    finally:
        if outer is not None:
            _inside.reset(outer)
        session.close()
    db.session.rollback()
    if told:
        current_app.extensions["jobs"].announce()


def action(function: Callable[..., str]) -> Callable[..., str]:
    """Make an act of a function: `(actor, ...)` from outside, inside a transaction `(session, actor, ...)`.

    Whether this actor may is asked first, of the table in market/permissions.py, as things stand inside the
    transaction. It returns the identifier of what it acted on. With `submission=` (a form's one-time key) the
    same act sent twice happens once: the second answers with the identifier of the first. A key that was used
    for anything else (another act, or this one with other arguments) is a Conflict; of another person it is
    another key.
    """

    @wraps(function)
    def act(actor: Actor, *args: Any, submission: str | Sent = "", **kwargs: Any) -> str:
        try:
            return once(actor, args, submission if isinstance(submission, Sent) else Sent(submission), kwargs)
        except IntegrityError as error:  # two at once, and the database's own constraint was the last guard
            raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。")) from error

    def once(actor: Actor, args: tuple[Any, ...], sent: Sent, kwargs: dict[str, Any]) -> str:
        fingerprint = _fingerprint(function, sent, args, kwargs) if sent.key else ""
        with transaction() as session:
            actor = permission.fresh(session, actor)
            session.info[reading.READ] = sent.as_read
            permissions.check_act(name_of(function), actor)
            key = submissions.key_of(actor.user_id, sent.key)
            if sent.key:
                done = submissions.result_of(session, key, fingerprint)
                if done is not None:
                    return done
            result = function(session, actor, *args, **kwargs)
            if not permissions.asked(name_of(function), session, actor):
                at_fault(f"{name_of(function)} asked nobody whether it may")
            if sent.key:
                session.add(
                    submissions.Submission(
                        key=key, action=function.__name__, fingerprint=fingerprint, result=result
                    )
                )
        return result

    if ACTIONS.setdefault(name_of(function), act) is not act:
        raise ValueError(f"two acts are called {name_of(function)}")
    return act


def name_of(function: Callable[..., str]) -> str:
    """An act by its room, its module there and its function: `sourcing.bids.submit`, `ratings.rate`."""
    path = [part for part in function.__module__.split(".")[1:] if part != "actions"]
    return ".".join([*path, function.__name__])


def _fingerprint(
    function: Callable[..., str], sent: Sent, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str:
    """What tells this act and what it was given from any other.

    Computed before any lock is taken, since files are among it.
    """
    given, named = ((sent.contents,), {}) if sent.contents else (args, kwargs)
    return submissions.fingerprint(sealing_key(), f"{function.__module__}.{function.__name__}", given, named)


def sealing_key() -> bytes:
    """The platform's key for what must stay sealed."""
    key: bytes = current_app.extensions["sealing_key"]
    return key
