"""The one clock. Everything that asks what time it is asks here, so that tests and the demo
generator can pass time in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The present instant, in UTC."""
    return _source().astimezone(UTC)


def today() -> date:
    """The present date in Beijing, which is what a person there calls today."""
    return now().astimezone(BEIJING).date()


def use(source: Callable[[], datetime]) -> None:
    """Ask `source` for the time from now on (process-wide)."""
    global _source
    _source = source


def use_system() -> None:
    """Go back to the machine's clock."""
    use(_system)


def use_file(path: Path) -> None:
    """Read the instant (ISO 8601) from a file at each question; without the file, the machine's clock.

    A driver in another process (the life-cycle run, a browser test) passes time by writing the file.
    """

    def read() -> datetime:
        return datetime.fromisoformat(path.read_text().strip()) if path.exists() else _system()

    use(read)


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Inside the block it is `instant`."""
    before = _source
    use(lambda: instant)
    try:
        yield
    finally:
        use(before)


class _Session(Protocol):
    @property
    def info(self) -> dict[Any, Any]: ...


def arrival(session: _Session) -> datetime:
    """When what this transaction does reached us: before it waited for any lock. Deadlines go by it."""
    arrived: datetime = session.info.get("arrived") or now()
    return arrived
