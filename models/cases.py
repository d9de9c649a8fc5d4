"""Every case type there is, and the case of an identifier, whatever its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.identifiers import kinds_of

if TYPE_CHECKING:
    from models.workflow import Case

CASES: dict[str, type[Case]] = {}  # by the workflow's name; a case type that is declared puts itself here


def case_types_of(identifier: str) -> list[type[Case]]:
    """The case types of which one of this identifier may be, by its letters: as a rule one, or none."""
    return [kind for kind in CASES.values() if kind in kinds_of(identifier)]


def find_case(session: Session, identifier: str) -> Case | None:
    """The case of this identifier; None if there is none."""
    for kind in case_types_of(identifier):
        found = session.scalars(select(kind).where(kind.identifier == identifier)).one_or_none()
        if found is not None:
            return found
    return None
