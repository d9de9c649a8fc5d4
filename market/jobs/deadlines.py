"""What falls due: the acts the clock performs, each for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import select

from market.agencies import actions as agencies
from market.contracts import actions as contracts
from market.extensions import db
from market.payments import actions as payments
from market.pieces import failed, is_away, mended
from market.ratings import actions as ratings
from market.sourcing import actions as sourcing
from models import CASES, clock, failures
from models.actors import SYSTEM
from models.failures import Attempt
from models.text import Problem

NAME = "deadlines"

# The act the clock performs, by case type and act; each is an action that takes the identifier.
TIMED: dict[tuple[str, str], Callable[..., str]] = {
    ("check", "lapse"): agencies.lapse_check,
    ("request", "close"): sourcing.close,
    ("request", "open"): sourcing.open_bids,
    ("request", "end_auction"): sourcing.end_auction,
    ("evaluation", "lapse"): sourcing.lapse_evaluation,
    ("objection", "escalate"): sourcing.escalate_objection,
    ("quote", "expire"): sourcing.expire_quote,
    ("award", "finalise"): sourcing.finalise,
    ("contract", "resume"): contracts.resume,
    ("contract", "end"): contracts.end_unopposed,
    ("materials", "lapse"): contracts.lapse_materials,
    ("materials", "confirm"): contracts.confirm_materials,
    ("deliverable", "lapse"): contracts.lapse_delivery,
    ("deliverable", "accept"): contracts.accept,
    ("change", "lapse"): contracts.lapse_change,
    ("payment", "lapse"): payments.lapse,
    ("payout", "arrive"): payments.arrive,
    ("dispute", "lapse"): contracts.lapse_answer,
    ("rating", "publish"): ratings.publish,
    ("rating", "lapse"): ratings.lapse,
}


# Those of them that ask somebody outside: last, and once one of them was not answered the others wait for the next pass, so that one who
# is silent keeps nothing else waiting.
ASKING = {("request", "open")}


def run_deadlines() -> int:
    """Perform what is due, the oldest first of each kind. A case that fails is kept as a failure and tried again later, and stops no
    other. Returns how many acted."""
    db.session.rollback()
    known, due, acted, silent = failures.of(db.session, NAME), set(), 0, False
    for attempt in chain(_due(asking=False), _due(asking=True)):
        due.add(attempt)
        if known.get(attempt, True) and not silent:
            error = _act(attempt, attempt in known)
            acted += error is None
            silent = isinstance(error, Problem) and error.status == 503
    db.session.rollback()
    for attempt in known.keys() - due:  # somebody saw to it in another way
        mended(attempt)
    return acted


def _due(*, asking: bool) -> Iterator[Attempt]:
    """What is due, kind by kind and in the order of the states, so that one pass may carry a case through several."""
    for kind, case_class in CASES.items():
        for state, act in case_class.workflow.timed_acts():
            if ((kind, act) in ASKING) is asking:
                for identifier in db.session.scalars(_in_time(case_class, state).order_by(case_class.due_at)).all():
                    yield Attempt(NAME, act, kind, identifier)


def _in_time(case_class: Any, state: str) -> Any:
    return select(case_class.identifier).where(case_class.state == state, case_class.due_at <= clock.now())


def _act(attempt: Attempt, failed_before: bool) -> Exception | None:
    """One act, whatever may come of it: None if it was done, else why not."""
    try:
        TIMED[attempt.case_type, attempt.act](SYSTEM, attempt.case_identifier)
    except Exception as error:
        db.session.rollback()
        if is_away(error):
            raise
        if _still_due(attempt):
            failed(attempt, error)
        return error
    if failed_before:
        mended(attempt)
    return None


def _still_due(attempt: Attempt) -> bool:
    """Whether the act is still to be done: it is no failure where somebody else was here first."""
    case_class = CASES[attempt.case_type]
    states = [state for state, act in case_class.workflow.timed_acts() if act == attempt.act]
    return any(db.session.scalar(_in_time(case_class, state).where(case_class.identifier == attempt.case_identifier)) for state in states)
