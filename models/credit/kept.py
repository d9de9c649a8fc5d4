"""The newest sheet of each agency, kept for lists and rankings; what its score was before stands in past.py.

One new record touches one agency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from models import clock
from models.accounts import Organisation
from models.base import Base
from models.credit import past
from models.credit.evidence import Sheet
from models.upsert import upsert


class CreditScore(Base):
    """An agency's newest sheet; `score` and `half_width` in tenths of a point.

    `first_pass`, `on_time` and `stars` are plain means; `mean` is that of the ratings by which they score.
    `holds_until` is when it becomes another by itself: something is overdue by a day more, or a record in it
    ends; None where nothing does.
    """

    __tablename__ = "credit_scores"

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), unique=True)
    score: Mapped[int] = mapped_column(index=True)
    half_width: Mapped[int]
    grade: Mapped[str | None] = mapped_column(String(1), index=True)
    settled: Mapped[int]
    first_pass: Mapped[float | None]
    on_time: Mapped[float | None]
    stars: Mapped[float | None]
    mean: Mapped[float | None]
    holds_until: Mapped[datetime | None] = mapped_column(index=True)
    policy_version: Mapped[str] = mapped_column(String(40), index=True)
    computed_at: Mapped[datetime]
    agency: Mapped[Organisation] = relationship(lazy="joined")


KEPT = (
    "score",
    "half_width",
    "grade",
    "settled",
    "first_pass",
    "on_time",
    "stars",
    "mean",
    "holds_until",
    "policy_version",
    "computed_at",
)
VERSION = KEPT.index("policy_version")


def in_time(sheet: Sheet) -> float | None:
    """The plain share of deliverables that came in time, however late the others are."""
    return _share(sheet, "on_time")


def passed_first(sheet: Sheet) -> float | None:
    """The plain share of reviewed deliverables that passed without a fault of the agency's."""
    return _share(sheet, "first_pass")


def _share(sheet: Sheet, name: str) -> float | None:
    line = sheet.line(name)
    return line.good / len(line.evidence) if line and line.evidence else None


def _as_kept(sheet: Sheet) -> tuple[object, ...]:
    """A sheet as the columns `KEPT`."""
    ratings = sheet.line("ratings")
    return (
        round(sheet.score * 10),
        round(sheet.half_width * 10),
        sheet.grade,
        sheet.settled,
        passed_first(sheet),
        in_time(sheet),
        ratings.plain if ratings else None,
        ratings.reckoned if ratings and ratings.evidence else None,
        sheet.holds_until,
        sheet.policy,
        sheet.at,
    )


def stored_score(session: Session, agencies: Sequence[int]) -> dict[int, tuple[object, ...]]:
    """What is kept of these agencies' sheets now, as the columns `KEPT`."""
    columns = [getattr(CreditScore, name) for name in KEPT]
    rows = session.execute(select(CreditScore.agency_id, *columns).where(CreditScore.agency_id.in_(agencies)))
    return {row[0]: tuple(row[1:]) for row in rows}


def store_score(
    session: Session,
    sheets: Mapping[int, Sheet],
    since: Mapping[int, tuple[object, ...]] | None = None,
    causes: Mapping[int, Sequence[str]] | None = None,
) -> list[int]:
    """Keep these agencies' sheets for the lists, and what changed as history with its `causes` (identifiers).

    With `since`, what was kept when they were computed outside of this transaction: one that was kept anew
    meanwhile is newer and stays. What moved a sheet that held no longer is what is overdue in it. Returns the
    agencies whose score or grade is another now.
    """
    found = stored_score(session, list(sheets))
    new = [
        {"agency_id": key, **dict(zip(KEPT, _as_kept(made), strict=True))}
        for key, made in sorted(sheets.items())
        if key not in found
    ]
    if new:
        upsert(session, CreditScore, ["agency_id"], new)
    changed = [key for key in sheets if key not in found]
    causes = dict(causes or {})
    rows = (
        select(CreditScore)
        .where(CreditScore.agency_id.in_(list(found)))
        .order_by(CreditScore.agency_id)
        .options(lazyload("*"))
    )
    moved = set(changed)
    for row in session.scalars(rows.with_for_update().execution_options(populate_existing=True)):
        before, now = tuple(getattr(row, name) for name in KEPT), _as_kept(sheets[row.agency_id])
        if since is not None and since.get(row.agency_id) != before:
            continue
        for name, value in zip(KEPT, now, strict=True):
            setattr(row, name, value)
        if row.agency_id not in causes and _held_until(before):
            causes[row.agency_id] = _overdue(sheets[row.agency_id])
        if (row.score, row.grade) != (before[0], before[2]):
            changed.append(row.agency_id)
        if before[:3] != now[:3] or before[VERSION] != now[VERSION]:
            moved.add(row.agency_id)
    past.keep(session, {key: sheets[key] for key in sorted(moved)}, causes)
    return sorted(changed)


def _held_until(columns: tuple[object, ...]) -> bool:
    """Whether a sheet, as its columns `KEPT`, held until a time that is over."""
    until = columns[KEPT.index("holds_until")]
    return isinstance(until, datetime) and until <= clock.now()


def _overdue(sheet: Sheet) -> list[str]:
    """The cases in which something is overdue now."""
    return [each.case_identifier for line in sheet.lines for each in line.evidence if each.facts.get("open")]
