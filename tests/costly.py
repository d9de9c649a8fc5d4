"""What is carried out in the sandbox's tests: functions that cost too much, each in its way."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

from market.sandboxed import Refused


def same(value: Any) -> Any:
    return value


def who() -> int:
    return os.getpid()


def loaded() -> list[str]:
    house = [
        name for name in sys.modules if name.split(".")[0] in ("flask", "market", "models", "sqlalchemy")
    ]
    return [name for name in house if name != "market" and not name.startswith("market.sandboxed")]


def environment() -> dict[str, str]:
    return dict(os.environ)


def endless() -> None:
    while True:
        pass


def waiting(path: str) -> str:
    """What somebody writes into a fifo."""
    return Path(path).read_text()


def holding(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


def crashing() -> None:
    ctypes.string_at(0)


def leaving() -> None:
    os._exit(0)


def refusing() -> None:
    raise Refused("第 %(number)s 行有一格超过 %(most)s 个字。", number=3, most=9)


def failing() -> None:
    raise ZeroDivisionError("by nothing")


def strange() -> Any:
    return Path("/")
