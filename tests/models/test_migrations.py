"""Migrations go up, down and up again, and the models ask for nothing they do not hold."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text, update

from market.extensions import alembic, db
from market.transaction import transaction
from models import Base
from models.accounts import User
from models.actors import SYSTEM
from models.agencies import Practitioner
from models.contracts import Contract
from models.events import record
from models.payments import Payout
from models.sourcing import Tender
from tests.audience import EXPECTED
from tests.every_case import name_the_cases
from tests.factories import World
from tests.web import sign_in

RELEASED = "0009"  # the version of the release before this
SINCE = {
    "letters",
    "upload_tallies",
    "account_changes",
    "claims",
}  # tables that came since: what was in them is gone with them


def test_up_down_up_and_autogenerate_finds_nothing(app: Any) -> None:
    tables = set(inspect(db.engine).get_table_names())
    assert set(Base.metadata.tables) < tables
    alembic.downgrade("base")
    db.session.rollback()
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    alembic.upgrade()
    assert set(inspect(db.engine).get_table_names()) == tables
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_what_was_kept_as_it_was_typed_is_found_after(app: Any, world: World) -> None:
    """A market from before 0011. Of two that come to the same, both stay."""
    insert = (
        "INSERT INTO users (email, name, password_hash, is_admin, created_at)"
        " VALUES (:email, 'x', 'x', false, '2026-01-01')"
    )
    alembic.downgrade(str(alembic.script_directory.get_revision("0011").down_revision))  # type: ignore[union-attr]
    db.session.rollback()
    with db.engine.begin() as connection:
        for email in ("rene\u0301@example.cn", "ＢＵＹＥＲ@example.cn", "no address"):
            connection.execute(text(insert), {"email": email})
        connection.execute(
            text("UPDATE practitioners SET number = 'ｚ－1 a' WHERE id = (SELECT min(id) FROM practitioners)")
        )
    alembic.upgrade()
    db.session.rollback()
    kept = set(db.session.scalars(select(User.email)))
    assert {"ren\u00e9@example.cn", "ＢＵＹＥＲ@example.cn", "buyer@example.cn", "no address"} <= kept
    assert "Z-1A" in db.session.scalars(select(Practitioner.number)).all()


def test_what_was_told_and_printed_before_is_known_after(app: Any, world: World) -> None:
    """A market from before 0007: its keeper knew every deadline, and every contract had a paper."""
    tender, contract = world.tender(mode="sealed_bid", funds="state"), world.signed()
    deadline, paper = world.deadline(tender), Contract.load(db.session, contract).paper
    db.session.rollback()
    alembic.downgrade(str(alembic.script_directory.get_revision("0007").down_revision))  # type: ignore[union-attr]
    db.session.rollback()
    alembic.upgrade()
    db.session.rollback()
    assert Tender.load(db.session, tender).keeper_until == deadline
    assert Contract.load(db.session, contract).paper == paper
    assert paper is not None


def test_what_a_gateway_tried_is_not_counted_with_what_the_bank_was_told(
    app: Any, world: World, time: Any
) -> None:
    """Of a payout that Stripe failed and the custodian then sent the bank was told once.

    Of one that only the bank sent, as often as before.
    """
    failed, plain = (
        world.every(Payout, world.settled(agency=name))[0].identifier for name in ("agency", "second")
    )
    db.session.rollback()
    alembic.downgrade("0020")
    with transaction() as session:
        for payout, happened in (
            (failed, ("begin system", "send system", "send custodian")),
            (plain, ("send custodian", "send custodian")),
        ):
            for act, role in (each.split() for each in happened):
                record(session, SYSTEM, f"payout.{act}", "payout", payout, role=role)
        session.execute(update(Payout).values(tries=2))
    db.session.rollback()
    alembic.upgrade()
    db.session.rollback()
    assert [Payout.load(db.session, payout).tries for payout in (failed, plain)] == [1, 2]


def test_a_market_with_a_case_of_every_kind_goes_through_every_version_since_the_last_release(
    app: Any, world: World, time: Any
) -> None:
    """Down and up with rows in every table that people fill, their keys held to by the database.

    Then its pages open.
    """
    names = name_the_cases(world, time)
    filled = {table: count for table in Base.metadata.tables if (count := _rows(table))}
    alembic.downgrade(RELEASED)
    db.session.rollback()
    alembic.upgrade()
    db.session.rollback()
    assert filled.keys() >= {"bank_lines", "ledger_entries", "bids", "contracts"}
    assert len(filled) > 50
    assert {table: _rows(table) for table in filled if table not in SINCE} == {
        table: count for table, count in filled.items() if table not in SINCE
    }
    for who in ("visitor", "buyer", "regulator", "admin"):
        reader = sign_in(app, world, who)
        for pattern in EXPECTED:
            assert reader.get(pattern.format(**names)).status != 500, (who, pattern)


def _rows(table: str) -> int:
    found = int(db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
    db.session.rollback()
    return found
