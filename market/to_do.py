"""One thing to do besides cases, as the worklist shows it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class ToDo(NamedTuple):
    """One thing to do: what it is called, why, its page, and until when, where there is such a time."""

    label: str
    why: str
    url: str
    until: datetime | None = None
