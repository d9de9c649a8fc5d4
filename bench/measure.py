"""What a row is, and how a floor is found: the same SQL without us."""

from __future__ import annotations

import gc
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine, event


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: ours and the floor's median in `unit`, and how many times the floor ours takes."""

    name: str
    size: int
    ours: float
    floor: float
    unit: str = "ms"

    def __str__(self) -> str:
        figures = f"{self.ours:.3f}\t{self.floor:.3f}\t{self.ours / self.floor:.2f}"
        return f"{self.name}\t{self.size}\t{figures}\t{self.unit}"


def timed(work: Callable[[], Any], rounds: int) -> float:
    """The median time of one call, in milliseconds, after one call that is not counted."""
    gc.collect()
    return _timed(work, rounds)


def _timed(work: Callable[[], Any], rounds: int) -> float:
    work()
    gc.disable()
    try:
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    finally:
        gc.enable()
    return median(times) * 1000


def both(ours: Callable[[], Any], floor: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Medians of both in turns, so that what else the machine does falls on both alike."""
    gc.collect()
    pairs = [(_timed(ours, rounds // 5), _timed(floor, rounds // 5)) for _ in range(5)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


Log = list[tuple[str, Any]]


@contextmanager
def recorded(engine: Engine) -> Iterator[Log]:
    """Every statement the engine sends, with its parameters, transactions included."""
    log: Log = []

    def sent(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        log.append((statement, parameters))

    def ended(connection: Any) -> None:
        log.append(("COMMIT", ()))

    def undone(connection: Any) -> None:
        log.append(("ROLLBACK", ()))

    event.listen(engine, "before_cursor_execute", sent)
    event.listen(engine, "commit", ended)
    event.listen(engine, "rollback", undone)
    try:
        yield log
    finally:
        event.remove(engine, "before_cursor_execute", sent)
        event.remove(engine, "commit", ended)
        event.remove(engine, "rollback", undone)


def replay(connection: sqlite3.Connection, log: Log) -> None:
    """Send the same statements again, fetch what they give, and do nothing with it."""
    for statement, parameters in log:
        if statement in ("COMMIT", "ROLLBACK") and not connection.in_transaction:
            continue
        if statement.startswith("BEGIN") and connection.in_transaction:
            continue
        several = isinstance(parameters, list)
        (connection.executemany if several else connection.execute)(statement, parameters).fetchall()


def plain(path: Path) -> sqlite3.Connection:
    """The driver alone, set up as the market sets it up."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("busy_timeout = 15000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
