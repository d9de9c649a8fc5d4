"""Loading the demonstration: a year of a market, from one seed, ending now."""

from __future__ import annotations

import heapq
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from types import SimpleNamespace

from flask import current_app
from sqlalchemy import select

from market import extensions, garbage
from market.demo.authority import letters_story
from market.demo.banking import bank_story
from market.demo.choosing import Course, tender_story
from market.demo.histories import known_stories
from market.demo.listing import listing_stories
from market.demo.opening import (
    agency_story,
    authorities,
    enterprise_story,
    experts,
    register_story,
)
from market.demo.recording import record_stories
from market.demo.restricting import restricted_stories
from market.demo.stage import SEED, Stage, Story, fall_due
from market.demo.waiting import waiting_stories
from market.demo.wiping import wipe
from market.demonstration import people, progress
from market.extensions import db
from market.jobs import drain
from market.payments.jobs import close_books
from market.transaction import transaction
from models import clock, draws, notifications, password_hashing, sealing, workdays
from models.accounts import Organisation
from models.clock import BEIJING
from models.errors import Problem
from models.sourcing.modes import MODES
from models.sourcing.modes.sealed_bid import SealedBid

DAYS, TENDERS = 365, 118  # and those of which something waits
UNREAD = timedelta(days=2)  # what was told before is read: a year of notices is nobody's news
GROWTH = 1.5
Turn = tuple[datetime, int, Story]  # when, which, what
__all__ = ["DAYS", "TENDERS", "is_empty", "load", "unfinished", "wipe"]
log = logging.getLogger(__name__)


def is_empty() -> bool:
    """Whether nobody has entered this market yet."""
    return db.session.scalar(select(Organisation.id).limit(1)) is None


def unfinished() -> bool:
    """Whether a demonstration was begun here and is not whole.

    Once whoever loaded it is gone, `wipe` and `load` again.
    """
    return progress.under_way()


def load(
    until: datetime,
    tenders: int = TENDERS,
    days: int = DAYS,
    report: Callable[[float], None] = lambda share: None,
) -> int:
    """Play the `days` that end at `until`. Returns how many steps were played.

    Everything goes through the actions, so every row has its events; the dice come from one seed, so the same
    end gives the same market. `report` is told at every percent how much of the work is done. The market
    may be served meanwhile: what people do in it happens at the real time, and what a story finds changed by
    them ends that story alone.
    """
    progress.begin()
    source = _Source(until - timedelta(days=days))
    with garbage.by_hand(), _behind_the_scenes(source):
        queue = _stories(source.instant, until, tenders)
        steps = _play(queue, source, until, _Teller(source.instant, until, report))
    with transaction() as session:
        notifications.read_before(session, until - UNREAD)
    progress.finish()
    current_app.extensions["jobs"].announce()
    report(1.0)
    return steps


