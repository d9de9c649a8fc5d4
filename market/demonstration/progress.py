"""The mark a demonstration leaves in the market while it is being loaded.

How far it is, and that it is not whole yet.
"""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from market.extensions import db
from market.transaction import transaction
from models import clock, identifiers
from models.batches import DEMONSTRATION, Batch

WHOLE = 100  # a percent is the step in which progress is told


def _standing(session: Session) -> Batch | None:
    query = select(Batch).where(Batch.kind == DEMONSTRATION, Batch.state == "loading")
    return session.scalars(query.order_by(Batch.id.desc()).limit(1)).one_or_none()


def begin() -> None:
    """From now on a demonstration is under way here. Does nothing where one is already."""
    with transaction() as session:
        if _standing(session) is None:
            session.add(
                Batch(
                    identifier=identifiers.issue(session, Batch),
                    kind=DEMONSTRATION,
                    state="loading",
                    source="",
                    total=WHOLE,
                    options={},
                )
            )


def under_way() -> bool:
    """Whether a demonstration was begun here and is not whole.

    Whatever this process was told of demonstrations: the mark alone says so. While it is, the jobs leave what
    falls due to whoever loads it: by the real clock all of the past it plays is overdue. Asks the database,
    so it is for those who work on the market, not for pages.
    """
    return share() is not None


def is_playing(session: Session) -> bool:
    """The same, asked within a transaction that is open."""
    return _standing(session) is not None


def share() -> float | None:
    """How much of the demonstration is there, from 0 to 1; None where none is under way."""
    db.session.rollback()
    standing = _standing(db.session)
    found = standing.position / standing.total if standing is not None else None
    db.session.rollback()  # the work that follows may be long, and is done in transactions of its own
    return found


def percent() -> int | None:
    """How many percent are there, for the pages of a market that is served while it is loaded.

    None where none is under way. Asks nothing any more once it is whole, and nothing that must be answered.
    """
    if not current_app.config["DEMO"] or current_app.extensions.get("demonstration is whole"):
        return None
    try:
        newest = db.session.execute(
            select(Batch.state, Batch.position)
            .where(Batch.kind == DEMONSTRATION)
            .order_by(Batch.id.desc())
            .limit(1)
        ).first()
    except SQLAlchemyError:
        return None
    current_app.extensions["demonstration is whole"] = newest is not None and newest.state == "done"
    return newest.position if newest is not None and newest.state == "loading" else None


def tell(percent: int) -> None:
    """So many percent of it are there."""
    with transaction() as session:
        standing = _standing(session)
        if standing is not None:
            standing.position = percent


def finish() -> None:
    """It is whole."""
    with transaction() as session:
        standing = _standing(session)
        if standing is not None:
            standing.position, standing.state, standing.finished_at = standing.total, "done", clock.now()
