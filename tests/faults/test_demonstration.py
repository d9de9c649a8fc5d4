"""The demonstration is killed while it is loaded.

The market knows, is wiped, and begins again as if nothing had been.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from harness.factories import code
from market import create_app
from market.accounts.actions import members
from market.config import ROOT
from market.demo import loading
from market.demonstration import progress
from market.extensions import db
from market.jobs import Jobs
from market.serving.ready import refusals
from models import CASES, Base, clock
from models.accounts import Organisation
from models.actors import SYSTEM, VISITOR
from models.batches import DEMONSTRATION, Batch
from models.clock import BEIJING
from models.events import Event
from models.ledger import books, reports
from tests.conftest import settings

UNTIL = datetime(2026, 6, 1, 10, 0, tzinfo=BEIJING)
SIZE: dict[str, Any] = {"tenders": 6, "days": 30}
LOADER = """
import sys
from pathlib import Path
from market import create_app
from market.demo import loading
from tests.conftest import settings
from tests.faults.test_demonstration import SIZE, UNTIL
if __name__ == "__main__":
    app = create_app({**settings(sys.argv[1], Path(sys.argv[2])), "DEMO": True})
    with app.app_context():
        loading.load(UNTIL, **SIZE, report=lambda share: print(share, flush=True))
"""


@pytest.fixture
def demo(database: str, tmp_path: Path) -> Any:
    app = create_app({**settings(database, tmp_path), "DEMO": True})
    with app.app_context():
        yield app
        db.session.close()
        db.engine.dispose()


def _loader(database: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", LOADER, database, str(folder)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _seed(app: Any) -> None:
    app.test_cli_runner().invoke(args=["seed"])


def _picture() -> dict[str, Any]:
    """What a market holds, by counts, and what happened in it in what order."""
    db.session.rollback()
    counts = {
        table.name: db.session.scalar(select(func.count()).select_from(table))
        for table in Base.metadata.sorted_tables
    }
    told = db.session.execute(select(Event.at, Event.kind, Event.case_identifier).order_by(Event.id)).all()
    balances = db.session.execute(
        select(books.Account.code, books.Account.balance).order_by(books.Account.code)
    ).all()
    return {
        "counts": counts,
        "told": [tuple(each) for each in told],
        "balances": [tuple(each) for each in balances],
    }


@pytest.mark.faults
def test_killed_in_the_middle_it_is_wiped_and_begins_again(demo: Any, database: str, tmp_path: Path) -> None:
    process = _loader(database, tmp_path)
    assert process.stdout is not None
    told = [0.0]
    while told[-1] < 0.3:
        told.append(float(process.stdout.readline()))
    process.kill()
    process.communicate()
    assert told == sorted(told)
    assert told[-1] < 1
    assert loading.unfinished()
    shown = progress.share()
    assert shown is not None
    assert 0 < shown < 1
    assert db.session.scalar(select(func.count(Event.id)))

    demo.config["DEMO"] = True
    prepared = demo.test_cli_runner().invoke(args=["prepare"])
    assert "broken off" in prepared.output, prepared.output
    assert loading.is_empty()
    assert not loading.unfinished()
    assert db.session.scalar(select(func.count(Event.id))) == 0
    assert not [
        path for folder in ("files", "keeper") for path in (tmp_path / folder).rglob("*") if path.is_file()
    ]

    loading.load(UNTIL, **SIZE)
    assert not loading.unfinished()
    again = _picture()
    assert mark_of() == ("done", 100)
    assert reports.trial_balance(db.session) == 0
    assert again["counts"]["organisations"] > 100

    progress.begin()  # and once more, this time in one go
    loading.wipe()
    _seed(demo)
    loading.load(UNTIL, **SIZE)
    once = _picture()
    assert once["told"] == again["told"]
    assert once == again


def mark_of() -> tuple[str, int]:
    state, position = db.session.execute(
        select(Batch.state, Batch.position).where(Batch.kind == DEMONSTRATION).order_by(Batch.id.desc())
    ).one()
    return state, position


def test_nothing_is_wiped_but_an_unfinished_demonstration(demo: Any) -> None:
    with pytest.raises(RuntimeError):
        loading.wipe()
    progress.begin()
    progress.begin()
    progress.finish()
    with pytest.raises(RuntimeError):
        loading.wipe()
    assert mark_of() == ("done", 100)


@pytest.mark.faults
def test_broken_off_in_a_trial_it_is_served_nowhere_and_played_anew(demo: Any, time: Any) -> None:
    """`flask demo` with DEMO=0.

    The mark alone says that it is not whole, to the command, to the jobs, and to whoever would serve it.
    """
    demo.config.update(DEMO=False, TRIAL=True)
    progress.begin()
    members.appoint_admin(SYSTEM, email="admin@demo.gongxin.cn", name="管理员", password="gongxin-demo")
    members.sign_up(
        VISITOR,
        email="e00@demo.gongxin.cn",
        name="项目业主",
        password="gongxin-demo",
        kind="enterprise",
        organisation="演示有限公司",
        uscc=code(7),
        region_code="632801",
    )
    assert not loading.is_empty()
    db.session.rollback()
    (problem,) = refusals(demo)
    assert "is not whole" in problem
    acted: list[str] = []
    do = demo.extensions["jobs"]._within(lambda: acted.append("acted"))
    do()
    assert acted == []
    db.session.rollback()
    played = demo.test_cli_runner().invoke(args=["demo", "--days", "30", "--tenders", "2"])
    assert played.exit_code == 0, played.output
    db.session.rollback()
    assert (refusals(demo), mark_of()) == ([], ("done", 100))
    assert reports.trial_balance(db.session) == 0
    do()
    assert acted == ["acted"]
    db.session.rollback()
    assert "not empty" in demo.test_cli_runner().invoke(args=["demo"]).output


def test_while_it_loads_the_jobs_leave_the_past_alone(demo: Any) -> None:
    """By the real clock everything in the year that is played is overdue."""
    jobs: Jobs = demo.extensions["jobs"]
    progress.begin()
    with clock.at(UNTIL):
        members.sign_up(
            VISITOR,
            email="visitor@example.cn",
            name="来客",
            password="correct horse battery",
            kind="enterprise",
            organisation="来客有限公司",
            uscc=code(7),
            region_code="632801",
        )
    jobs.passes["deadlines"]()
    jobs.passes["events"]()
    assert db.session.scalar(select(func.count(Event.id)))
    from models.events import lag

    assert lag(db.session, "notifications") == db.session.scalar(select(func.max(Event.id)))
    progress.finish()
    jobs.passes["events"]()
    assert lag(db.session, "notifications") == 0


@pytest.mark.faults
def test_people_come_in_while_it_is_loaded(demo: Any) -> None:
    """Somebody signs up in the middle, at the real time; the demonstration goes on around them."""
    came: list[str] = []

    def visit(share: float) -> None:
        if share > 0.2 and not came:
            playing = clock._source
            clock.use_system()  # as in the process that serves
            try:
                came.append(
                    members.sign_up(
                        VISITOR,
                        email="visitor@example.cn",
                        name="来客",
                        password="correct horse battery",
                        kind="agency",
                        organisation="来客技术有限公司",
                        uscc=code(7),
                        region_code="632801",
                    )
                )
            finally:
                clock.use(playing)

    loading.load(UNTIL, **SIZE, report=visit)
    visitor = Organisation.load(db.session, came[0])
    assert visitor.state == "draft"
    assert not loading.unfinished()
    for case_class in CASES.values():
        identifiers = db.session.scalars(select(case_class.identifier)).all()
        assert len(identifiers) == len(set(identifiers))
