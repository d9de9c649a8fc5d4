"""`/health` says that a process answers, `/ready` that the market does its work."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text

from market import create_app
from market.jobs import LANES
from market.transaction import transaction
from models import heartbeats
from tests.conftest import settings
from tests.web import Visitor


def test_a_market_that_does_its_work_is_ready(app: Flask) -> None:
    answer = Visitor(app).get("/ready")
    assert answer.status == 200
    told = answer.response.get_json()
    assert (told["ready"], told["problems"], told["files"]) == (True, [], "ok")


def test_without_its_database_it_answers_and_is_not_ready(tmp_path: Path) -> None:
    for url in ("postgresql+psycopg://nobody@127.0.0.1:9/none", f"sqlite:///{tmp_path}/nowhere/market.sqlite3"):
        app = create_app(settings(url, tmp_path))
        with app.app_context():
            visitor = Visitor(app)
            assert visitor.get("/health").status == 200
            answer = visitor.get("/ready")
            assert answer.status == 503
            assert answer.response.get_json()["problems"] == ["database: OperationalError"]


def test_a_database_of_another_version_is_said(app: Flask) -> None:
    with transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = Visitor(app).get("/ready")
    assert answer.status == 503
    assert answer.response.get_json()["problems"][0].startswith("migrations: at 0001, not at ")


def test_where_no_file_can_be_kept_it_is_not_ready(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    app.config["FILES_FOLDER"] = tmp_path / "a file" / "files"
    answer = Visitor(app).get("/ready")
    assert (answer.status, answer.response.get_json()["problems"]) == (503, ["files: Not a directory"])


def test_lanes_that_are_not_heard_of_are_named(app: Flask, time: Any) -> None:
    app.config["JOBS"] = "queued"
    visitor = Visitor(app)
    assert visitor.get("/ready").response.get_json()["problems"] == [f"jobs: {lane} has not been heard of" for lane in LANES]
    with transaction() as session:
        for lane in LANES:
            heartbeats.beat(session, lane)
    assert visitor.get("/ready").status == 200
    time.instant += timedelta(seconds=31)
    assert visitor.get("/ready").response.get_json()["problems"] == ["jobs: deadlines has not been heard of"]
    time.instant += timedelta(hours=1)
    assert len(visitor.get("/ready").response.get_json()["problems"]) == len(LANES)
