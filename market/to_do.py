"""One thing to do besides cases, as the worklist shows it."""

from __future__ import annotations

from typing import NamedTuple


class ToDo(NamedTuple):
    """One thing to do: what it is called, why, and its page."""

    label: str
    why: str
    url: str
