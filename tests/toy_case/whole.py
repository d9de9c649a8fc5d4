"""What a case type of three files does by itself. In a process of its own: test_case_registry.py begins it.

A case type is declared before the first application is made, and cannot be taken back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader
from sqlalchemy import inspect, select

from harness.factories import World
from market.case_views import url_of
from market.extensions import db
from market.jobs import run_deadlines
from market.referrals import urges
from market.transaction import transaction
from market.worklist.waiting import waiting
from models import clock, workdays
from models.accounts import Organisation
from models.diagrams import describe
from models.events import Event
from tests.toy_case import room
from tests.toy_case.model import PETITION, Petition, file
from tests.web import Visitor, sign_in

HERE = Path(__file__).parent


@pytest.fixture
def petition(app: Flask, world: World, time: Any) -> str:
    """One an agency filed. Its table is what a migration would make, its template stands in its folder."""
    with db.engine.connect() as connection:
        connection.execution_options(writing=True)
        Petition.__table__.create(connection)  # type: ignore[attr-defined]
        connection.commit()
    app.jinja_env.loader = ChoiceLoader([app.jinja_env.loader, FileSystemLoader(HERE / "templates")])
    return filed(world, "收费公示的页面打不开")


def filed(world: World, words: str) -> str:
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers["agency"])
        return file(session, world.actor("agency"), agency, words, workdays.add(clock.now(), 5)).identifier


def found(identifier: str) -> Petition:
    db.session.rollback()
    return Petition.load(db.session, identifier)


def test_it_is_three_files_and_nothing_else() -> None:
    files = {path.name for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert files - {"__init__.py", "whole.py"} == {"model.py", "room.py", "petition.html"}


def test_its_page_is_found_by_its_identifier_alone(app: Flask, world: World, petition: str) -> None:
    address = f"/petitions/{petition}"
    assert petition == "PE-2026-000001"
    with app.test_request_context():
        assert url_of(petition) == address
    agency = sign_in(app, world, "agency")
    assert agency.get(f"/agencies?q={petition}").location.endswith(address)
    page = agency.get(address)
    assert page.status == 200
    assert "收费公示的页面打不开" in page.text
    assert "提交来信" in page.text
    assert sign_in(app, world, "second").get(address).status == 404
    assert Visitor(app).get(address).status == 302


def test_it_waits_in_the_worklist_and_an_act_is_done_from_a_page(
    app: Flask, world: World, petition: str
) -> None:
    regulator = sign_in(app, world, "regulator")
    assert [case.identifier for case in waiting(world.actor("regulator"))] == [petition]
    links = [link["href"] for link in regulator.get("/my").soup.select("main td a")]
    assert f"/petitions/{petition}" in links
    assert f"/petitions/{petition}/take" in regulator.get(f"/petitions/{petition}").text
    assert sign_in(app, world, "agency").get(f"/petitions/{petition}/take").status == 403
    assert sign_in(app, world, "second").get(f"/petitions/{petition}/take").status == 404
    assert regulator.get(f"/petitions/{petition}/lapse").status == 404
    assert regulator.get(f"/petitions/{petition}/answer").status == 409
    sent = regulator.submit(f"/petitions/{petition}/take")
    assert (sent.status, sent.location) == (303, f"/petitions/{petition}")
    assert regulator.submit(f"/petitions/{petition}/answer", reason="短").status == 422
    assert regulator.submit(f"/petitions/{petition}/answer", reason="页面已经修复").status == 303
    assert found(petition).state == "answered"
    assert waiting(world.actor("regulator")) == []


def test_the_clock_does_its_timed_acts(world: World, time: Any, petition: str) -> None:
    waits = filed(world, "没有人受理的来信")
    room.take(world.actor("regulator"), petition)
    time.instant = found(petition).until
    assert run_deadlines() > 0
    assert found(petition).state == "lapsed"
    acts = select(Event.kind).where(Event.case_identifier == waits)
    assert db.session.scalars(acts.order_by(Event.id)).all() == ["petition.file", "petition.refer"]
    assert found(waits).referred_to is not None
    urges("petition")(world.actor("regulator"), waits, reason="请尽快受理这封来信")


def test_its_table_is_that_of_every_case_type(app: Flask, petition: str) -> None:
    assert "收费" not in describe(PETITION)
    assert describe(PETITION).startswith("## petition: 来信")
    indexed = [index["column_names"] for index in inspect(db.engine).get_indexes("petitions")]
    assert ["state", "due_at"] in indexed
