"""Rate limits that all processes of a machine share.

Fixed windows counted in a small SQLite file of their own.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import Any
from urllib.parse import unquote, urlsplit

from limits.storage import Storage

_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class SqliteStorage(Storage):
    """`limits+sqlite:///path`.

    A limit a minute old counts nothing and is overwritten; losing the file, or finding it broken after a
    power cut, only forgets tries.
    """

    STORAGE_SCHEME = ["limits+sqlite"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._path = unquote(urlsplit(uri).path)
        self._made = False

    @property
    def base_exceptions(self) -> type[Exception]:
        return sqlite3.Error

    def _one(self, statement: str, *values: Any) -> Any:
        try:
            return self._asked(statement, values)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in _BROKEN:
                self._forget()
            elif "no such table" not in str(error):
                raise
        self._made = False
        return self._asked(statement, values)

    def _asked(self, statement: str, values: tuple[Any, ...]) -> Any:
        with contextlib.closing(sqlite3.connect(self._path, timeout=5, isolation_level=None)) as connection:
            if not self._made:
                connection.executescript(
                    "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS counted (key TEXT "
                    "PRIMARY KEY, count INTEGER, until REAL)"
                )
                self._made = True
            connection.execute("PRAGMA synchronous = OFF")
            return connection.execute(statement, values).fetchone()

    def _forget(self) -> None:
        for beside in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path + beside)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        found = self._one(
            "INSERT INTO counted VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET"
            " count = CASE WHEN until <= ?4 THEN ?2 ELSE count + ?2 END, until = CASE WHEN until "
            "<= ?4 THEN ?3 ELSE until END RETURNING count",
            key,
            amount,
            now + expiry,
            now,
        )
        if (
            int(found[0]) == amount
        ):  # a window begins: what is over is dropped, so that whoever makes up names fills nothing
            self._one("DELETE FROM counted WHERE until <= ?", now - 60)
        return int(found[0])

    def get(self, key: str) -> int:
        found = self._one("SELECT count FROM counted WHERE key = ? AND until > ?", key, time.time())
        return int(found[0]) if found else 0

    def get_expiry(self, key: str) -> float:
        found = self._one("SELECT until FROM counted WHERE key = ?", key)
        return float(found[0]) if found else time.time()

    def check(self) -> bool:
        try:
            return self._one("SELECT 1") is not None
        except sqlite3.Error:
            return False

    def reset(self) -> int | None:
        self._one("DELETE FROM counted")
        return None

    def clear(self, key: str) -> None:
        self._one("DELETE FROM counted WHERE key = ?", key)
