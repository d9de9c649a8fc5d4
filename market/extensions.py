"""The Flask extensions, made once and bound to the app in create_app, and the engine's habits."""

from __future__ import annotations

import sqlite3
from time import monotonic, sleep
from typing import Any

from click import UsageError
from flask import current_app, request
from flask_alembic import Alembic
from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from flask_limiter import Limiter
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import Connection, Engine, event, text

from market.resuming import SignIns, Tokens
from models import Base
from models.sessions import network_of

PATIENCE, LOOK = (
    15.0,
    0.002,
)  # seconds a statement waits for SQLite's locks, and between two looks whether the write lock is free
SYNCHRONOUS = (
    "FULL"  # what is acknowledged survives a power cut; tests, which only kill processes, go without
)
MIGRATING = 0x676F6E67  # the number of PostgreSQL's advisory lock that whoever migrates holds: "gong"
MIGRATION_LIMITS = {  # seconds a migration waits on PostgreSQL
    "turn": 1800,  # for another process that migrates
    "lock": 10,  # for a lock on a table: everybody who comes after a waiting ALTER TABLE waits with it
    "statement": 900,  # for one statement, the rewriting of a large table among them
}


class Migrations(Alembic):
    """Flask-Alembic, whose `run_migrations` stands in the place of Alembic's env.py."""

    def run_migrations(self, fn: Any, **kwargs: Any) -> None:
        """Carry out the steps that `fn` names for the revision found.

        On PostgreSQL one process at a time: a second waits, and finds done what the first did. The lock and
        the limits of `MIGRATION_LIMITS` end with the transaction all steps are in. OperationalError where one
        of them is exceeded; nothing is changed then. SQLite knows no such limits; there the lock of the
        market's folder keeps a second process away (serving/lock.py).
        """
        connection = self.migration_context.connection
        if connection is not None and connection.dialect.name == "postgresql":
            connection.rollback()  # whatever was read before this
            _limit(connection, lock=MIGRATION_LIMITS["turn"], statement=0)
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATING})
            _limit(connection, lock=MIGRATION_LIMITS["lock"], statement=MIGRATION_LIMITS["statement"])
        super().run_migrations(fn, **kwargs)

    def downgrade(self, target: Any = -1) -> None:
        """Go back to a revision, or by one step.

        The command takes any number for one of steps: `db downgrade 0023` would go back twenty-three, and
        drop what they made. UsageError for more than one at a time.
        """
        if str(target).startswith("-") and str(target) != "-1":
            raise UsageError("one step at a time: flask --app wsgi db downgrade 1")
        super().downgrade(target)


def _limit(connection: Connection, **seconds: float) -> None:
    """Limit what the statements of this transaction wait for; 0 is no limit."""
    for name, limit in seconds.items():
        connection.execute(text(f"SET LOCAL {name}_timeout = {int(limit * 1000)}"))


db = SQLAlchemy()
alembic = Migrations(metadatas=Base.metadata)
babel = Babel()
bootstrap = Bootstrap5()
csrf = Tokens()


def place() -> str:
    """Where a request comes from, as far as limits go: the address of IPv4.

    Of IPv6 the /64, since whoever has one address there has them all.
    """
    return network_of(request.remote_addr or "127.0.0.1", (32, 64)).removesuffix("/32")


limiter = Limiter(
    place, in_memory_fallback_enabled=True
)  # where the counts cannot be kept, each process counts for itself
login = SignIns()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, record: object) -> None:
    """WAL, so that reads never wait; foreign keys; and no transactions but those SQLAlchemy begins."""
    if type(connection).__module__.startswith("sqlite3"):
        connection.isolation_level = None
        cursor = connection.cursor()
        _wait_for_locks(cursor, PATIENCE)
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """A writing transaction takes SQLite's one write lock at its start, so it never has to give up midway."""
    if connection.dialect.name == "sqlite":
        if connection.get_execution_options().get("writing", False):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    """Begin with the write lock as soon as it is free.

    SQLite's own waiting looks the less often the longer it has waited, so that under load who came last goes
    first and some wait for seconds; here everybody looks equally often.
    """
    cursor, until = connection.connection.cursor(), monotonic() + PATIENCE
    _wait_for_locks(cursor, 0)
    try:
        while (error := _error_beginning(cursor)) == sqlite3.SQLITE_BUSY and monotonic() < until:
            sleep(LOOK)
        if error:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what the rest of the market expects
    finally:
        _wait_for_locks(cursor, PATIENCE)


def _error_beginning(cursor: Any) -> int:
    """SQLite's code of why a writing transaction could not begin, or 0 where it did."""
    try:
        cursor.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return int(error.sqlite_errorcode) & 0xFF  # above it the code says of which kind
    return 0


def _wait_for_locks(cursor: Any, seconds: float) -> None:
    cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def migrate() -> None:
    """Bring the database to the newest version, in a context of its own.

    The connection this holds open ends with it.
    """
    with current_app.app_context():
        alembic.upgrade()
