"""Migrations go up, down and up again, and the models ask for nothing they do not hold."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from market.extensions import alembic, db
from models import Base


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
