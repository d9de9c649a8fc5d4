"""A process of its own for what is to be killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.forks import forked
from market.extensions import db


def in_a_child(act: Callable[[], Any]) -> tuple[int, str]:
    """Carry out an act on this test's database in a child process: its exit code (-9 where SIGKILL ended it), and what it printed."""
    db.session.rollback()

    def alone() -> None:
        db.engine.dispose(close=False)  # the connections are the parent's
        act()

    return forked(alone)
