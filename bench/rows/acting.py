"""What acts cost above their SQL: a contract's whole life, and a posting in the books."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from bench.measure import Log, Row, plain, recorded, replay
from bench.rows.markets import demonstration, market
from harness.factories import World
from harness.lifecycle import START
from market.agencies.actions import publishing
from market.extensions import db
from market.transaction import transaction
from models import clock
from models.accounts import Organisation, authority_for
from models.ledger import books

ITEM, DEPARTMENT, COUNTY = "WAT-01", "水利", "632801"


def _against_its_sql(folder: Path, act: Callable[[], None]) -> tuple[float, float, Log]:
    """Milliseconds of an act, of its SQL alone, and the statements.

    The statements are sent by the driver to a copy of the database.
    """
    copy = folder / "copy.sqlite3"
    copy.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(folder / "market.sqlite3")) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    with recorded(db.engine) as log:
        start = time.perf_counter()
        act()
        ours = time.perf_counter() - start
    with contextlib.closing(plain(copy)) as connection:
        start = time.perf_counter()
        replay(connection, log)
        floor = time.perf_counter() - start
    return ours * 1000, floor * 1000, log


def lifecycle(folder: Path, rounds: int, tenders: int, days: int) -> Iterator[Row]:
    """Eight steps, ratings and a grade through the actions, against the same SQL on a copy.

    Commits are included.
    """
    with demonstration(folder, tenders, days):
        world = _people()
        lives = []
        for number in range(rounds):
            ours, floor, log = _against_its_sql(
                folder, lambda price=5_000_000 + number: _one_life(world, price)
            )
            lives.append((ours, floor, sum(statement == "COMMIT" for statement, _ in log)))
    ours, floor, commits = sorted(lives)[len(lives) // 2]
    yield Row("lifecycle", commits, ours, floor)


def _people() -> World:
    """A buyer and a regulator of our own among the people of the demonstration, a minute after it ends."""
    clock.use(lambda: START + timedelta(minutes=1))
    world = World(made=3000)
    world.authority("bench-regulator", "regulator")
    world.enterprise("buyer")
    world.emails["agency"] = "agency@demo.gongxin.cn"
    return world


def _one_life(world: World, price: int) -> None:
    agency = world.actor("agency")
    world.identifiers["agency"] = db.session.get_one(Organisation, agency.organisation_id).identifier
    publishing.publish_fees(agency, item_code=ITEM, terms={"method": "fixed", "price": price}, days=20)
    department = authority_for(db.session, "department", DEPARTMENT, COUNTY)
    assert department is not None
    world.emails["department"] = department.memberships[0].user.address
    world.settled()


def ledger(folder: Path, rounds: int, postings: int) -> Iterator[Row]:
    """Postings, each committed by itself, against the same statements sent by the driver alone to a copy.

    Milliseconds a posting.
    """
    with market(folder):
        _post(range(50))
        turns = [
            _against_its_sql(folder, lambda first=1000 * (turn + 1): _post(range(first, first + postings)))[
                :2
            ]
            for turn in range(rounds)
        ]
    ours, floor = sorted(turns)[len(turns) // 2]
    yield Row("ledger", postings, ours / postings, floor / postings)


def _post(numbers: range) -> None:
    for number in numbers:
        contract = f"C-{number % 50}"
        with transaction() as session:
            books.post(
                session,
                f"in {number}",
                "deposit_received",
                contract,
                [books.Transfer(books.clearing("bank"), books.escrow(contract), 100)],
            )
