"""Failures: what the jobs tried and could not do, kept until it is done.

So one bad case or event stops no other.

Each is tried again by itself, at once and then at ever longer intervals, or every half a minute where nobody
but somebody else is to blame, who is away; an operator sees them all, and may have one tried sooner.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, UniqueConstraint, and_, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base, Code, Json
from models.errors import Problem, Unavailable, serialize_problem
from models.i18n import N_
from models.upsert import upsert

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
AWAY = timedelta(seconds=30)  # between two tries at what waits for somebody who does not answer: back is back


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is tried.

    `what` says which part of the jobs (`deadlines`, a consumer, a piece of the night), `act` what it does,
    and with which case or event.
    """

    what: str
    act: str = ""
    case_type: str = ""
    case_identifier: str = ""
    event_id: int = 0


class Failure(Base):
    """An attempt that failed: why the last time, how often, and when it is tried again."""

    __tablename__ = "failures"
    __table_args__ = (UniqueConstraint("what", "act", "case_type", "case_identifier", "event_id"),)

    what: Mapped[Code]
    act: Mapped[Code]
    case_type: Mapped[Code]
    case_identifier: Mapped[Code]
    event_id: Mapped[int] = mapped_column(BigInteger)
    error: Mapped[Json]
    attempts: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    next_at: Mapped[datetime] = mapped_column(index=True)

    @property
    def attempt(self) -> Attempt:
        return Attempt(self.what, self.act, self.case_type, self.case_identifier, self.event_id)

    @classmethod
    def ready(cls, now: Any) -> ColumnElement[bool]:
        """Those it is time to try again.

        One that failed later than now did so by a clock that has been put right since, and so was its next
        try.
        """
        return or_(cls.next_at <= now, cls.last_at > now)


def _is(attempt: Attempt) -> ColumnElement[bool]:
    return and_(
        Failure.what == attempt.what,
        Failure.act == attempt.act,
        Failure.case_type == attempt.case_type,
        Failure.case_identifier == attempt.case_identifier,
        Failure.event_id == attempt.event_id,
    )


def explained(error: Exception) -> Json:
    """Why it failed, as it is kept: a problem in its own words.

    Of anything else its kind and its place only, since what it says may hold what it was given: a sealed
    price, an account.
    """
    if isinstance(error, Problem):
        return serialize_problem(error)
    ours = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if any(f"/{part}/" in f.filename for part in ("market", "models", "search"))
    ]
    place = "/".join(ours[-1].filename.split("/")[-3:]) + f":{ours[-1].lineno}" if ours else "—"
    return serialize_problem(
        Problem(N_("系统出错:%(kind)s,在 %(place)s;详情见日志。"), kind=type(error).__name__, place=place)
    )


def note(session: Session, attempt: Attempt, error: Exception) -> Failure:
    """Keep that an attempt failed once more.

    The second try follows at once, the others after a minute, two, four, up to an hour; after the same short
    while each where somebody else did not answer.
    """
    now = clock.now()
    row = {name: getattr(attempt, name) for name in Attempt.__slots__} | {
        "error": {},
        "attempts": 0,
        "first_at": now,
        "last_at": now,
        "next_at": now,
    }
    upsert(session, Failure, [*Attempt.__slots__], row)
    failure = session.scalars(select(Failure).where(_is(attempt)).with_for_update()).one()
    failure.error, failure.attempts = explained(error), failure.attempts + 1
    failure.last_at, failure.next_at = now, now + _wait(error, failure.attempts)
    session.flush()
    return failure


def _wait(error: Exception, attempts: int) -> timedelta:
    """How long until the next try, after so many that failed."""
    if isinstance(error, Unavailable):
        return AWAY
    return min(SHORTEST * 2 ** min(attempts - 2, 10), LONGEST) if attempts > 1 else timedelta()


def clear(session: Session, attempt: Attempt) -> None:
    """It is done after all, or there is nothing more to do."""
    session.execute(delete(Failure).where(_is(attempt)))


def of(session: Session, what: str) -> dict[Attempt, bool]:
    """What failed of one part of the jobs, and whether it is time to try it again."""
    found = select(Failure, Failure.ready(clock.now())).where(Failure.what == what).order_by(Failure.id)
    return {failure.attempt: bool(ready) for failure, ready in session.execute(found)}
