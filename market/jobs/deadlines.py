"""What falls due: the acts the clock performs, each for itself.

Openings before anything else, and then whatever has waited longest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from time import monotonic
from typing import Any

from flask import current_app
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    literal,
    or_,
    select,
    true,
    union_all,
)

from market.case_registry import TIMED
from market.chunks import between, tried
from market.extensions import db
from market.keeper import keeper
from market.timekeeping import look
from market.transaction import transaction
from models import CASES, clock
from models.actors import SYSTEM
from models.base import UTCDateTime
from models.failures import Attempt, Failure
from models.sourcing.tenders import Tender

NAME = "deadlines"

# Limits tend to end together, at the close of business, and then everything waits for everything: so some go
# first.
OPENING, SEALED, OTHER = 0, 1, 2
AT_ONCE, TURN = (
    20,
    0.3,
)  # so many acts, or so many seconds of them, between two looks at what has come to go first
# seconds after each of the others, about as long as one holds SQLite's lock, for whoever waits for it
REST = 0.01
_NOW, _MOST, _AT_HAND = (
    bindparam("now", type_=UTCDateTime()),
    bindparam("most", type_=Integer()),
    bindparam("at_hand", type_=Boolean()),
)


@dataclass(frozen=True)
class Due:
    """An act that is due, and whether it has failed before."""

    attempt: Attempt
    first: bool
    failed_before: bool


def run_deadlines() -> int:
    """Perform what is due, and what falls due meanwhile, as long as the clock may be gone by.

    A case that fails is kept as a failure and tried again later, and stops no other. Returns how many acted.
    """
    seen: set[Attempt] = set()
    acted = 0
    while (now := look()) is not None and (found := _look(seen, now)):
        acted += _turn(found, seen)
    if now is not None:
        _forget_what_is_not_due()
    return acted


def _look(seen: set[Attempt], now: datetime) -> list[Due]:
    """The next few acts due at an instant that may be gone by, but for those this pass has seen to.

    A pass ends, whatever an act leaves.
    """
    db.session.rollback()
    found = db.session.execute(
        _due(), {"now": now, "most": AT_ONCE + len(seen), "at_hand": keeper().at_hand}
    ).all()
    db.session.rollback()
    due = [
        Due(Attempt(NAME, row.act, row.kind, row.identifier), row.rank != OTHER, bool(row.failed))
        for row in found
    ]
    return [each for each in due if each.attempt not in seen][:AT_ONCE]


def _turn(found: list[Due], seen: set[Attempt]) -> int:
    """Perform these as long as the turn lasts. Returns how many acted."""
    began, acted, closed = monotonic(), 0, False
    for due in found:
        seen.add(due.attempt)
        done = (
            tried(
                due.attempt, partial(_act, due.attempt), due.failed_before, partial(_still_due, due.attempt)
            )
            is not None
        )
        acted += done
        closed |= done and due.attempt.act == "close"
        if not due.first:
            between(REST)
        if (
            current_app.extensions["jobs"].lane and monotonic() - began > TURN
        ):  # elsewhere nobody waits, and the order is to be the same every time
            break
    if closed and not keeper().at_hand:
        current_app.extensions["jobs"].wake("keeper")
    return acted


def _act(attempt: Attempt) -> str:
    return TIMED[attempt.case_type, attempt.act](SYSTEM, attempt.case_identifier)


def _timed() -> Iterator[tuple[str, Any, str, str, ColumnElement[bool], int]]:
    """Every kind of case, state and act with a limit, for which of its cases, and how soon it comes."""
    for kind, case_class in CASES.items():
        for state, act in case_class.workflow.timed_acts():
            if (kind, act) == (
                "tender",
                "open",
            ):  # a key that is elsewhere is fetched in another lane, and nothing waits for it here
                yield kind, case_class, state, act, or_(Tender.keeper_half.is_not(None), _AT_HAND), OPENING
            elif (kind, act) == ("tender", "close"):  # what is to be opened is closed before
                yield kind, case_class, state, act, Tender.sealed(), SEALED
                yield kind, case_class, state, act, ~Tender.sealed(), OTHER
            else:
                yield kind, case_class, state, act, true(), OTHER


def _passed(case_class: Any, state: str) -> ColumnElement[bool]:
    return and_(case_class.state == state, case_class.due_at <= _NOW)


@cache
def _due() -> Select[Any]:
    """What is due, but for failures whose next try is still to come.

    Those that go first, then over all kinds the oldest.
    """
    looks = []
    for kind, case_class, state, act, which, rank in _timed():
        failure = and_(
            Failure.what == NAME,
            Failure.act == act,
            Failure.case_type == kind,
            Failure.case_identifier == case_class.identifier,
        )
        looks.append(
            select(
                literal(kind).label("kind"),
                literal(act).label("act"),
                case_class.identifier.label("identifier"),
                case_class.due_at.label("due_at"),
                literal(rank).label("rank"),
                exists().where(failure).label("failed"),
            ).where(_passed(case_class, state), which, ~exists().where(failure, ~Failure.ready(_NOW)))
        )
    every = union_all(*looks).subquery()
    return select(every).order_by(every.c.rank, every.c.due_at, every.c.identifier).limit(_MOST)


def _still_due(attempt: Attempt) -> bool:
    """Whether the act is still to be done: it is no failure where somebody else was here first."""
    case_class = CASES[attempt.case_type]
    states = [state for state, act in case_class.workflow.timed_acts() if act == attempt.act]
    still = select(case_class.identifier).where(
        case_class.identifier == attempt.case_identifier,
        or_(*(_passed(case_class, state) for state in states)),
    )
    return db.session.scalar(still, {"now": clock.now()}) is not None


def _forget_what_is_not_due() -> None:
    """A failure whose act is not to be done any more, since somebody saw to it in another way, is none."""
    mine = db.session.scalars(select(Failure.case_type).where(Failure.what == NAME).distinct()).all()
    db.session.rollback()
    for kind in mine:
        if db.session.scalars(_not_due(kind).limit(1), {"now": clock.now()}).first() is not None:
            db.session.rollback()
            with transaction() as session:
                session.execute(
                    delete(Failure).where(Failure.id.in_(_not_due(kind))),
                    {"now": clock.now()},
                    execution_options={"synchronize_session": False},
                )
    db.session.rollback()


def _not_due(kind: str) -> Select[Any]:
    case_class = CASES[kind]
    due = [
        and_(Failure.act == act, _passed(case_class, state))
        for state, act in case_class.workflow.timed_acts()
    ]
    return select(Failure.id).where(
        Failure.what == NAME,
        Failure.case_type == kind,
        ~exists().where(case_class.identifier == Failure.case_identifier, or_(*due)),
    )
