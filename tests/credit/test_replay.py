"""A score is reckoned again from what is published of it, and any past one from the records."""

from __future__ import annotations

import importlib.util
import json
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from models.accounts import Organisation
from models.clock import BEIJING
from models.credit import policy
from models.credit.past import CreditHistory
from models.credit.publishing import published
from tests.credit.test_score import SCORED, made
from tests.web import Visitor, sign_in

PROGRAM = Path(__file__).parents[2] / "docs" / "replay_score.py"
NOW = datetime(2026, 3, 2, tzinfo=BEIJING)


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("replay_score", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REPLAY = program()


def test_the_program_is_short_and_needs_nothing_of_ours() -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    assert not any(f"import {room}" in text or f"from {room}" in text for room in ("models", "market"))


@given(SCORED, st.integers(0, 3), st.integers(0, 2))
def test_the_program_comes_to_what_is_published_whatever_the_records(
    found: Any, settled: int, failed: int
) -> None:
    sheet = made(found, settled, failed)
    agency = Organisation(identifier="A-2026-000001", name="某机构", uscc="91630000MA7500001X")
    told = json.loads(json.dumps(published(agency, sheet, policy.current(), NOW)))
    score, half_width, grade = REPLAY.replay(told)
    assert score == pytest.approx(sheet.score, abs=0.051)
    assert half_width == pytest.approx(sheet.half_width, abs=0.11)
    if score == sheet.score:
        assert grade == sheet.grade
    else:  # a tenth apart by the last bit of a sum: the grade is that of its own score
        assert grade == (sheet.grade and policy.current().grade(score))


def test_the_published_file_of_an_agency_replays(app: Flask, world: World, tmp_path: Path) -> None:
    world.settled(stars=5)
    world.settled(stars=2)
    visitor = Visitor(app)
    told = visitor.get(f"/agencies/{world.identifiers['agency']}/credit.json")
    assert told.status == 200
    file = tmp_path / "credit.json"
    file.write_text(told.text, encoding="utf-8")
    assert REPLAY.main(str(file)) == 0
    sheet = json.loads(told.text)
    assert {each["name"] for each in sheet["inputs"] if each["evidence"]} >= {"ratings", "on_time"}
    sheet["inputs"][0]["evidence"][0]["value"] = 1.0
    file.write_text(json.dumps(sheet), encoding="utf-8")
    assert REPLAY.main(str(file)) == 1, "a file that was changed says so"
    for unreadable in ("{", json.dumps({key: sheet[key] for key in sheet if key != "half_width"})):
        file.write_text(unreadable, encoding="utf-8")
        assert REPLAY.main(str(file)) == 2
    assert visitor.get("/replay_score.py").text == PROGRAM.read_text(encoding="utf-8")
    assert "E-2026" not in told.text, "who rated is not in it"


def test_the_page_shows_every_number_record_and_change(app: Flask, world: World, time: Any) -> None:
    contract = world.settled(stars=2)
    path = f"/agencies/{world.identifiers['agency']}/credit"
    page = Visitor(app).get(path)
    sheet = json.loads(Visitor(app).get(f"/agencies/{world.identifiers['agency']}/credit.json").text)
    rows = page.soup.select("table")[0].select("tbody tr")
    points = [float(row.select("td")[-1].text.split("±")[0]) for row in rows]
    assert sum(points[:-1]) == pytest.approx(points[-1], abs=0.5)
    assert points[-1] == sheet["score"]
    assert any(str(each["href"]).startswith("/ratings/") for each in page.soup.select("main td a[href]"))
    assert contract in page.text
    assert not page.soup.select(f"a[href='/contracts/{contract}']"), "no link to what one may not open"
    assert sign_in(app, world, "agency").get(path).soup.select(f"a[href='/contracts/{contract}']")
    assert "× (" in page.text, "the formula in figures"
    assert "加" in page.text, "what would raise it says by how much"
    chart = page.soup.select_one("svg.chart")
    assert "不含信用记录和外部名录" in chart.text
    assert chart.select("text.weak")[-1].text == f"{time.instant.astimezone(BEIJING):%Y-%m-%d}", "of now"
    own = sign_in(app, world, "agency").get(path)
    assert "不含信用记录和外部名录" not in own.soup.select_one("svg.chart").text
    assert len(page.soup.select(".grade")) < len(own.soup.select(".grade")), "no grade of what is not all"


def test_the_command_reckons_a_past_score_again(app: Flask, world: World, time: Any) -> None:
    agency = world.organisation("agency")
    for stars in (5, 1):
        world.settled(stars=stars)
        time.instant = time.instant.replace(month=time.instant.month + 1)
    past = list(db.session.scalars(select(CreditHistory).where(CreditHistory.agency_id == agency.id)))
    runner = app.test_cli_runner()
    first = past[1]
    day = first.at.astimezone(BEIJING).date()
    told = runner.invoke(args=["credit", "replay", agency.identifier, "--until", f"{day}"])
    assert told.exit_code == 0, told.output
    last = [each for each in past if each.at.astimezone(BEIJING).date() <= day][-1]
    assert f"{last.score / 10:.1f}" in told.output
    assert "equal" in told.output
    for day in ("9999-12-31", "0001-01-01"):
        assert runner.invoke(args=["credit", "replay", agency.identifier, "--until", day]).exit_code == 0
    wrong = runner.invoke(args=["credit", "replay", "A-1999-000001"])
    assert (wrong.exit_code, "A-1999-000001" in wrong.output) == (2, True)


def test_who_may_not_see_an_agency_sees_no_score(app: Flask, world: World) -> None:
    assert sign_in(app, world, "visitor").get("/agencies/A-1999-000001/credit.json").status == 404
