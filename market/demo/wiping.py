"""Emptying a market whose demonstration was not loaded to its end, so that it can be loaded anew."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import inspect, text

from market.demonstration import progress
from market.extensions import db, migrate
from market.keeper import FolderKeeper

# The functions behind the triggers; what belongs to an extension is not ours.
_FUNCTIONS = text(
    "SELECT CAST(CAST(p.oid AS regprocedure) AS text) FROM pg_proc p WHERE p.pronamespace = "
    "CAST(current_schema() AS regnamespace) "
    "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
)


def wipe() -> None:
    """Leave an empty, migrated market and empty folders.

    RuntimeError unless the demonstration's mark says that it was not finished: nobody else's data is ever
    wiped.

    The database goes last and at once: killed before that, the mark still says what is to be done.
    """
    if not progress.under_way():
        raise RuntimeError("only a demonstration that was not loaded to its end may be wiped")
    db.session.close()
    _empty_folders(current_app.config, current_app.extensions["keeper"])
    if db.engine.dialect.name == "postgresql":
        _drop_from_postgresql()
    else:
        _drop_from_sqlite()
    db.engine.dispose()
    migrate()


def _empty_folders(settings: Any, keeper: object) -> None:
    """The files by their digests, the keeper's keys where the keeper is our own, the index."""
    for path in Path(settings["FILES_FOLDER"]).glob("??/*"):
        if re.fullmatch(r"[0-9a-f]{64}", path.name):
            path.unlink()
    if isinstance(keeper, FolderKeeper):
        for path in keeper.folder.glob("*.json"):
            path.unlink()
    shutil.rmtree(settings["INDEX_FOLDER"], ignore_errors=True)


def _drop_from_postgresql() -> None:
    quoted = db.engine.dialect.identifier_preparer.quote
    with db.engine.begin() as connection:
        for table in inspect(connection).get_table_names():
            connection.execute(text(f"DROP TABLE IF EXISTS {quoted(table)} CASCADE"))
        for function in list(connection.scalars(_FUNCTIONS)):
            connection.execute(text(f"DROP FUNCTION IF EXISTS {function} CASCADE"))


def _drop_from_sqlite() -> None:
    """By the driver's own connection: foreign keys can only be switched off outside of any transaction."""
    raw = db.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'trigger', 'view') AND "
            "name NOT LIKE 'sqlite_%'"
        )
        for kind, name in sorted(
            cursor.fetchall(), key=lambda found: ("trigger", "view", "table").index(found[0])
        ):
            cursor.execute(f'DROP {kind} IF EXISTS "{name}"')
        cursor.execute("COMMIT")
        cursor.execute("PRAGMA foreign_keys = ON")
    finally:
        raw.invalidate()
        raw.close()
