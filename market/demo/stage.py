"""The stage of the demonstration: who is who, the dice, and when people work.

A story is a generator. It acts through the same actions people use, and yields the instant at which it goes on;
`loading` keeps the instants in order and sets the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from random import Random

from sqlalchemy import select

from market.demo.people import Figure
from market.extensions import db
from models import clock, workdays
from models.accounts import User, actor_for
from models.actors import Actor
from models.clock import BEIJING

Story = Iterator[datetime]
SEED = 630000
OVERNIGHT = timedelta(hours=16)  # what falls due at five in the afternoon is done by the next morning


@dataclass
class Stage:
    """What the stories share: who is who, and the dice."""

    random: Random
    agencies: list[Figure]
    actors: dict[str, Actor] = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=dict)

    def dealt(self, story: str) -> Stage:
        """The same stage with dice of a story's own, so that no story's luck changes another's."""
        return replace(self, random=Random(f"{SEED} {story}"))

    def enter(self, email: str) -> Actor:
        """Remember somebody who has just signed up."""
        db.session.rollback()
        self.actors[email] = actor_for(db.session.scalars(select(User).where(User.email == email)).one())
        return self.actors[email]

    def later(self, days: int) -> datetime:
        """Some time in office hours, `days` working days from now."""
        day = workdays.add(clock.now(), days) if days else clock.now()
        minute = self.random.randrange(9 * 60, 16 * 60 + 40)
        instant = datetime.combine(day.astimezone(BEIJING).date(), time(minute // 60, minute % 60), BEIJING)
        soon = clock.now() + timedelta(minutes=self.random.randrange(2, 40))
        if instant > soon:
            return instant
        office = soon.astimezone(BEIJING).time()
        return soon if time(9) <= office < time(17) and workdays.is_workday(soon.astimezone(BEIJING).date()) else self.later(1)
