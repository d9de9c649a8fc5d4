"""The demonstration: played through the actions, the same every time, marked, and with an account a role."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from market import create_app
from market.demo import loading
from market.demonstration.people import ACCOUNTS, PASSWORD
from market.extensions import db
from models import clock, events
from models.accounts import Organisation
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.credit.score import CreditScore
from models.draws import Draw
from models.events import Event
from models.ledger import reports
from models.sourcing.awards import Award
from models.sourcing.modes import MODES
from models.sourcing.tenders import Tender
from tests.conftest import settings
from tests.web import Visitor

UNTIL = datetime(2026, 6, 1, 10, 0, tzinfo=BEIJING)


def _load(folder: Path, template: Path) -> Any:
    folder.mkdir()
    (folder / "market.sqlite3").write_bytes(template.read_bytes())
    app = create_app({**settings(f"sqlite:///{folder}/market.sqlite3", folder), "DEMO": True})
    with app.app_context():
        assert loading.is_empty()
        loading.load(UNTIL, tenders=60, days=120)
    return app


@pytest.fixture
def demo(tmp_path: Path, sqlite_template: Path) -> Any:
    app = _load(tmp_path / "one", sqlite_template)
    with clock.at(UNTIL), app.app_context():
        yield app
        db.session.close()
        db.engine.dispose()


def _counts(column: Any) -> dict[str, int]:
    return dict(db.session.execute(select(column, func.count()).group_by(column)).all())  # type: ignore[arg-type]


def _holds_every_stage() -> None:
    assert _counts(Organisation.kind) == {"agency": 60, "enterprise": 42, "authority": 20}
    assert {"published", "contracted", "evaluated"} <= set(_counts(Tender.state))
    assert {"active", "completed"} <= set(_counts(Contract.state))
    assert db.session.scalar(select(func.count(CreditScore.id)).where(CreditScore.grade.is_not(None)))
    drawn = db.session.scalars(select(Draw).where(Draw.drawn_at.is_not(None))).all()
    assert all(draw.result for draw in drawn)
    assert drawn, "a draw to re-run"
    assert set(_counts(Tender.mode)) == set(MODES), "every way to choose"
    assert reports.trial_balance(db.session) == 0
    assert {events.lag(db.session, name) for name in ("notifications", "credit")} == {0}
    times = list(db.session.scalars(select(Event.at).order_by(Event.id)))
    assert times == sorted(times), "the story is told in the order of time"
    assert max(times) <= UNTIL
    assert all(a.price <= a.published_price for a in db.session.scalars(select(Award)))


def _lets_every_listed_account_in(demo: Any) -> None:
    page = Visitor(demo).get("/sign-in").text
    for _, email in ACCOUNTS:
        assert email in page
        visitor = Visitor(demo)
        assert visitor.submit("/sign-in", email=email, password=PASSWORD).location == "/my"
        assert visitor.get("/my").status == 200
    assert "演示数据" in page


def test_a_market_at_every_stage_the_same_every_time(
    demo: Any, tmp_path: Path, sqlite_template: Path
) -> None:
    _holds_every_stage()
    _lets_every_listed_account_in(demo)
    db.session.rollback()

    def picture() -> Any:
        told = db.session.execute(
            select(Event.at, Event.kind, Event.case_identifier).order_by(Event.id)
        ).all()
        return told, db.session.execute(
            select(CreditScore.agency_id, CreditScore.score).order_by(CreditScore.agency_id)
        ).all()

    first = picture()
    other = _load(tmp_path / "two", sqlite_template)
    with other.app_context():
        second = picture()
        db.session.close()
        db.engine.dispose()
    assert [e[1:] for e in first[0]] == [e[1:] for e in second[0]]
    assert first == second
