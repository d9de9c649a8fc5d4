"""The stage of the demonstration: who is who, the dice, and when people work.

A story is a generator. It acts through the same actions people use, and yields the instant at which it goes
on; `loading` keeps the instants in order and sets the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from functools import cache
from math import floor
from random import Random
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, exists, or_, select

from market.demonstration.people import Figure
from market.extensions import db
from market.jobs import run_deadlines
from models import CASES, clock, workdays
from models.accounts import User
from models.acting import actor_for
from models.actors import Actor
from models.base import UTCDateTime
from models.catalogue import ServiceItem, current_items
from models.clock import BEIJING

Story = Iterator[datetime]
Text = TypeVar("Text")
SEED = 630000
OVERNIGHT = timedelta(hours=16)  # what falls due at five in the afternoon is done by the next morning


@cache
def _due() -> Select[tuple[bool]]:
    """Whether anything at all is due at `now`.

    One question, where going through every kind of case asks thirty.
    """
    limits = [(kind, state) for kind in CASES.values() for state, _act in kind.workflow.timed_acts()]
    at = bindparam("now", type_=UTCDateTime())
    return select(or_(*(exists().where(kind.state == state, kind.due_at <= at) for kind, state in limits)))


def fall_due() -> None:
    """Do what time limits ask for by now."""
    db.session.rollback()
    if db.session.scalar(_due(), {"now": clock.now()}):
        run_deadlines()


@dataclass
class Stage:
    """What the stories share: who is who, and the dice."""

    random: Random
    agencies: list[Figure]
    actors: dict[str, Actor] = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=dict)
    items: dict[str, ServiceItem] = field(default_factory=dict)
    said: dict[str, list[Any]] = field(default_factory=dict)
    tallies: dict[tuple[str, str], float] = field(default_factory=dict)
    tongue: Random = field(default_factory=lambda: Random(SEED))  # what is said changes nobody's luck

    def dealt(self, story: str) -> Stage:
        """The same stage with dice of a story's own, so that no story's luck changes another's."""
        return replace(self, random=Random(f"{SEED} {story}"), tongue=Random(f"{SEED} {story} says"))

    def enter(self, email: str) -> Actor:
        """Remember somebody who has just signed up, and whose password is known here."""
        db.session.rollback()
        user = db.session.scalars(select(User).where(User.email == email)).one()
        self.actors[email] = replace(actor_for(user), proved=True)
        return self.actors[email]

    def say(self, about: str, texts: Sequence[Text]) -> Text:
        """One of these texts, of those that were said longest ago about the same."""
        told: list[Text] = self.said.setdefault(about, [])
        fresh = [text for text in texts if text not in told[-max(1, len(texts) - 2) :]]
        told.append(self.tongue.choice(fresh or list(texts)))
        return told[-1]

    def falls(self, whom: Figure, about: str, share: float) -> bool:
        """Whether it happens to somebody this time, if it does in this share of all times, evenly."""
        before = self.tallies.get((whom.email, about), 0.5)
        after = self.tallies[whom.email, about] = round(before + share, 6)
        return floor(after) > floor(before)

    def item(self, code: str) -> ServiceItem:
        """A service item as it is today, read once: the demonstration changes none."""
        if not self.items:
            self.items.update({item.code: item for item in current_items(db.session)})
            db.session.expunge_all()
        return self.items[code]

    def later(self, days: int) -> datetime:
        """Some time in office hours, `days` working days from now."""
        day = workdays.add(clock.now(), days) if days else clock.now()
        minute = self.random.randrange(9 * 60, 16 * 60 + 40)
        instant = datetime.combine(day.astimezone(BEIJING).date(), time(minute // 60, minute % 60), BEIJING)
        soon = clock.now() + timedelta(minutes=self.random.randrange(2, 40))
        if instant > soon:
            return instant
        office = soon.astimezone(BEIJING).time()
        return (
            soon
            if time(9) <= office < time(17) and workdays.is_workday(soon.astimezone(BEIJING).date())
            else self.later(1)
        )
