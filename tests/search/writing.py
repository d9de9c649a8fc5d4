"""Writing the index in a transaction of its own."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from market.extensions import db
from market.transaction import transaction


def written(index: Any, made: list[Any]) -> None:
    """Put these documents in the place of the index, however it is kept."""
    db.session.rollback()
    with transaction() if index.backend.in_database else nullcontext() as session:
        index.backend.write(session, made)