def _stories(start: datetime, until: datetime, tenders: int) -> list[Turn]:
    """Every story with the instant at which it begins.

    Those who are there before all others come in at once.
    """
    random = Random(SEED)
    stage = Stage(random, people.agencies(random))
    authorities(stage)
    experts(stage)
    buyers = people.enterprises(random)
    queue: list[Turn] = []

    def enqueue(at: datetime, story: Story) -> None:
        heapq.heappush(queue, (at, len(queue), story))

    for number, agency in enumerate(stage.agencies):
        newcomer = number >= people.AGENCIES - 3
        enqueue(
            until - timedelta(days=4) if newcomer else start,
            agency_story(stage.dealt(agency.email), agency, number, until),
        )
    enqueue(start, bank_story(stage.dealt("bank"), until))
    enqueue(start, register_story(stage.dealt("register"), until))
    enqueue(start, letters_story(stage, until))
    for at, story in [*record_stories(stage, until), *restricted_stories(stage, buyers, until)]:
        enqueue(max(at, start), story)
    for at, story in listing_stories(stage, until):
        enqueue(max(at, start), story)
    for number, buyer in enumerate(buyers):
        enqueue(start, enterprise_story(stage.dealt(buyer.email), buyer, number, until))
    apart = [buyer for number, buyer in enumerate(buyers) if number not in people.ONE_HEAD]
    opened = start + timedelta(days=min(6, (until - start).days // 8))
    for at, story in [*known_stories(stage, buyers, until), *waiting_stories(stage, buyers, until)]:
        enqueue(max(at, start), story)
    enqueue(until - timedelta(days=28), _drawn(stage.dealt("draw"), buyers[1]))
    for number in range(tenders):
        at = opened + (until - opened) * (random.random() ** 0.7)  # more of them lately: the market grows
        enqueue(at, _begin(stage.dealt(f"request {number}"), apart[number % len(apart)]))
    return queue


class _Source:
    """The clock of the demonstration."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def __call__(self) -> datetime:
        return self.instant


class _Teller:
    """Says how far the play is, once for each percent.

    The work grows with the market, so half the year is a third of it.
    """

    def __init__(self, start: datetime, until: datetime, report: Callable[[float], None]) -> None:
        self._start, self._until, self._report, self._told = start, until, report, -1

    def tell(self, at: datetime) -> None:
        done = ((at - self._start) / (self._until - self._start)) ** GROWTH
        if int(done * progress.WHOLE) > self._told:
            self._told = int(done * progress.WHOLE)
            progress.tell(self._told)
            self._report(done)


@contextmanager
def _behind_the_scenes(source: _Source) -> Iterator[None]:
    """What holds for this process while the demonstration is played.

    It has the clock of the play, draws from the play's dice, wakes no worker (every act would), and lets
    SQLite write without waiting for the disk: a power cut would leave a market that is begun anew anyway.
    """
    jobs, hasher = current_app.extensions["jobs"], password_hashing.hasher
    queued, durable, dice = jobs.queued, extensions.SYNCHRONOUS, Random(f"{SEED} draws")
    try:
        clock.use(source)
        draws.token_bytes = lambda count=None: dice.randbytes(count or 32)  # type: ignore[assignment]
        sealing.token_hex = lambda count=None: dice.randbytes(count or 32).hex()  # type: ignore[assignment]  # bids bring their nonces to the draws
        password_hashing.hasher = SimpleNamespace(hash=cache(hasher.hash))  # type: ignore[assignment]  # one password, known to all
        jobs.queued, extensions.SYNCHRONOUS = False, "OFF" if durable == "OFF" else "NORMAL"
        _reconnect()
        yield
    finally:
        jobs.queued, extensions.SYNCHRONOUS = queued, durable
        draws.token_bytes, sealing.token_hex, password_hashing.hasher = (
            secrets.token_bytes,
            secrets.token_hex,
            hasher,
        )
        clock.use_system()
        _reconnect()


def _reconnect() -> None:
    """The next connections are prepared as is asked for now."""
    db.session.close()
    db.engine.dispose()


def _play(queue: list[Turn], source: _Source, until: datetime, teller: _Teller) -> int:
    steps, day = 0, source.instant.astimezone(BEIJING).date()
    while queue and queue[0][0] <= until:
        at, number, story = heapq.heappop(queue)
        while day < at.astimezone(BEIJING).date():  # what fell due meanwhile, at the end of each day
            source.instant = max(
                source.instant,
                datetime.combine(day, workdays.CLOSE_OF_BUSINESS, BEIJING) + timedelta(minutes=1),
            )
            _end_of(day)
            day += timedelta(days=1)
        source.instant = max(source.instant, at)
        teller.tell(source.instant)
        following = _step(story, number)
        if following is not None:
            heapq.heappush(queue, (max(following, source.instant), number, story))
        steps += 1
    source.instant = until
    fall_due()
    close_books()
    drain("events", without="search")  # papers are printed and the index is made after it
    return steps


def _step(story: Story, number: int) -> datetime | None:
    """Let a story act once. Returns when it goes on, None for never."""
    db.session.expunge_all()  # nobody's step goes by what an earlier one read
    try:
        return next(story)
    except StopIteration:
        return None
    except Problem as problem:  # a deadline came first, as it does in life: the story ends there
        log.info("story %s ends: %s", number, problem)
    except Exception:  # a visitor was there before; the others go on
        log.exception("story %s broke off", number)
    return None


def _end_of(day: date) -> None:
    fall_due()
    if day.weekday() == 0:
        # Grades follow the ratings, and scores the grades. The index, which costs most of it, once a month:
        # visitors search meanwhile.
        drain("events", without="" if day.day <= 7 else "search")
        garbage.between()


def _drawn(stage: Stage, buyer: people.Figure) -> Story:
    """A tender whose bids are even, so that the demonstration holds a draw to re-run."""
    yield stage.later(1)
    yield from tender_story(stage, buyer, "WAT-01", Course(MODES[SealedBid.name], even=True))


def _begin(stage: Stage, buyer: people.Figure) -> Story:
    """A tender for one of the items that enough agencies offer."""
    yield stage.later(1)  # in office hours
    trades = [[code for code in trade if people.needs(buyer, code)] for trade in people.TRADES.values()]
    items = stage.random.choice([trade for trade in trades if trade])
    yield from tender_story(stage, buyer, stage.random.choice(items))
