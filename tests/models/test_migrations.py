"""Migrations go up, down and up again, and the models ask for nothing they do not hold."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from market.extensions import alembic, db
from models import Base
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
