"""Some readers on every page, under every Python at hand and on both databases.

No process dies, no answer is a 5xx.

With a collection every 50 objects, which brought 3.11 down in two seconds where it was left to collect by
itself; under the newest also with the collector's own threshold, and longer. `make nightly` asks that of the
others too.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import requests
from bs4 import BeautifulSoup
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from harness.server import ROOT, Server
from market.demonstration.people import PASSWORD, REGULATOR

pytestmark = pytest.mark.faults
SECONDS = float(os.environ.get("LOAD_SECONDS", "30"))  # under the Python of the work as it is
BRIEFLY = SECONDS / 3  # elsewhere: what falls, falls in two seconds
_EVERY = subprocess.run(
    [ROOT / ".ci" / "find-python", "--all"], capture_output=True, text=True, check=True
).stdout.splitlines()
_NEWEST = {line.split(".")[1]: line for line in reversed(_EVERY)}  # of 3.13, of 3.12 and so on
FOUND = dict(line.split(" ", 1) for line in reversed(_NEWEST.values()))
NEWEST, *OLDER = FOUND
THRESHOLDS = [
    (NEWEST, ""),
    *((version, "50") for version in FOUND),
    *(pytest.param(version, "", marks=pytest.mark.nightly) for version in OLDER),
]
PUBLIC = (
    "/",
    "/items",
    "/items/EIA-01",
    "/requests",
    "/awards",
    "/agencies",
    "/agencies?q=%E7%8E%AF%E8%AF%84&region=632800",
    "/credit",
    "/policy",
    "/matters",
)
SIGNED_IN = (
    "/my",
    "/my/notices",
    "/contracts",
    "/oversight/agencies",
    "/oversight/money",
    "/oversight/checks",
    "/oversight/first-pass",
    "/oversight/clauses",
    "/ledger",
    "/ledger/accounts",
)


def _environment(version: str, python: str) -> str:
    """An environment of this Python with what production installs; ours where it is the same."""
    if version == "{}.{}.{}".format(*sys.version_info[:3]):
        return sys.executable
    folder = ROOT / ".tools" / f"python-{version}"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        install = [
            folder / "bin" / "python",
            "-m",
            "pip",
            "install",
            "-qq",
            "--no-deps",
            "--require-hashes",
            "-r",
            ROOT / "requirements.txt",
        ]
        subprocess.run(install, check=True)
        (folder / "installed").touch()
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration of two months in a folder, to be copied."""
    home = tmp_path_factory.mktemp("played")
    server = Server(home)
    server.command("prepare")
    server.command("demo", "--days", "60", "--tenders", "24")
    return home


@pytest.fixture(scope="module")
def played_postgresql(postgresql_server: str) -> str:
    url = make_url(postgresql_server)
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE played TEMPLATE template"))
    engine.dispose()
    return url.set(database="played").render_as_string(hide_password=False).replace("+psycopg", "")


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """The folder and the database of a market with two months behind it."""
    folder = tmp_path / "home"
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("played"), folder)
        return folder, ""
    folder.mkdir()
    url = request.getfixturevalue("played_postgresql")
    server = Server(folder, database=url)
    server.command("prepare")
    with contextlib.suppress(RuntimeError):  # played already, by the test before
        server.command("demo", "--days", "60", "--tenders", "24")
    return folder, url


def _cookie(server: Server) -> str:
    with requests.Session() as client:
        token = BeautifulSoup(client.get(f"{server.url}/sign-in", timeout=30).text, "html.parser").select_one(
            "main [name=csrf_token]"
        )
        assert token is not None
        sent = {"csrf_token": token["value"], "email": REGULATOR, "password": PASSWORD}
        assert (
            client.post(f"{server.url}/sign-in", data=sent, timeout=30, allow_redirects=False).status_code
            == 303
        )
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def _read(server: Server, cookie: str, until: float, answers: Counter[str], place: int) -> None:
    """One reader: page after page over one connection, until the time is up."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    pages = [(path, {}) for path in PUBLIC] + [(path, {"Cookie": cookie}) for path in SIGNED_IN]
    while time.monotonic() < until:
        path, headers = pages[place % len(pages)]
        place += 1
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            answers[f"{answer.status} {path}"] += 1
        except (OSError, http.client.HTTPException) as error:
            answers[f"{type(error).__name__} {path}"] += 1
            connection.close()
    connection.close()


@pytest.mark.parametrize(("version", "threshold"), THRESHOLDS)
def test_readers_on_every_page_bring_nothing_down(
    home: tuple[Path, str], version: str, threshold: str
) -> None:
    folder, url = home
    collects = (
        {"GC_THRESHOLD": threshold, "PYTHONPATH": str(Path(__file__).parent / "collecting")}
        if threshold
        else {}
    )
    server = Server(
        folder,
        database=url,
        environment={**collects, "RATELIMIT_ENABLED": "0"},
        python=_environment(version, FOUND[version]),
    )
    with server:
        children = {child.pid for child in server.children()}
        answers: Counter[str] = Counter()
        seconds = BRIEFLY if threshold or version != NEWEST else SECONDS
        cookie, until = _cookie(server), time.monotonic() + seconds
        readers = [
            threading.Thread(target=_read, args=(server, cookie, until, answers, place * 5))
            for place in range(4)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        alive = {child.pid for child in psutil.Process(server.pid).children()}
    wrong = {key: count for key, count in answers.items() if not key.startswith("200 ")}
    print(
        f"Python {version}, {'PostgreSQL' if url else 'SQLite'}, threshold {threshold or 'usual'}: "
        f"{answers.total()} pages, {answers.total() / seconds:.0f} a second"
    )
    assert wrong == {}, server.log()[-2000:]
    assert len(answers) == len(PUBLIC) + len(SIGNED_IN)
    assert alive == children, server.log()[-2000:]
    assert "SIGSEGV" not in server.log()
