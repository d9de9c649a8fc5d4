"""What a score costs: one more record in a market of any size, and every agency by a new policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select, text

from bench.measure import Row, timed
from bench.rows.markets import market
from harness.factories import small_market
from harness.large_market import furnish
from market.extensions import db
from market.transaction import transaction
from models.accounts import Organisation
from models.credit import kept, score

PIECE = 200  # agencies that are reckoned together, as the night does it


def credit(folder: Path, sizes: tuple[int, ...], rounds: int) -> Iterator[Row]:
    """Of a market of so many agencies.

    `credit-one`: reckoning and keeping one agency's sheet after a record more, against the same among twenty
    agencies. `credit-all`: an agency's share of reckoning them all, a piece at a time, against the plain SQL
    aggregates over the same records.
    """
    usual: float | None = None
    for number, size in enumerate((20, *sizes)):
        with market(folder / f"{number}") as app:
            world = small_market()
            world.settled(stars=4)
            world.settled(stars=5)
            furnish(size)
            del app
            agency = world.organisation("agency").id
            one = timed(lambda key=agency: _one(key), rounds)  # type: ignore[misc]
            if usual is None:
                usual = one
                continue
            yield Row("credit-one", size, one, usual)
            ours, floor = timed(_all, 1) / size, timed(_aggregates, 1) / size
            yield Row("credit-all", size, ours * 1000, floor * 1000, unit="us")


def _one(agency: int) -> None:
    with transaction() as session:
        kept.store_score(session, score.of_agencies(session, [agency]))


def _all() -> None:
    last = 0
    while True:
        following = select(Organisation.id).where(Organisation.kind == "agency", Organisation.id > last)
        keys = list(db.session.scalars(following.order_by(Organisation.id).limit(PIECE)))
        if not keys:
            return
        last = keys[-1]
        score.of_agencies(db.session, keys)
        db.session.rollback()


def _aggregates() -> None:
    for statement in (
        "SELECT agency_id, sum(stars), count(*) FROM rating_facts GROUP BY agency_id",
        "SELECT agency_id, sum(submitted_at <= deliver_by), count(*) FROM deliverables GROUP BY agency_id",
        "SELECT agency_id, count(*) FROM contracts WHERE completed_at IS NOT NULL GROUP BY agency_id",
        "SELECT subject_id, sum(points) FROM credit_records WHERE state = 'in_force' GROUP BY subject_id",
    ):
        db.session.execute(text(statement)).all()
    assert db.session.scalar(select(func.count(Organisation.id)))
    db.session.rollback()
