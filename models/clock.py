"""The one clock.

Everything that asks what time it is asks here, so that tests and the demo generator can pass time in.
"""

from __future__ import annotations

import ctypes
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


def _system() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks of a machine at one moment.

    `wall`, which anybody may set, and `up`, the seconds since the machine was started, asleep or not, which
    nobody sets. `boot` names that start: of two starts the seconds cannot be compared.
    """

    machine: str
    boot: str
    up: float
    wall: datetime


_BOOT, _UPTIME = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/uptime")
# where a machine does not say when it was started, a process is all there is
_PROCESS = f"process {os.getpid()} {time.time_ns()}"
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)


def _of_this_machine() -> Reading:
    machine = socket.gethostname()[:40]
    try:
        return Reading(machine, _BOOT.read_text().strip(), float(_UPTIME.read_text().split()[0]), _system())
    except (OSError, ValueError):
        return Reading(machine, _PROCESS, time.monotonic(), _system())


def synchronised() -> bool:
    """Whether the system keeps this machine's clock by a time server.

    Whoever sets it by hand ends that (adjtimex(2), STA_UNSYNC).
    """
    try:
        said: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        return False
    return said not in (-1, _UNSYNCHRONISED)


_source: Callable[[], datetime] = _system
_machine: Callable[[], Reading] | None = _of_this_machine


def now() -> datetime:
    """The present instant, in UTC."""
    return _source().astimezone(UTC)


def today() -> date:
    """The present date in Beijing, which is what a person there calls today."""
    return now().astimezone(BEIJING).date()


def use(source: Callable[[], datetime]) -> None:
    """Ask `source` for the time from now on (process-wide)."""
    global _source, _machine
    _source, _machine = source, None


def use_system() -> None:
    """Go back to the machine's clock."""
    global _source, _machine
    _source, _machine = _system, _of_this_machine


def use_machine(machine: Callable[[], Reading]) -> None:
    """Go by the clocks of this machine from now on (process-wide)."""
    global _source, _machine
    _source, _machine = lambda: machine().wall, machine


def reading() -> Reading | None:
    """What this machine's clocks say; None where time is passed in, which nobody needs to doubt."""
    return _machine() if _machine is not None else None


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
    global _source, _machine
    before = _source, _machine
    use(lambda: instant)
    try:
        yield
    finally:
        _source, _machine = before


class _Session(Protocol):
    @property
    def info(self) -> dict[Any, Any]: ...


def arrival(session: _Session) -> datetime:
    """When what this transaction does reached us: before it waited for any lock. Deadlines go by it."""
    arrived: datetime = session.info.get("arrived") or now()
    return arrived
