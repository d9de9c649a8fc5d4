"""Sums kept as things happen, so that no page that shows figures reads the cases behind them.

A figure is how many there were of something and what they came to, by month, county and service item. There
are as many rows as months, counties and items, however large the market grows. Whoever keeps the cases a
measure is made of takes back what it counted before, and counts anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Index, String, and_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.actors import Actor
from models.base import Base, Code
from models.catalogue import ServiceItem
from models.clock import BEIJING
from models.regions import within
from models.upsert import upsert


class Figure(Base):
    """What one measure came to in a month (`2026-03`, Beijing time), a region and an item.

    `number` of them, `total` in the measure's own unit.
    """

    __tablename__ = "figures"
    __table_args__ = (
        Index("uq_figures", "measure", "month", "region_code", "item_code", unique=True),
        Index("ix_figures_region", "region_code", "month"),
    )

    measure: Mapped[Code]
    month: Mapped[str] = mapped_column(String(7))
    region_code: Mapped[str] = mapped_column(String(6))
    item_code: Mapped[str] = mapped_column(String(12))
    number: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Cell:
    """Where something is counted."""

    measure: str
    month: str
    region_code: str
    item_code: str


Counted = tuple[Cell, int, int]  # where, how many more, and how much more of its unit


def month_of(instant: datetime) -> str:
    """The month an instant lies in, in Beijing."""
    return f"{instant.astimezone(BEIJING):%Y-%m}"


def count(session: Session, counted: Iterable[Counted]) -> None:
    """Add what was counted, or, where it is negative, take it back; one statement for all.

    In the order of their cells, so that two who count never wait for each other in a circle.
    """
    sums: defaultdict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for cell, number, total in counted:
        sums[cell][0] += number
        sums[cell][1] += total
    rows = [
        {
            "measure": cell.measure,
            "month": cell.month,
            "region_code": cell.region_code,
            "item_code": cell.item_code,
            "number": number,
            "total": total,
        }
        for cell, (number, total) in sums.items()
        if number or total
    ]
    if rows:
        rows.sort(key=lambda row: tuple(row.values())[:4])
        key = ["measure", "month", "region_code", "item_code"]
        upsert(session, Figure, key, rows, add=["number", "total"])


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """The figures of an actor's area, and, where it answers for one line of work, of that line's items."""
    inside = within(Figure.region_code, actor.region_code) if actor.region_code else true()
    if not actor.department:
        return inside
    line = select(ServiceItem.code).where(ServiceItem.department == actor.department)
    return and_(inside, Figure.item_code.in_(line))
