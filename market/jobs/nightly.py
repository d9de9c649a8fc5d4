"""What every night brings, a part at a time.

Each part remembers when it was last done, so that one that was interrupted, or whose night was missed, is
made up for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

from sqlalchemy.orm import Session

from market.accounts.jobs import tidy
from market.agencies.actions.registry import compare_daily
from market.agencies.jobs import warn_of_expiry
from market.chunks import each
from market.credit.actions.fetching import fetch_every
from market.credit.actions.scores import refresh_every_score
from market.extensions import db
from market.indexing import refresh_index
from market.notices.telling import send_digests
from market.payments.jobs import close_books, reconcile
from market.purging import (
    clear_letters,
    clear_notifications,
    clear_submissions,
    clear_tallies,
    clear_uploads,
    clear_waiting,
    sweep_files,
)
from market.transaction import transaction
from models import clock, heartbeats
from models.clock import BEIJING
from models.failures import Attempt

log = logging.getLogger(__name__)
AT = time(2, 5)  # in Beijing


@dataclass(frozen=True)
class Part:
    """A part of the night's work, in the lane that does it."""

    lane: str
    do: Callable[[], object]


# In this order: the index follows the scores, and no part waits for one that fails.
PARTS = {
    "books": Part("long", close_books),
    "scores": Part("long", refresh_every_score),
    "expiry": Part("long", warn_of_expiry),
    "index": Part("long", refresh_index),
    "uploads": Part("long", clear_uploads),
    "files": Part("long", sweep_files),
    "submissions": Part("long", clear_submissions),
    "tallies": Part("long", clear_tallies),
    "waiting statements": Part("long", clear_waiting),
    "digests": Part("outside", send_digests),
    "notices": Part("long", clear_notifications),
    "letters of authorisation": Part("long", clear_letters),
    "accounts": Part("outside", tidy),
    "register": Part("outside", compare_daily),
    "reconcile": Part("outside", reconcile),
    "external lists": Part("outside", fetch_every),
}


def work(lane: str) -> int:
    """Do what is to be done since last night in a lane. Returns how many parts were done."""
    db.session.rollback()
    last = marks(db.session)
    db.session.rollback()
    mine = [name for name, part in PARTS.items() if part.lane == lane]
    for name in mine:
        if name not in last:  # a market that has just begun has no night to make up for
            _done(name)
    waiting = [name for name in mine if name in last and is_missing(last[name])]
    return each(f"nightly {lane}", {Attempt(f"nightly {lane}", name): partial(_do, name) for name in waiting})


def marks(session: Session) -> dict[str, datetime]:
    """When each part was last done, of those that ever were."""
    last = heartbeats.last(session)
    return {name: last[_mark(name)] for name in PARTS if _mark(name) in last}


def is_missing(mark: datetime) -> bool:
    """Whether a part that was last done then is still to be done for the night that is over.

    One that was done later than now was done by a clock that has been put right since: nobody knows for which
    night.
    """
    return not last_night() <= mark <= clock.now()


def _do(name: str) -> None:
    PARTS[name].do()
    _done(name)


def _mark(name: str) -> str:
    return f"nightly {name}"


def _done(name: str) -> None:
    with transaction() as session:
        heartbeats.beat(session, _mark(name))


def last_night() -> datetime:
    """When the night's work was last to begin."""
    now = clock.now().astimezone(BEIJING)
    tonight = datetime.combine(now.date(), AT, BEIJING)
    return tonight if tonight <= now else tonight - timedelta(days=1)
