"""What answering a request costs: through the whole stack, and a page with much on it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextvars import Context
from pathlib import Path

import requests as http
from sqlalchemy import select

from bench.measure import Row, both, plain, recorded, replay
from bench.rows.markets import demonstration
from harness.server import Server, free_port
from market.extensions import db
from models.accounts import Organisation

THREADS = "4"
EMPTY = """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def hello(): return "ok"
"""


@contextlib.contextmanager
def empty_view(folder: Path, source: str = EMPTY) -> Iterator[str]:
    """The floor of a request: one empty Flask view behind the same server with as many threads."""
    (folder / "empty.py").write_text(source)
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "waitress",
        f"--listen=127.0.0.1:{port}",
        f"--threads={THREADS}",
        "empty:app",
    ]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(http.ConnectionError):
                http.get(f"http://127.0.0.1:{port}/", timeout=5)
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def hello(folder: Path, rounds: int) -> Iterator[Row]:
    """A request through the whole stack against an empty view.

    The stack: session, language, headers, one SQL statement.
    """
    server = Server(folder, environment={"THREADS": THREADS})
    server.command("prepare")
    with server, empty_view(folder) as empty, http.Session() as client:
        ours, floor = both(lambda: client.get(f"{server.url}/health"), lambda: client.get(empty), rounds)
    yield Row("hello", rounds, ours, floor)


def agency_page(folder: Path, rounds: int, tenders: int, days: int) -> Iterator[Row]:
    """The public page of an agency, rendered in process, against the SQL it sends.

    The statements are sent by the driver alone.
    """
    with demonstration(folder, tenders, days) as app:
        first = db.session.scalars(
            select(Organisation.identifier).where(Organisation.kind == "agency").order_by(Organisation.id)
        ).first()
        client = app.test_client()

        def page() -> None:
            answer = Context().run(lambda: client.get(f"/agencies/{first}"))
            assert answer.status_code == 200, answer.status_code

        with recorded(db.engine) as log:
            page()
        with contextlib.closing(plain(folder / "market.sqlite3")) as connection:
            ours, floor = both(page, lambda: replay(connection, log), rounds)
    yield Row("agency-page", sum(not s.startswith(("BEGIN", "COMMIT", "ROLL")) for s, _ in log), ours, floor)
