"""Loading the demonstration: a year of a market, from one seed, ending now."""

from __future__ import annotations

import heapq
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from market.demo import people
from market.demo.banking import bank_story
from market.demo.choosing import request_story
from market.demo.opening import agency_story, authorities, enterprise_story, experts, register_story
from market.demo.stage import SEED, Stage, Story
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.payments.jobs import close_books
from models import clock, draws, workdays
from models.accounts import Organisation
from models.clock import BEIJING
from models.text import Problem

DAYS = 365
log = logging.getLogger(__name__)


def is_empty() -> bool:
    """Whether nobody has entered this market yet."""
    return db.session.scalar(select(Organisation.id).limit(1)) is None


def load(
    until: datetime, requests: int = 320, days: int = DAYS, progress: Callable[[float], None] = lambda share: None
) -> int:
    """Play the `days` that end at `until`. Returns how many steps were played.

    Everything goes through the actions, so every row has its events; the dice come from one seed, so
    the same end gives the same market. `progress` is told the share of the time that has passed.
    """
    random, start = Random(SEED), until - timedelta(days=days)
    source = _Source(start)
    clock.use(source)
    try:
        draws.token_bytes = _dice(Random(f"{SEED} draws"))  # type: ignore[assignment]  # the same seed, here only
        stage = Stage(random, people.agencies(random))
        authorities(stage)
        experts(stage)
        buyers = people.enterprises(random)
        queue: list[tuple[datetime, int, Story]] = []

        def enqueue(at: datetime, story: Story) -> None:
            heapq.heappush(queue, (at, len(queue), story))

        for number, agency in enumerate(stage.agencies):
            newcomer = number >= people.AGENCIES - 3
            enqueue(until - timedelta(days=4) if newcomer else start, agency_story(stage.dealt(agency.email), agency, number, until))
        enqueue(start, bank_story(stage.dealt("bank")))
        enqueue(start, register_story(stage.dealt("register"), until))
        for number, buyer in enumerate(buyers):
            enqueue(start, enterprise_story(stage.dealt(buyer.email), buyer, number, until))
        opened = start + timedelta(days=min(6, days // 8))
        enqueue(until - timedelta(days=28), _drawn(stage.dealt("draw"), buyers[1]))
        for number in range(requests):
            at = opened + (until - opened) * (random.random() ** 0.7)  # more of them lately: the market grows
            enqueue(at, _begin(stage.dealt(f"request {number}"), buyers[number % len(buyers)]))
        return _play(queue, source, start, until, progress)
    finally:
        draws.token_bytes = secrets.token_bytes
        clock.use_system()


def _dice(random: Random) -> Callable[[int | None], bytes]:
    return lambda count: random.randbytes(count or 32)


class _Source:
    """The clock of the demonstration."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def __call__(self) -> datetime:
        return self.instant


def _play(queue: list[Any], source: _Source, start: datetime, until: datetime, progress: Callable[[float], None]) -> int:
    steps, day = 0, source.instant.astimezone(BEIJING).date()
    while queue and queue[0][0] <= until:
        at, number, story = heapq.heappop(queue)
        while day < at.astimezone(BEIJING).date():  # what fell due meanwhile, at the end of each day
            evening = datetime.combine(day, workdays.CLOSE_OF_BUSINESS, BEIJING) + timedelta(minutes=1)
            source.instant = max(source.instant, evening)
            run_deadlines()
            if day.weekday() == 0:
                drain()  # grades follow the ratings, and scores the grades
            day += timedelta(days=1)
        source.instant = max(source.instant, at)
        if steps % 40 == 0:
            progress((at - start) / (until - start))
        try:
            heapq.heappush(queue, (max(next(story), source.instant), number, story))
        except StopIteration:
            log.debug("story %s is told", number)
        except Problem as problem:  # a deadline came first, as it does in life: the story ends there
            log.info("story %s ends: %s", number, problem)
        steps += 1
    source.instant = until
    run_deadlines()
    close_books()
    drain()
    return steps


def _drawn(stage: Stage, buyer: people.Figure) -> Story:
    """A request whose bids are even, so that the demonstration holds a draw to re-run."""
    yield stage.later(1)
    yield from request_story(stage, buyer, "WAT-01", even=True)


def _begin(stage: Stage, buyer: people.Figure) -> Story:
    """A request for one of the items that enough agencies offer."""
    yield stage.later(1)  # in office hours
    trade = stage.random.choice(list(people.TRADES.values())[:11])
    yield from request_story(stage, buyer, stage.random.choice(trade))
