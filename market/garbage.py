"""When garbage is collected.

Python 3.11 may collect while an object's `__dict__` is being made, and SQLAlchemy's states, whose weak
references call back into them, then corrupt memory (docs/decisions/0020). There, nothing is collected by
itself, only here: between requests and between jobs, where no such thing is under way. From 3.12 on the
interpreter collects between instructions alone and is left to it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from werkzeug.wsgi import ClosingIterator

AUTOMATIC = sys.version_info >= (3, 12)
OFTEN, SELDOM = 1, 200  # a young collection after each piece of work, a full one after so many
_lock = Lock()
_pieces = 0


def settle() -> None:
    """From now on nothing is collected but by `between`, where this Python needs that."""
    if not AUTOMATIC:
        gc.disable()


@contextmanager
def by_hand() -> Iterator[None]:
    """In here nothing is collected but by `between`.

    A long command that knows when leaves Python less to go through.
    """
    automatic = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if automatic:
            gc.enable()


def between() -> None:
    """After a request, a job, a step of a long command: collect what it left, where nothing else does."""
    global _pieces
    if gc.isenabled() or not _lock.acquire(blocking=False):
        return
    try:
        _pieces += 1
        gc.collect(2 if _pieces % SELDOM == 0 else OFTEN)
    finally:
        _lock.release()


def collecting(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application, with `between` after each request.

    That is when its answer has been sent and its session is gone.
    """

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        return ClosingIterator(app(environ, start_response), between)

    return answer if not AUTOMATIC else app
