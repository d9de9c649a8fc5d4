"""How the jobs stand: what a watcher asks, in a few statements that cost the same in a market of any size."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from market.extensions import db
from market.jobs import nightly
from market.jobs.consumers import CONSUMERS
from market.jobs.deadlines import NAME
from market.transaction import transaction
from models import CASES, clock, heartbeats
from models.events import Cursor, Event
from models.failures import Failure

LANES = ("deadlines", "keeper", "events", "outside", "long")
EVERY = timedelta(seconds=10)  # between two heartbeats of a lane


def beat(lane: str) -> None:
    """This lane has done a piece of work, or a pass. Kept now and then only: a heartbeat is a write, too."""
    db.session.rollback()
    last = heartbeats.last(db.session).get(lane)
    db.session.rollback()
    if last is None or abs(clock.now() - last) >= EVERY:
        with transaction() as session:
            heartbeats.beat(session, lane)


def job_status() -> dict[str, Any]:
    """`lanes`: when each was last heard of (ISO 8601, None if never); `lag`.

    How many events each consumer is behind, and `waiting`, since when the oldest of them waits; `overdue`:
    the oldest limit that has passed and whose act is still to come, and `untried`, the oldest of those not
    kept as failures; `failures`: how many there are, and `broken`, since when each part of the jobs fails as
    a whole; `nights`: when each part of the night's work was last done.
    """
    db.session.rollback()
    last = heartbeats.last(db.session)
    newest = db.session.scalar(select(func.max(Event.id))) or 0
    positions = dict(db.session.execute(select(Cursor.consumer, Cursor.position)).all())
    lag = {name: newest - positions.get(name, 0) for name in CONSUMERS}
    found = {
        "lanes": {lane: _iso(last.get(lane)) for lane in LANES},
        "lag": lag,
        "waiting": {
            name: _iso(_oldest_after(positions.get(name, 0))) for name, behind in lag.items() if behind
        },
        "overdue": _iso(_overdue(failing=True)),
        "untried": _iso(_overdue(failing=False)),
        "failures": db.session.scalar(select(func.count(Failure.id))) or 0,
        "broken": {
            f"{failure.what}: {failure.act}": _iso(failure.first_at)
            for failure in db.session.scalars(_whole_parts())
        },
        "nights": {name: _iso(at) for name, at in nightly.marks(db.session).items()},
    }
    db.session.rollback()
    return found


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _oldest_after(position: int) -> datetime | None:
    found: datetime | None = db.session.scalar(
        select(Event.at).where(Event.id > position).order_by(Event.id).limit(1)
    )
    return found


def _whole_parts() -> Any:
    """The failures that are about no case and no event: a part of the jobs that fails as a whole."""
    return select(Failure).where(Failure.case_identifier == "", Failure.event_id == 0).order_by(Failure.id)


def _overdue(*, failing: bool) -> datetime | None:
    """One look into the index of each state whose limit ends in an act.

    With or without what is kept as a failure.
    """
    now = clock.now()
    looks: list[Any] = []
    for kind, case_class in CASES.items():
        known = select(Failure.case_identifier).where(
            Failure.case_type == kind, Failure.what.in_((NAME, "keys fetched"))
        )
        for state in sorted({state for state, _act in case_class.workflow.timed_acts()}):
            first = select(case_class.due_at).where(case_class.state == state, case_class.due_at <= now)
            first = first if failing else first.where(case_class.identifier.not_in(known))
            looks.append(first.order_by(case_class.due_at).limit(1).scalar_subquery())
    found = [instant for instant in db.session.execute(select(*looks)).one() if instant is not None]
    return min(found, default=None)
