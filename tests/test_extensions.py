"""Migrations on PostgreSQL: one process at a time, and none that waits for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from market.config import ROOT
from market.extensions import MIGRATING, MIGRATION_LIMITS, alembic, db

MIGRATOR = """
import sys
from pathlib import Path
from market import create_app
from market.extensions import migrate
from tests.conftest import settings
app = create_app(settings(sys.argv[1], Path(sys.argv[2])))
with app.app_context():
    print("at the door", flush=True)
    migrate()
"""


@pytest.fixture
def empty(postgresql_server: str) -> Iterator[Engine]:
    """A database of PostgreSQL with nothing in it."""
    server = make_url(postgresql_server)
    admin = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE unmigrated"))
        engine = create_engine(server.set(database="unmigrated"))
        yield engine
        engine.dispose()
        connection.execute(text("DROP DATABASE unmigrated WITH (FORCE)"))
    admin.dispose()


def _migrator(engine: Engine, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATOR, engine.url.render_as_string(hide_password=False), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            ).scalar_one()
        )


def _version(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def test_of_two_processes_that_migrate_at_once_one_does_it_and_the_other_waits(
    empty: Engine, tmp_path: Path
) -> None:
    with empty.connect() as turn:
        turn.execute(text("SELECT pg_advisory_lock(:number)"), {"number": MIGRATING})
        processes = [_migrator(empty, tmp_path / name) for name in ("one", "other")]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "at the door\n"
        patience = monotonic() + 60
        while (waiting := _waiting(empty)) < 2 and monotonic() < patience:
            pass
        assert waiting == 2, "both came to the lock before either had begun"
        turn.rollback()
        turn.execute(text("SELECT pg_advisory_unlock_all()"))
        turn.commit()
        told = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    revisions = sorted(path.name[:4] for path in (ROOT / "models" / "migrations").glob("0*.py"))
    assert sorted(said.count("Running upgrade") for said in told) == [0, len(revisions)]
    assert _version(empty) == revisions[-1]


@pytest.fixture
def populated(app: Any, world: Any) -> Engine:
    return db.engine


on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@on_postgresql
def test_a_migration_gives_up_on_a_table_somebody_holds(
    populated: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _version(populated)
    monkeypatch.setitem(MIGRATION_LIMITS, "lock", 0.05)
    with populated.connect() as reader:
        reader.execute(text("SELECT count(*) FROM tenders"))
        with pytest.raises(OperationalError, match="lock timeout"):
            alembic.downgrade("0022")
    assert _version(populated) == before
    alembic.downgrade("0022")  # and goes on once it is free
    assert _version(populated) == "0022"


@on_postgresql
def test_a_statement_that_takes_too_long_undoes_the_whole_migration(
    populated: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _version(populated)
    monkeypatch.setitem(MIGRATION_LIMITS, "statement", 0.001)
    with pytest.raises(OperationalError, match="statement timeout"):
        alembic.downgrade("base")
    assert _version(populated) == before


@on_postgresql
def test_whoever_waits_too_long_for_its_turn_changes_nothing_and_the_limits_end_with_it(
    populated: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _version(populated)
    with populated.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATING})
        with monkeypatch.context() as hasty:
            hasty.setitem(MIGRATION_LIMITS, "turn", 0.05)
            with pytest.raises(OperationalError, match="lock timeout"):
                alembic.downgrade("0022")
    assert _version(populated) == before
    alembic.downgrade("0022")
    connection = alembic.migration_context.connection
    assert connection is not None
    kept = [connection.execute(text(f"SHOW {name}_timeout")).scalar_one() for name in ("lock", "statement")]
    assert kept == ["0", "0"]


@pytest.mark.parametrize("target", ["0023", "2"])
def test_a_number_of_steps_that_looks_like_a_revision_goes_back_nowhere(app: Flask, target: str) -> None:
    before = _version(db.engine)
    gone = app.test_cli_runner().invoke(args=["db", "downgrade", target])
    assert gone.exit_code == 2
    assert "one step at a time" in gone.output
    assert _version(db.engine) == before
