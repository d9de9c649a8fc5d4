"""Migrations go up, down and up again, and the models ask for nothing they do not hold."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from market.extensions import alembic, db
from models import Base
from models.accounts import User
from models.agencies import Practitioner
from models.contracts import Contract
from models.sourcing import Request
from tests.factories import World


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
    insert = "INSERT INTO users (email, name, password_hash, is_admin, created_at) VALUES (:email, 'x', 'x', false, '2026-01-01')"
    alembic.downgrade(str(alembic.script_directory.get_revision("0011").down_revision))  # type: ignore[union-attr]
    db.session.rollback()
    with db.engine.begin() as connection:
        for email in ("rene\u0301@example.cn", "ＢＵＹＥＲ@example.cn", "no address"):
            connection.execute(text(insert), {"email": email})
        connection.execute(text("UPDATE practitioners SET number = 'ｚ－1 a' WHERE id = (SELECT min(id) FROM practitioners)"))
    alembic.upgrade()
    db.session.rollback()
    kept = set(db.session.scalars(select(User.email)))
    assert {"ren\u00e9@example.cn", "ＢＵＹＥＲ@example.cn", "buyer@example.cn", "no address"} <= kept
    assert "Z-1A" in db.session.scalars(select(Practitioner.number)).all()


def test_what_was_told_and_printed_before_is_known_after(app: Any, world: World) -> None:
    """A market from before 0007: its keeper knew every deadline, and every contract had a paper."""
    request, contract = world.request(mode="sealed_bid", funds="state"), world.signed()
    deadline, paper = world.deadline(request), Contract.load(db.session, contract).paper
    db.session.rollback()
    alembic.downgrade(str(alembic.script_directory.get_revision("0007").down_revision))  # type: ignore[union-attr]
    db.session.rollback()
    alembic.upgrade()
    db.session.rollback()
    assert Request.load(db.session, request).keeper_until == deadline
    assert Contract.load(db.session, contract).paper == paper
    assert paper is not None
