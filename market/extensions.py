"""The Flask extensions, made once and bound to the app in create_app, and the engine's habits."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_alembic import Alembic
from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy_lite import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine, event

from models import Base

SYNCHRONOUS = "FULL"  # what is acknowledged survives a power cut; tests, which only kill processes, go without
db = SQLAlchemy()
alembic = Alembic(metadatas=Base.metadata)
babel = Babel()
bootstrap = Bootstrap5()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, in_memory_fallback_enabled=True)  # where the counts cannot be kept, each process counts for itself
login = LoginManager()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, record: object) -> None:
    """WAL, so that reads never wait; foreign keys; and no transactions but those SQLAlchemy begins."""
    if type(connection).__module__.startswith("sqlite3"):
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 15000")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """A writing transaction takes SQLite's one write lock at its start, so it never has to give up midway."""
    if connection.dialect.name == "sqlite":
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def migrate() -> None:
    """Bring the database to the newest version, in a context of its own: the connection this holds open ends with it."""
    with current_app.app_context():
        alembic.upgrade()
