"""Administrative divisions (GB/T 2260). A code's leading pairs name what it lies in, so "this area
and below" is a prefix, and no tree has to be walked."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, String
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from models.base import Base, Name

SOURCE = Path(__file__).parent / "data" / "regions.csv"


class Region(Base):
    """A province, city (prefecture) or county. `full_name` reads from the province down."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(String(6), unique=True)
    name: Mapped[Name]
    level: Mapped[str] = mapped_column(String(10))
    parent_code: Mapped[str | None] = mapped_column(String(6), index=True)
    full_name: Mapped[Name]


def prefix(code: str) -> str:
    """What every code in this area starts with: `630000` gives `63`, `632801` itself."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def covers(area: str, code: str) -> bool:
    """Whether `code` is `area` or lies in it."""
    return code.startswith(prefix(area))


def within(column: InstrumentedAttribute[str], area: str) -> ColumnElement[bool]:
    """The same in SQL."""
    return column.startswith(prefix(area), autoescape=True)


def above(code: str) -> list[str]:
    """The code and those of the areas it lies in, nearest first: `632801` gives `632801, 632800, 630000`."""
    return list(dict.fromkeys([code, code[:4] + "00", code[:2] + "0000"]))


@cache
def _names() -> dict[str, str]:
    return {row["code"]: row["full_name"] for row in published()}


def full_name(code: str) -> str:
    """A region's name from the province down; the code itself where we know no such region."""
    return _names().get(code, code)


@cache
def published() -> Sequence[dict[str, str]]:
    """The rows of the list we carry, each with its full name."""
    with SOURCE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = {row["code"]: row["name"] for row in rows}
    # 市辖区 and 县 group a city's districts on paper; nobody says them in an address.
    silent = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
    for row in rows:
        parts = [names[code] for code in reversed(above(row["code"])) if code in names]
        row["full_name"] = "".join(part for i, part in enumerate(parts) if part not in silent or i == len(parts) - 1)
    return rows
