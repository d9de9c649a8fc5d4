"""Whoever a case waits for is told before its limit ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from market.chunks import chunk_size, in_chunks
from market.extensions import db
from models import CASES, reminders


def remind() -> int:
    """Tell the parties whose limits draw near, found without any lock and told in pieces.

    Returns how many cases were told of.
    """
    return sum(_remind(kind) for kind in CASES)


def _remind(kind: str) -> int:
    db.session.rollback()
    near = reminders.near(db.session, CASES[kind])
    db.session.rollback()
    tell: Callable[[Session, list[str]], int] = partial(_tell, kind)
    return in_chunks("reminders", "remind", kind, near, tell, chunk_size("reminders", most=200))


def _tell(kind: str, session: Session, identifiers: list[str]) -> int:
    return reminders.remind(session, CASES[kind], identifiers)
