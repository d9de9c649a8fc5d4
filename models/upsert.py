"""Inserting where a row may stand already, in one statement, on either database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.base import Base


def upsert(
    session: Session,
    table: type[Base],
    key: Sequence[str],
    rows: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    replace: Sequence[str] = (),
    add: Sequence[str] = (),
    returning: Sequence[str] = (),
) -> CursorResult[*tuple[Any, ...]]:
    """Insert one row or several.

    Where one stands with the same `key` (columns with a unique constraint over them), the columns in
    `replace` get the new row's value, those in `add` grow by it, and all else stays. Returns the columns in
    `returning` of a single row as it then is. A row that is there stays locked until the transaction ends if
    it was changed, and so nobody gets the same number twice.
    """
    statement = _statement(
        session.get_bind().dialect.name, table, tuple(key), tuple(replace), tuple(add), tuple(returning)
    )
    return session.connection().execute(statement, rows)


@cache
def _statement(
    dialect: str,
    table: type[Base],
    key: tuple[str, ...],
    replace: tuple[str, ...],
    add: tuple[str, ...],
    returning: tuple[str, ...],
) -> Insert:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    if not (replace or add):
        return insert.on_conflict_do_nothing(index_elements=key)
    new, columns = insert.excluded, table.__table__.c
    changed = {name: new[name] for name in replace} | {name: columns[name] + new[name] for name in add}
    on_conflict = insert.on_conflict_do_update(index_elements=key, set_=changed)
    return on_conflict.returning(*(columns[name] for name in returning)) if returning else on_conflict
