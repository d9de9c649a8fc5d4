"""Identifiers people can read out: a letter for the kind, the year, a running number."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base
from models.upsert import upsert


class Counter(Base):
    """The last number given out, per kind and year."""

    __tablename__ = "counters"
    __table_args__ = (UniqueConstraint("prefix", "year"),)

    prefix: Mapped[str] = mapped_column(String(4))
    year: Mapped[int]
    value: Mapped[int]


_ISSUED: dict[str, type[Numbered]] = {}
_ISSUED_ONCE: dict[str, list[type[Numbered]]] = {}


class Numbered:
    """Mixed into every table whose rows people call by an identifier: its letters belong to that table alone.

    `prefix` are the letters, or `prefix_of` them by what its rows are, where these have one each. Those of
    `former_prefixes` are given out no more; what was issued under them stays what it is called. ValueError
    for a table without letters, or with those of another.
    """

    prefix: ClassVar[str] = ""
    prefix_of: ClassVar[dict[str, str]] = {}
    former_prefixes: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__tablename__" not in vars(cls):  # mixed into tables itself
            return
        letters = [*cls.prefix_of.values()] or [cls.prefix]
        for each in letters:
            if not each or each in _ISSUED:
                raise ValueError(
                    f"{cls.__name__}: the prefix {each!r} is none, or that of {_ISSUED.get(each)}"
                )
        _ISSUED.update(dict.fromkeys(letters, cls))
        for each in cls.former_prefixes:
            _ISSUED_ONCE.setdefault(each, []).append(cls)


def kinds_of(identifier: str) -> list[type[Numbered]]:
    """The tables in which something of this identifier may stand, by its letters: as a rule one."""
    letters = identifier.partition("-")[0]
    now = [_ISSUED[letters]] if letters in _ISSUED else []
    return now + _ISSUED_ONCE.get(letters, [])


def issue(session: Session, kind: type[Numbered], of: str = "") -> str:
    """The next identifier of a table, like `Q-2026-000123`.

    `of` what the new row is, where the table's letters go by that.
    """
    return issue_many(session, kind, 1, of)[0]


def issue_many(session: Session, kind: type[Numbered], count: int, of: str = "") -> list[str]:
    """The next identifiers of a table, as many as asked for.

    One statement takes the numbers and holds the counter's row until the transaction ends, so two
    transactions never get the same one, and one that rolls back leaves no gap.
    """
    prefix, year = kind.prefix_of[of] if kind.prefix_of else kind.prefix, clock.today().year
    row = {"prefix": prefix, "year": year, "value": count}
    last = upsert(session, Counter, ["prefix", "year"], row, add=["value"], returning=["value"]).scalar_one()
    return [f"{prefix}-{year}-{number:06d}" for number in range(last - count + 1, last + 1)]
