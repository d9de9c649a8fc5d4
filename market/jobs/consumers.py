"""What follows events.

Every consumer has a cursor of its own and waits for no other; an event one of them fails on is set aside for
it alone, and tried again by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.agencies.jobs import index_agencies, issue_letters
from market.chunks import ChunkSize, chunk_size, failed, is_away, tried
from market.credit.actions.following import match_those_who_enter
from market.credit.actions.restricting import tell_of_restrictions
from market.credit.actions.scores import refresh_scores
from market.credit.jobs import issue_record_papers
from market.extensions import db
from market.notices.telling import tell
from market.owner_letters import tell_of_authority
from market.sourcing.jobs import alert, destroy_keys, issue_notices, watch
from market.transaction import transaction
from models import events, failures
from models.agencies.history import note_agency_events
from models.events import Event
from models.failures import Attempt
from models.oversight.following import look_for_signs
from models.oversight.measures import note_figures
from models.oversight.permit_times import note_permit_times

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Consumer:
    """One that follows the events.

    `inside` the transaction that moves its cursor it writes to the database; outside of any it asks others,
    prints, or writes files, and bears doing it again, also by two at once. `lane` is where it runs.
    """

    handle: Callable[..., None]
    inside: bool = True
    lane: str = "events"


CONSUMERS = {
    "notifications": Consumer(tell),
    "authority": Consumer(tell_of_authority),
    "external lists": Consumer(match_those_who_enter),
    "credit": Consumer(refresh_scores),
    "fitness": Consumer(watch),
    "restrictions": Consumer(tell_of_restrictions),
    "red flags": Consumer(look_for_signs),
    "agency history": Consumer(note_agency_events),
    "permit times": Consumer(note_permit_times),
    "figures": Consumer(note_figures),
    "search": Consumer(index_agencies, inside=False),
    "award notices": Consumer(issue_notices, inside=False, lane="outside"),
    "alerts": Consumer(alert, inside=False, lane="outside"),
    "record papers": Consumer(issue_record_papers, inside=False, lane="outside"),
    "letters": Consumer(issue_letters, inside=False, lane="outside"),
    "keys": Consumer(destroy_keys, inside=False, lane="keeper"),
}
WHOLE = "consumers"  # a consumer that fails as a whole, not on an event


class _Elsewhere(Exception):
    """The event that was to be set aside is not the next one any more."""


def drain(lane: str | None = None, without: str = "", once: bool = False) -> int:
    """Let every consumer, of this lane or of all, catch up, also with what another one's work brought about.

    One may be left behind for now. With `once` only as far as the events go now: a lane has other work, and
    where people never stop acting there is always another event. Returns how many events were handled.
    """
    names = [
        name for name, consumer in CONSUMERS.items() if lane in (None, consumer.lane) and name != without
    ]
    total = _each_minding(names, _try_again, " again")
    while handled := _each_minding(names, partial(_catch_up, newest=_newest())):
        total += handled
        if once:
            break
    return total


def _newest() -> int:
    newest = db.session.scalar(select(func.max(Event.id))) or 0
    db.session.rollback()
    return newest


def _each_minding(names: list[str], work: Callable[[str], int], which: str = "") -> int:
    """What one consumer fails of must not keep the others waiting.

    It is kept as a failure, and the consumer left out until its next try.
    """
    db.session.rollback()
    known = failures.of(db.session, WHOLE)
    db.session.rollback()
    tries = {name: Attempt(WHOLE, name + which) for name in names}
    return sum(
        _minding(attempt, partial(work, name), attempt in known)
        for name, attempt in tries.items()
        if known.get(attempt, True)
    )


def _minding(attempt: Attempt, work: Callable[[], int], failed_before: bool) -> int:
    try:
        return tried(attempt, work, failed_before) or 0
    except Exception:  # the database is away: nobody's failure
        log.exception("%s waits", attempt.act)
        db.session.rollback()
        return 0


def _try_again(name: str) -> int:
    """The events that were set aside, each by itself, when it is time."""
    db.session.rollback()
    known = failures.of(db.session, name)
    db.session.rollback()
    return sum(tried(attempt, partial(_once_more, attempt)) or 0 for attempt, now in known.items() if now)


def _once_more(attempt: Attempt) -> int:
    consumer = CONSUMERS[attempt.what]
    happened = events.after(db.session, attempt.event_id - 1, 1)
    db.session.rollback()
    if not consumer.inside:
        consumer.handle(happened)
        db.session.rollback()
    with transaction() as session:
        if consumer.inside:
            consumer.handle(session, happened)
        failures.clear(session, attempt)
    return len(happened)


def _catch_up(name: str, newest: int) -> int:
    handled = 0
    while _waits(name, newest):
        try:
            count = _piece(name, _pace(name).size)
        except Exception as error:
            if is_away(error):
                raise
            log.warning("%s fails on some of %s events: one by one", name, _pace(name).size)
            count = _one_by_one(name, _pace(name).size)
        if not count:  # somebody else handles them
            break
        handled += count
    return handled


def _pace(name: str) -> ChunkSize:
    return chunk_size(("consumer", name))


def _waits(name: str, newest: int) -> bool:
    """Whether there is anything to do up to this event, found out without any lock."""
    db.session.rollback()
    found = events.position(db.session, name) < newest
    db.session.rollback()
    return found


def _piece(name: str, most: int) -> int:
    consumer = CONSUMERS[name]
    if consumer.inside:
        with _pace(name).piece() as session:
            return events.consume(session, name, consumer.handle, most)
    db.session.rollback()
    at = events.position(db.session, name)
    happened = events.after(db.session, at, most)
    db.session.rollback()
    if happened:
        consumer.handle(happened)
        db.session.rollback()
        with _pace(name).piece() as session:
            events.move(session, name, at, happened[-1].id)
    return len(happened)


def _one_by_one(name: str, count: int) -> int:
    """The next events, each for itself; one that fails so is set aside, and the cursor moves past it."""
    for done in range(count):
        try:
            if not _piece(name, 1):
                return done
        except Exception as error:
            if is_away(error):
                raise
            _set_aside(name, error)
    return count


def _set_aside(name: str, error: Exception) -> None:
    db.session.rollback()
    (event,) = events.after(db.session, events.position(db.session, name), 1)
    db.session.rollback()
    try:
        with transaction() as session:
            events.consume(session, name, partial(_note, name, event.id, error), 1)
    except _Elsewhere:
        log.info("event %s was dealt with by another worker", event.id)


def _note(name: str, number: int, error: Exception, session: Session, happened: list[Event]) -> None:
    event = happened[0]
    if event.id != number:
        raise _Elsewhere
    failed(Attempt(name, event.kind, event.case_type, event.case_identifier, event.id), error, session)
