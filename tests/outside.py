"""What may not happen inside a transaction: everybody would wait with it. Every test stands under this."""

from __future__ import annotations

import sys
from typing import Any

from argon2 import PasswordHasher

from market import transaction

# What Python itself tells of: whoever asks the network, starts a program or sleeps, by whatever library.
WAITS = {
    "socket.connect",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "subprocess.Popen",
    "os.posix_spawn",
    "time.sleep",
}

faults: list[str] = []
in_use = transaction.at_fault


class Waited(AssertionError):
    """Something waited inside a transaction."""


def fault(what: str) -> None:
    frame, called = sys._getframe(1), []
    while frame and len(called) < 12:
        called.append(frame.f_code.co_name)
        frame = frame.f_back  # type: ignore[assignment]
    faults.append(f"{what}: {' < '.join(called[1:])}")
    raise Waited(faults[-1])


class Hasher(PasswordHasher):
    """One that takes no time, and is not to be asked inside a transaction either."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)

    def hash(self, *args: Any, **kwargs: Any) -> str:
        if transaction.inside():
            fault("a password is hashed")
        return super().hash(*args, **kwargs)

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        if transaction.inside():
            fault("a password is checked")
        return super().verify(*args, **kwargs)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """The audit hook (PEP 578)."""
    if event in WAITS and transaction.inside():
        fault(event)
