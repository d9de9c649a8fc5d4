"""One act, one transaction: the only place that commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from flask import current_app
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.extensions import db
from models import clock, events, submissions
from models.actors import Actor
from models.text import N_, Conflict


@contextmanager
def transaction() -> Iterator[Session]:
    """A session of its own that commits once at the end, events last, or not at all.

    It remembers when it was asked for, before waiting for a lock (`clock.arrival`). After the commit the page's reading session is refreshed and the jobs are told.
    """
    session = Session(db.engine, expire_on_commit=False, info={"arrived": clock.now()})
    try:
        session.connection(execution_options={"writing": True})
        yield session
        told = events.write(session)
        session.commit()
    except BaseException:
        session.rollback()
        events.forget(session)
        raise
    finally:
        session.close()
    db.session.rollback()
    if told:
        current_app.extensions["jobs"].announce()


def action(function: Callable[..., str]) -> Callable[..., str]:
    """Make an act of a function: `(actor, ...)` from outside, inside a transaction `(session, actor, ...)`.

    It returns the identifier of what it acted on. With `submission=` (a form's one-time key) the same
    act sent twice happens once: the second answers with the identifier of the first. A key that was used for
    anything else (another act, or this one with other arguments) is a Conflict; of another person it is another key.
    """

    @wraps(function)
    def act(actor: Actor, *args: Any, submission: str = "", **kwargs: Any) -> str:
        try:
            return once(actor, args, submission, kwargs)
        except IntegrityError as error:  # two at once, and the database's own constraint was the last guard
            raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。")) from error

    def once(actor: Actor, args: tuple[Any, ...], submission: str, kwargs: dict[str, Any]) -> str:
        sent = _fingerprint(function, args, kwargs) if submission else ""
        with transaction() as session:
            key = submissions.key_of(actor.user_id, submission)
            if submission:
                done = submissions.result_of(session, key, sent)
                if done is not None:
                    return done
            result = function(session, actor, *args, **kwargs)
            if submission:
                session.add(submissions.Submission(key=key, action=function.__name__, fingerprint=sent, result=result))
        return result

    return act


def _fingerprint(function: Callable[..., str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What tells this act and its arguments from any other; computed before any lock is taken, since files are among them."""
    return submissions.fingerprint(sealing_key(), f"{function.__module__}.{function.__name__}", args, kwargs)


def sealing_key() -> bytes:
    """The platform's key for what must stay sealed."""
    key: bytes = current_app.extensions["sealing_key"]
    return key
