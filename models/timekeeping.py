"""Whether a machine's clock may be gone by.

What moves by itself on time (deadlines, the night's work) goes by it only as long as it agrees with the
seconds since the machine was started, which nobody sets; over a restart, with the newest instant on record;
and with the database's own clock, where that is another one. A clock that was set for one tick would open
sealed bids for ever.

Rules only: what was read comes in, a doubt comes out. Who asks, keeps and confirms: market/timekeeping.py,
market/keeper.py.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import Float, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Code, Json
from models.clock import Reading
from models.events import Event
from models.heartbeats import Heartbeat
from models.i18n import N_

BOUND = timedelta(minutes=1)  # a clock may be set by so much in all and still be the same clock
ANEW = timedelta(days=1)  # from when on it counts: what a year of drift allows would be hours
# and go wrong by so much of the time that passed: kernels take no clock for one that drifts by more than 500
# ppm
DRIFT = 200e-6
OUTAGE = timedelta(hours=2)  # a restart may take so long without anybody being asked
EVERY = timedelta(seconds=10)  # between two instants that are kept
GONE = timedelta(days=30)  # a machine not seen for so long is none of ours any more

JUMP, BACK, GAP, DATABASE = "jump", "back", "gap", "database"
WHY = {
    JUMP: N_("机器的时钟比开机以来的计时快了。"),
    BACK: N_("机器的时钟倒退了。"),
    GAP: N_("机器重新启动,离上次留下记录的时间太久,分不清是停机还是时钟被拨快了。"),
    DATABASE: N_("机器的时钟与数据库的时钟不一致。"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a machine's clock.

    That at `anchor` (None while nobody knows) it had been running for `up` seconds since the start called
    `boot`; the newest instant on record `before` that start, None for a market without any; by how many
    seconds the database may be `apart`.
    """

    boot: str
    up: float
    anchor: datetime | None
    before: datetime | None
    apart: float = 0.0

    @classmethod
    def at(cls, reading: Reading, apart: float = 0.0) -> Self:
        """The clock as it is right now, taken for right."""
        return cls(reading.boot, reading.up, reading.wall, None, apart)

    def renewed(self, reading: Reading) -> Self:
        """The same, once it was gone by.

        From now on it counts from here, if it never did or began to long ago.
        """
        return (
            self
            if self.anchor and abs(reading.up - self.up) < ANEW.total_seconds()
            else type(self).at(reading, self.apart)
        )

    @classmethod
    def first(cls, reading: Reading, before: datetime | None) -> Self:
        """A start nobody has looked at yet."""
        return cls(reading.boot, reading.up, None, before)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a clock that says `wall`, `up` seconds after its machine's start, is not gone by.

    What it should say is about `expected`.
    """

    why: str
    wall: datetime
    up: float
    expected: datetime
    apart: float = 0.0

    @property
    def after_restart(self) -> bool:
        return self.why == GAP

    def same(self, other: Doubt | None) -> bool:
        """Whether it is about the same clock, which has only gone on since."""
        if other is None or self.why != other.why:
            return False
        passed = timedelta(seconds=self.up - other.up)
        return (
            abs(self.wall - other.wall - passed) <= BOUND
            and abs(self.apart - other.apart) <= BOUND.total_seconds()
        )

    def kept(self) -> Json:
        return asdict(self) | {"wall": self.wall.isoformat(), "expected": self.expected.isoformat()}

    @classmethod
    def read(cls, kept: Json) -> Self:
        return cls(
            **{
                **kept,
                "wall": datetime.fromisoformat(kept["wall"]),
                "expected": datetime.fromisoformat(kept["expected"]),
            }
        )


def doubt(
    known: Known, reading: Reading, outage: timedelta | None = OUTAGE, database: datetime | None = None
) -> Doubt | None:
    """Why this reading is not to be gone by, or None.

    `known` is of the same start of the machine. `outage` is how long a restart may have taken, None for as
    long as it likes; `database` what another clock says at the same moment.
    """
    apart = (database - reading.wall).total_seconds() if database is not None else known.apart
    if (
        found := _against_the_start(known, reading)
        if known.anchor
        else _against_the_record(known.before, reading, outage)
    ):
        why, expected = found
        return Doubt(why, reading.wall, reading.up, expected, apart)
    if abs(apart - known.apart) > BOUND.total_seconds():
        return Doubt(
            DATABASE, reading.wall, reading.up, reading.wall + timedelta(seconds=apart - known.apart), apart
        )
    return None


def _against_the_start(known: Known, reading: Reading) -> tuple[str, datetime] | None:
    assert known.anchor is not None
    passed = reading.up - known.up
    expected = known.anchor + timedelta(seconds=passed)
    if abs(reading.wall - expected) <= BOUND + timedelta(seconds=abs(passed) * DRIFT):
        return None
    return (JUMP if reading.wall > expected else BACK), expected


def _against_the_record(
    before: datetime | None, reading: Reading, outage: timedelta | None
) -> tuple[str, datetime] | None:
    if before is None or outage is None:
        return None
    if reading.wall < before - BOUND:
        return BACK, before
    return (GAP, before) if reading.wall - before > outage else None


class ClockMark(Base):
    """What is known of a machine's clock, kept for all its processes and over restarts (`Known`).

    `seen_at` is the newest instant it was gone by, None while it never was; `doubt` why it is not gone by
    now.
    """

    __tablename__ = "clock_marks"

    machine: Mapped[Code] = mapped_column(unique=True)
    boot: Mapped[str] = mapped_column(String(60))
    up: Mapped[float] = mapped_column(Float)
    anchor_at: Mapped[datetime | None]
    before_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    apart: Mapped[float] = mapped_column(Float, default=0.0)
    doubt: Mapped[Json | None]

    @property
    def known(self) -> Known:
        return Known(self.boot, self.up, self.anchor_at, self.before_at, self.apart)

    @property
    def doubted(self) -> Doubt | None:
        return Doubt.read(self.doubt) if self.doubt else None


def mark_of(session: Session, machine: str, lock: bool = False) -> ClockMark | None:
    """What is known of this machine, if it was ever looked at."""
    query = select(ClockMark).where(ClockMark.machine == machine)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def first_known(session: Session, reading: Reading) -> Known:
    """What there is to hold a clock against that was never looked at since this start.

    The same start under another name, as of a container that was made anew; else the newest instant on
    record.
    """
    same = (
        select(ClockMark)
        .where(ClockMark.boot == reading.boot, ClockMark.anchor_at.is_not(None))
        .order_by(ClockMark.seen_at.desc())
        .limit(1)
    )
    found = session.scalars(same).first()
    return found.known if found is not None else Known.first(reading, newest(session))


def doubts(session: Session) -> list[ClockMark]:
    """The machines whose clock is not gone by, by name."""
    return [mark for mark in session.scalars(select(ClockMark).order_by(ClockMark.machine)) if mark.doubt]


def newest(session: Session) -> datetime | None:
    """The newest instant on record: of any machine's clock that was gone by.

    In a market from before these were kept, of any pass of the jobs or event. None in one where nothing ever
    happened.
    """
    seen: datetime | None = session.scalar(select(func.max(ClockMark.seen_at)))
    if seen is not None:
        return seen
    last: list[datetime | None] = [
        session.scalar(select(func.max(Heartbeat.at))),
        session.scalar(select(Event.at).order_by(Event.id.desc()).limit(1)),
    ]
    return max((instant for instant in last if instant is not None), default=None)


def keep(session: Session, reading: Reading, known: Known, found: Doubt | None) -> ClockMark:
    """Keep what is known of a machine's clock now, and whether it is gone by.

    Whatever others had on record of a time that is still to come was of a clock that was ahead.
    """
    mark = mark_of(session, reading.machine, lock=True)
    if mark is None:
        mark = ClockMark(machine=reading.machine, seen_at=None)
        session.add(mark)
    mark.boot, mark.up, mark.anchor_at, mark.before_at, mark.apart = (
        known.boot,
        known.up,
        known.anchor,
        known.before,
        known.apart,
    )
    mark.doubt = found.kept() if found else None
    if found is None:
        mark.seen_at = reading.wall
        stale = (ClockMark.seen_at > reading.wall + BOUND) | (ClockMark.seen_at < reading.wall - GONE)
        session.execute(delete(ClockMark).where(ClockMark.machine != reading.machine, stale))
    session.flush()
    return mark
