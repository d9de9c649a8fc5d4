"""What a score costs: one more record in a market of any size, and every agency by a new policy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select, text, update

from bench.measure import Row, timed
from bench.rows.markets import market
from harness.factories import small_market
from harness.large_market import employ, furnish
from market.credit.actions.scores import keep_scores, look_at_scores
from market.extensions import db
from market.transaction import transaction
from models.accounts import Organisation
from models.credit import kept, score

PIECE = 200  # agencies that are reckoned together, as the night does it at the most
CONTRACTS = 12  # an agency has had, with a deliverable, its review and a rating each: about 50 records


def credit(folder: Path, sizes: tuple[int, ...], rounds: int) -> Iterator[Row]:
    """Of a market of so many agencies with about 50 records each.

    `credit-one`: reckoning and keeping one agency's sheet after a record more, against the same among twenty
    agencies. `credit-all`: an agency's share of reckoning and keeping them all, a piece at a time, against
    the plain SQL aggregates over the same records; `credit-lock`: the longest that a piece of it holds the
    lock, against the 200 ms it may.
    """
    usual: float | None = None
    for number, size in enumerate((20, *sizes)):
        with market(folder / f"{number}") as app:
            world = small_market()
            world.settled(stars=4)
            world.settled(stars=5)
            first = furnish(size)
            employ(first, size, CONTRACTS)
            del app
            one = timed(lambda key=first: _one(key), rounds)  # type: ignore[misc]
            if usual is None:
                usual = one
                continue
            yield Row("credit-one", size, one, usual)
            locks: list[float] = []
            ours = timed(lambda into=locks: _all(into), 1) / size  # type: ignore[misc]
            floor = timed(_aggregates, 3) / size
            yield Row("credit-all", size, ours * 1000, floor * 1000, unit="us")
            yield Row("credit-lock", size, max(locks) * 1000, 200.0)


def _one(agency: int) -> None:
    with transaction() as session:
        kept.store_score(session, score.of_agencies(session, [agency]))


def _all(locks: list[float]) -> None:
    """Every sheet anew, reckoned outside of the lock and kept under it; `locks` gets the seconds of each."""
    with transaction() as session:
        session.execute(update(kept.CreditScore).values(policy_version="of before"))
    last = 0
    while (looked := look_at_scores(last, PIECE)) is not None:
        last = looked.last
        db.session.rollback()
        with transaction() as session:
            began = time.perf_counter()
            keep_scores(session, looked.found)
        locks.append(time.perf_counter() - began)


def _aggregates() -> None:
    for statement in (
        "SELECT agency_id, sum(stars), count(*) FROM rating_facts GROUP BY agency_id",
        "SELECT agency_id, sum(CASE WHEN submitted_at <= deliver_by THEN 1 ELSE 0 END), count(*) "
        "FROM deliverables GROUP BY agency_id",
        "SELECT deliverables.agency_id, sum(CASE WHEN fault = 'agency' THEN 1 ELSE 0 END), count(*) "
        "FROM review_outcomes JOIN deliverables ON deliverables.id = deliverable_id "
        "GROUP BY deliverables.agency_id",
        "SELECT agency_id, count(*) FROM contracts WHERE completed_at IS NOT NULL GROUP BY agency_id",
        "SELECT subject_id, sum(points) FROM credit_records WHERE state = 'in_force' GROUP BY subject_id",
    ):
        db.session.execute(text(statement)).all()
    assert db.session.scalar(select(func.count(Organisation.id)))
    db.session.rollback()
