"""Markets in this process, to measure in: an empty one, and a demonstration of a few months."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from harness.lifecycle import START
from market import create_app
from market.demo import loading
from market.extensions import db, migrate
from market.indexing import rebuild_index
from models import clock


@contextlib.contextmanager
def environment(**settings: str) -> Iterator[None]:
    """These variables in the environment, and afterwards what there was before."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def market(folder: Path) -> Iterator[Flask]:
    """A market with nobody in it, migrated and seeded as every market is."""
    with environment(
        GONGXIN_HOME=str(folder), DATABASE_URL="", DEMO="1", JOBS="manual", RATELIMIT_ENABLED="0"
    ):
        app = create_app()
    with app.app_context():
        migrate()
        app.test_cli_runner().invoke(args=["seed"], catch_exceptions=False)
        try:
            yield app
        finally:
            db.session.close()
            db.engine.dispose()


@contextlib.contextmanager
def demonstration(folder: Path, tenders: int, days: int) -> Iterator[Flask]:
    """A market after `days` with `tenders`, searchable; its clock stands at the end of them."""
    with market(folder) as app:
        loading.load(START, tenders=tenders, days=days)
        clock.use(lambda: START)
        try:
            rebuild_index()
            yield app
        finally:
            clock.use_system()
