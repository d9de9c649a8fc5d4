"""Closing the books of days that are over."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from models.ledger import closing, days


def close_days(session: Session, until: date) -> list[days.Closing]:
    """Close every day up to and with `until`, as the night does, but in one session."""
    closed = []
    while (found := closing.next_closing(session, until)) is not None:
        if closing.close(session, found):  # else something was posted meanwhile, and it is worked out anew
            closed.append(found)
    return closed
