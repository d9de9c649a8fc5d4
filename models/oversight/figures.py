"""Sums kept as things happen, so that no page that shows figures reads the cases behind them.

A figure is how many there were of something and what they came to, by month, area and service item: for each
county, and for every area it lies in; for each item, and for all of them together. So whatever area is asked
about, one row a month tells, and there are as many rows as months, areas and items, however large the market
grows. What each case counted is kept beside them: counted anew, it takes that back first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.actors import Actor
from models.base import Base, Code, Json
from models.catalogue import ServiceItem
from models.clock import BEIJING
from models.regions import NATION, above, children
from models.upsert import upsert

EVERY_ITEM = ""


class Figure(Base):
    """What one measure came to in a month (`2026-03`, Beijing time), an area and an item (or EVERY_ITEM).

    `number` of them, `total` in the measure's own unit.
    """

    __tablename__ = "figures"
    __table_args__ = (Index("uq_figures", "measure", "region_code", "item_code", "month", unique=True),)

    measure: Mapped[Code]
    region_code: Mapped[str] = mapped_column(String(6))
    item_code: Mapped[str] = mapped_column(String(12))
    month: Mapped[str] = mapped_column(String(7))
    number: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)


class FigureSource(Base):
    """What one case counted: each a `Count`, by where it is kept (`source`) and its key there."""

    __tablename__ = "figure_sources"
    __table_args__ = (UniqueConstraint("source", "key"),)

    source: Mapped[Code]
    key: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[list[Json]]


@dataclass(frozen=True, slots=True)
class Count:
    """Where a case counts, for how many, and for how much of the measure's unit."""

    measure: str
    region_code: str
    item_code: str
    month: str
    number: int
    total: int


def month_of(instant: datetime) -> str:
    """The month an instant lies in, in Beijing."""
    return f"{instant.astimezone(BEIJING):%Y-%m}"


def recount(session: Session, source: str, now: Mapping[int, Sequence[Count]]) -> None:
    """Count these cases of one source as they are now, by their keys, in place of what they counted before.

    Three statements however many they are.
    """
    known = select(FigureSource.key, FigureSource.counts).where(
        FigureSource.source == source, FigureSource.key.in_(list(now))
    )
    before = {key: [Count(**told) for told in counts] for key, counts in session.execute(known)}
    changed = {key: counts for key, counts in now.items() if before.get(key, []) != list(counts)}
    _add(
        session,
        [(each, -1) for key in changed for each in before.get(key, [])]
        + [(each, 1) for counts in changed.values() for each in counts],
    )
    rows = [
        {"source": source, "key": key, "counts": [asdict(each) for each in counts]}
        for key, counts in sorted(changed.items())
    ]
    if rows:
        upsert(session, FigureSource, ["source", "key"], rows, replace=["counts"])


def _add(session: Session, counts: Sequence[tuple[Count, int]]) -> None:
    """Add each count, or with -1 take it back, in its own area and item and in all they lie in.

    In the order of their keys, so that two who count never wait for each other in a circle.
    """
    sums: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for each, sign in counts:
        for region in (*above(each.region_code), NATION):
            for item in (each.item_code, EVERY_ITEM):
                cell = sums[each.measure, region, item, each.month]
                cell[0] += sign * each.number
                cell[1] += sign * each.total
    key = ["measure", "region_code", "item_code", "month"]
    rows = [
        {**dict(zip(key, cell, strict=True)), "number": number, "total": total}
        for cell, (number, total) in sorted(sums.items())
        if number or total
    ]
    if rows:
        upsert(session, Figure, key, rows, add=["number", "total"])


class Told(NamedTuple):
    """What one measure came to in a month, an area or an item, whichever was asked for."""

    by: str
    measure: str
    number: int
    total: int


BY = ("month", "region", "item")


def told(
    session: Session, actor: Actor, area: str, measures: Sequence[str], *, by: str, since: str = ""
) -> list[Told]:
    """What these measures came to in an area, from a month on (all if empty), by one of BY.

    By region: in each part of the area, and under the area's own code what lies in none of them. Of the items
    of the actor's line of work, where it answers for one.
    """
    column = {"month": Figure.month, "region": Figure.region_code, "item": Figure.item_code}[by]
    places = [area, *children(area)] if by == "region" else [area]
    query = select(column, Figure.measure, Figure.number, Figure.total).where(
        Figure.measure.in_(measures), Figure.region_code.in_(places), Figure.month >= since
    )
    if actor.department:
        line = select(ServiceItem.code).where(ServiceItem.department == actor.department)
        query = query.where(Figure.item_code.in_(line))
    elif by == "item":
        query = query.where(Figure.item_code != EVERY_ITEM)
    else:
        query = query.where(Figure.item_code == EVERY_ITEM)
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for key, measure, number, total in session.execute(query):
        sums[key, measure][0] += number
        sums[key, measure][1] += total
        if by == "region" and key != area:
            sums[area, measure][0] -= number
            sums[area, measure][1] -= total
    return [
        Told(key, measure, *sums[key, measure]) for key, measure in sorted(sums) if any(sums[key, measure])
    ]
