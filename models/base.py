"""What every table shares: the declarative base, column types and the `Case` columns."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Protocol, Self

from sqlalchemy import JSON, BigInteger, Date, DateTime, Dialect, MetaData, String, TypeDecorator, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from models.lengths import hold

Json = dict[str, Any]


class UTCDateTime(TypeDecorator[datetime]):
    """An instant. Takes and returns timezone-aware datetimes; stored in UTC, to the microsecond.

    SQLite keeps no zone, so the zone is put back when a row is read. A naive datetime is a
    programming error and raises ValueError: it would silently mean something else elsewhere.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Storable(Protocol):
    """A value with a stored form."""

    @classmethod
    def from_json(cls, stored: Json) -> Self: ...

    def to_json(self) -> Json: ...


class JsonOf(TypeDecorator[Any]):
    """A column of JSON read and written as one immutable typed value, or None."""

    impl = JSON
    cache_ok = True

    def __init__(self, kind: type[Storable]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Storable | None, dialect: Dialect) -> Json | None:
        return None if value is None else value.to_json()

    def process_result_value(self, value: Json | None, dialect: Dialect) -> Storable | None:
        return None if value is None else self.kind.from_json(value)


Id = Annotated[int, mapped_column(primary_key=True)]
Fen = Annotated[int, mapped_column(BigInteger)]
OptionalFen = Annotated[int | None, mapped_column(BigInteger)]
Code = Annotated[str, mapped_column(String(40))]
Name = Annotated[str, mapped_column(String(200))]


class Base(DeclarativeBase):
    """The declarative base. Constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UTCDateTime(),
        date: Date(),
        Json: JSON(),
        list[str]: JSON(),
        list[Json]: JSON(),
    }

    id: Mapped[Id]


@event.listens_for(Base, "attribute_instrument", propagate=True)
def _hold_to_its_length(mapped: type[Base], key: str, attribute: Any) -> None:
    """SQLite keeps what is too long, PostgreSQL fails on it: no text column of any table takes it."""
    columns = getattr(attribute.property, "columns", ())
    if columns and isinstance(columns[0].type, String) and columns[0].type.length:
        event.listen(attribute, "set", hold(key, columns[0].type.length))
