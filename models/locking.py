"""Cases by their identifiers, to read or to act on: one lock order, which each case type declares."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Self

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from models.base import Code
from models.errors import NotFound
from models.i18n import N_


class Locked:
    """Mixed into what is known by its identifier and locked before it is acted on.

    `lock_after` is the relationship to what is locked before it.
    """

    lock_after: ClassVar[str] = ""

    identifier: Mapped[Code] = mapped_column(unique=True)

    @classmethod
    def load(cls, session: Session, identifier: str) -> Self:
        """The case with this identifier, to read; NotFound if there is none."""
        return cls._one(session, _by_identifier(cls), identifier)  # type: ignore[arg-type]

    @classmethod
    def lock(cls, session: Session, identifier: str, *, after: str = "") -> Self:
        """The case with this identifier, locked, and read as it is then; NotFound if there is none.

        What this session saw of it before it waited for the lock may have been changed meanwhile. The case
        that `lock_after` leads to is locked before it, and so on up; `after` is another relationship to go
        by, for an act that moves that case too.
        """
        above = after or cls.lock_after
        if not above:
            return cls._one(session, _locking(cls, ""), identifier)  # type: ignore[arg-type]
        found = session.scalar(_above(cls, above), {"identifier": identifier})  # type: ignore[arg-type]
        if found is None:
            raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
        held = getattr(cls, above).property.mapper.class_.lock(session, found)
        case = cls._one(session, _locking(cls, above), identifier)  # type: ignore[arg-type]
        set_committed_value(case, above, held)
        return case

    @classmethod
    def _one(cls, session: Session, query: Select[Any], identifier: str) -> Self:
        case: Self | None = session.scalars(query, {"identifier": identifier}).one_or_none()
        if case is None:
            raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
        return case


@cache
def _by_identifier(kind: type[Locked]) -> Select[Any]:
    """Made once a kind: every act begins with it.

    (A class is hashable, whatever mypy says of one with mapped attributes.)
    """
    return select(kind).where(kind.identifier == bindparam("identifier"))


@cache
def _above(kind: type[Locked], above: str) -> Select[Any]:
    relation = getattr(kind, above)
    return (
        select(relation.property.mapper.class_.identifier)
        .join_from(kind, relation)
        .where(kind.identifier == bindparam("identifier"))
    )


@cache
def _locking(kind: type[Locked], above: str) -> Select[Any]:
    """Locks a case without reading again what was locked before it (`above`), and all that hangs on that."""
    query = _by_identifier(kind).with_for_update(of=kind)  # type: ignore[arg-type]
    query = query.execution_options(populate_existing=True)
    return query.options(lazyload(getattr(kind, above))) if above else query
