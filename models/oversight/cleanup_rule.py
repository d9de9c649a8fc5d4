"""What a rule of a clean-up is, and those that rest on what a check has found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agencies.checks import UNDECIDED, Check
from models.base import Json

Evidence = dict[int, list[Json]]
Find = Callable[[Session, Sequence[int]], Evidence]


@dataclass(frozen=True)
class Rule:
    """Grounds on which an agency may be cleaned up; never a verdict.

    `find` takes the keys of agencies and gives those it concerns, each with its evidence as rows of `source`
    (a number) and `what`; in one statement, however many agencies. `violation`: one of the five.
    """

    name: str
    label: str
    basis: str
    find: Find
    violation: bool = False


def confirmed(*kinds: str) -> Find:
    """The agencies of which the last check decided on, of any of these kinds, was confirmed.

    One that was cleared later does not count any more.
    """

    def find(session: Session, agency_ids: Sequence[int]) -> Evidence:
        decided = (
            select(Check.agency_id, Check.kind, Check.identifier, Check.state)
            .where(
                Check.agency_id.in_(agency_ids),
                Check.kind.in_(kinds),
                Check.state.not_in(UNDECIDED),
            )
            .order_by(Check.id)
        )
        last = {(agency, kind): (number, state) for agency, kind, number, state in session.execute(decided)}
        found: Evidence = {}
        for (agency, kind), (number, state) in last.items():
            if state == "confirmed":
                found.setdefault(agency, []).append({"source": number, "what": kind})
        return found

    return find
