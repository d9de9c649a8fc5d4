"""How the jobs stand: what a watcher asks, in a few statements that cost the same in a market of any size."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from market.extensions import db
from market.jobs.consumers import CONSUMERS
from market.jobs.deadlines import NAME
from market.transaction import transaction
from models import CASES, clock, heartbeats
from models.events import Cursor, Event
from models.failures import Failure

LANES = ("deadlines", "events", "outside", "long")
EVERY = timedelta(seconds=10)  # between two heartbeats of a lane


def beat(lane: str) -> None:
    """A pass of this lane is done. Kept now and then only: a heartbeat is a write, too."""
    db.session.rollback()
    last = heartbeats.last(db.session).get(lane)
    db.session.rollback()
    if last is None or abs(clock.now() - last) >= EVERY:
        with transaction() as session:
            heartbeats.beat(session, lane)


def standing() -> dict[str, Any]:
    """`lanes`: when each was last done with a pass (ISO 8601, None if never), `lag`: how many events each consumer is behind, `overdue`: the
    oldest limit that has passed and whose act is still to come, but for those kept as failures (ISO 8601, or None), `failures`: how many wait."""
    db.session.rollback()
    last = heartbeats.last(db.session)
    newest = db.session.scalar(select(func.max(Event.id))) or 0
    positions = dict(db.session.execute(select(Cursor.consumer, Cursor.position)).all())
    overdue, failing = _overdue(), db.session.scalar(select(func.count(Failure.id))) or 0
    db.session.rollback()
    return {
        "lanes": {lane: _iso(last.get(lane)) for lane in LANES},
        "lag": {name: newest - positions.get(name, 0) for name in CONSUMERS},
        "overdue": _iso(overdue),
        "failures": failing,
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _overdue() -> datetime | None:
    """One look into the index of each state whose limit ends in an act."""
    now = clock.now()
    looks: list[Any] = []
    for kind, case_class in CASES.items():
        failing = select(Failure.case_identifier).where(Failure.what == NAME, Failure.case_type == kind)
        for state in sorted({state for state, _act in case_class.workflow.timed_acts()}):
            first = select(case_class.due_at).where(case_class.state == state, case_class.due_at <= now, case_class.identifier.not_in(failing))
            looks.append(first.order_by(case_class.due_at).limit(1).scalar_subquery())
    found = [instant for instant in db.session.execute(select(*looks)).one() if instant is not None]
    return min(found, default=None)
