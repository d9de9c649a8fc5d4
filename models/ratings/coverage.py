"""How many rated of those who were asked to: what stands beside every mean, since silence counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from models.ratings.rating import COUNTED, Rating


@dataclass(frozen=True, slots=True)
class Coverage:
    """`rated`: ratings that are published and count; `ended`: contracts of which one was asked for."""

    rated: int = 0
    ended: int = 0

    @property
    def share(self) -> float | None:
        """The fraction that was rated; None where nothing has ended yet."""
        return self.rated / self.ended if self.ended else None


def of_organisations(session: Session, keys: Collection[int], by: str = "buyer") -> dict[int, Coverage]:
    """The coverage of these organisations, as `by` rated them: one statement, however many they are.

    A rating that is sealed, missing or hidden is a contract that ended and was not rated.
    """
    counted = func.sum(case((Rating.state.in_(COUNTED), 1), else_=0))
    found = (
        select(Rating.ratee_id, counted, func.count())
        .where(Rating.ratee_id.in_(keys), Rating.by == by)
        .group_by(Rating.ratee_id)
    )
    seen = {key: Coverage(int(rated), ended) for key, rated, ended in session.execute(found)} if keys else {}
    return {key: seen.get(key, Coverage()) for key in keys}
