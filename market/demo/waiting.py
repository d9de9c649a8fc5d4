"""What waits for the people of the demonstration when its play ends: whoever signs in has something to do.

The dice alone may leave a role with nothing. Each of these stories is told how far it goes, and goes as far
in the last days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from market.demo.choosing import Course, tender_story
from market.demo.contracting import accept, begun, disappointing, hand_in, sign
from market.demo.rating import SINCE
from market.demo.stage import Stage, Story
from market.demonstration.people import Figure
from models import workdays
from models.sourcing.modes import MODES
from models.sourcing.modes.direct import Direct
from models.sourcing.modes.inquiry import Inquiry
from models.sourcing.modes.merit import Merit
from models.sourcing.modes.sealed_bid import SealedBid

# Who asks which agency for what, by their places: of the first, what was delivered waits for the four
# departments that have an account, of the second the contract for the agency to sign it.
REVIEWED = ((0, 0, "EIA-01"), (2, 1, "WAT-01"), (3, 3, "LND-02"), (5, 5, "CON-03"))
UNSIGNED = ((2, 0, "EIA-01"), (3, 1, "WAT-02"))
# Whose tender waits, for which item, in which way, and for what, since so many working days.
CHOOSING = (
    (1, "DRC-02", Merit.name, "scoring", 1),
    (0, "WAT-02", Inquiry.name, "evaluated", 2),
    (1, "WAT-03", SealedBid.name, "evaluated", 2),
)
# Who is dissatisfied with whose work, and how far what follows has come: each state of a follow-up, an appeal
# that is open, and one decided either way.
DISAPPOINTED = (
    (0, 12, "EIA-01", "due"),
    (2, 13, "WAT-01", "contacted"),
    (3, 39, "LND-02", "answered"),
    (5, 17, "CON-03", "mended"),
    (2, 24, "EIA-01", "denied"),
    (3, 25, "WAT-02", "filed"),
    (3, 27, "LND-02", "reject"),
    (0, 36, "EIA-01", "uphold"),
)
ORDERED = 50  # working days before the rating
BEGUN, AGREED, PUBLISHED, OPEN = 29, 10, 8, 5  # working days: before the end, and for answers


def waiting_stories(stage: Stage, buyers: list[Figure], until: datetime) -> Iterator[tuple[datetime, Story]]:
    """Every such story, with the instant at which it begins."""

    def asks(at: int, whom: int, item: str, course: Course) -> Story:
        return _begin(stage.dealt(f"waits {at} {whom} {item}"), buyers[at], item, course)

    def delivered(stage: Stage, contract: str, buyer: Figure, agency: Figure) -> Story:
        owner, worker = stage.actors[buyer.email], stage.actors[agency.email]
        yield from begun(stage, contract, owner, worker)
        yield workdays.back(until, 3)
        deliverable = hand_in(contract, 1, worker)
        yield stage.later(1)
        accept(contract, deliverable, owner)

    for course, days, which in ((delivered, BEGUN, REVIEWED), (_half_signed, AGREED, UNSIGNED)):
        start = workdays.back(until, days)
        for at, whom, item in which:
            told = Course(MODES[Direct.name], stage.agencies[whom], workdays.add(start, OPEN), then=course)
            yield start, asks(at, whom, item, told)
    for at, whom, item, end in DISAPPOINTED:
        start = workdays.back(until, ORDERED + SINCE[end])
        course = partial(disappointing, until=until, end=end)
        told = Course(MODES[Direct.name], stage.agencies[whom], workdays.add(start, OPEN), then=course)
        yield start, asks(at, whom, item, told)
    for at, item, mode, state, days in CHOOSING:
        deadline = workdays.add(workdays.back(until, days + 1), 1)
        start = workdays.back(until, PUBLISHED + days)
        yield start, asks(at, 0, item, Course(MODES[mode], deadline=deadline, halt=state))


def _begin(stage: Stage, buyer: Figure, item: str, course: Course) -> Story:
    yield stage.later(0)
    yield from tender_story(stage, buyer, item, course)


def _half_signed(stage: Stage, contract: str, buyer: Figure, agency: Figure) -> Story:
    """The buyer has signed, and the agency is to."""
    yield from sign(stage, contract, stage.actors[buyer.email], 0)
