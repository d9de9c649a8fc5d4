"""Inserting where a row may stand already."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from models.identifiers import Counter
from models.upsert import upsert

KEY = ["prefix", "year"]


def _row(value: int, year: int = 2026) -> dict[str, Any]:
    return {"prefix": "Q", "year": year, "value": value}


def _kept(session: Any) -> list[int]:
    return list(session.scalars(select(Counter.value).order_by(Counter.year)))


def test_a_row_that_stands_is_left_replaced_or_added_to(session: Any) -> None:
    upsert(session, Counter, KEY, _row(3))
    assert _kept(session) == [3]
    upsert(session, Counter, KEY, [_row(5), _row(7, 2027)])
    assert _kept(session) == [3, 7], "the one that stood is left"
    assert upsert(session, Counter, KEY, _row(5), add=["value"], returning=["value"]).scalar_one() == 8
    assert upsert(session, Counter, KEY, _row(5), replace=["value"], returning=["value"]).scalar_one() == 5
    assert _kept(session) == [5, 7]
