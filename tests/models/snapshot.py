"""A market of an earlier version: rows in the tables as they were then, for a migration to change."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    event,
    insert,
    select,
)

from market.extensions import alembic, db
from models.base import UTCDateTime

LONG_AGO = datetime(2026, 1, 5, 1, 2, 3, tzinfo=UTC)
_numbers = itertools.count(1001)


class Snapshot:
    """The market at the version before a revision, to be moved over it and back."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        self._tables = MetaData()
        event.listen(Table, "column_reflect", _with_instants)
        self._move(self.before, alembic.downgrade)

    def close(self) -> None:
        event.remove(Table, "column_reflect", _with_instants)

    @property
    def before(self) -> str:
        """The revision below."""
        script = alembic.script_directory.get_revision(self.revision)
        assert script is not None
        return str(script.down_revision)

    def upgrade(self) -> None:
        self._move(self.revision, alembic.upgrade)

    def downgrade(self) -> None:
        self._move(self.before, alembic.downgrade)

    def newest(self) -> None:
        self._move("heads", alembic.upgrade)

    def _move(self, target: str, how: Any) -> None:
        db.session.rollback()
        how(target)
        self._tables = MetaData()  # it is another schema now

    def _table(self, name: str) -> Table:
        return Table(name, self._tables, autoload_with=db.engine)

    def add(self, table: str, **values: Any) -> int:
        """Insert a row; its id.

        What it must have and is not told is filled in, with rows it must refer to.
        """
        kept = self._table(table)
        for column in kept.columns:
            if column.name not in values and not column.nullable and column.name != "id":
                values[column.name] = self._filling(column)
        with db.engine.begin() as connection:
            found = connection.execute(insert(kept).values(**values)).inserted_primary_key
        assert found is not None
        return int(found[0])

    def _filling(self, column: Column[Any]) -> Any:
        for key in column.foreign_keys:
            return self.add(key.column.table.name)
        number = next(_numbers)
        kinds: tuple[tuple[type, Any], ...] = (
            (Boolean, False),
            (JSON, []),
            (UTCDateTime, LONG_AGO),
            (Date, date(2026, 1, 5)),
            (LargeBinary, b"sealed"),
            (String, str(number)),
            ((Float, Numeric), 0),  # type: ignore[arg-type]
        )
        return next((value for kind, value in kinds if isinstance(column.type, kind)), number)

    def row(self, table: str, number: int) -> Any:
        """The row with this id, by the names of its columns."""
        kept = self._table(table)
        with db.engine.connect() as connection:
            return connection.execute(select(kept).where(kept.c.id == number)).mappings().one()

    def rows(self, table: str, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
        """These columns of the rows that are so, in the order of their keys."""
        kept = self._table(table)
        query = (
            select(*(kept.c[name] for name in columns))
            .where(*(kept.c[name] == value for name, value in where.items()))
            .order_by(*kept.primary_key)
        )
        with db.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]


def _with_instants(_inspector: object, _table: object, column: Any) -> None:
    if isinstance(column["type"], DateTime):
        column["type"] = UTCDateTime()
