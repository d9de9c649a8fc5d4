"""An agency's story on one page, and the lists a regulator finds it in."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select

from harness.factories import World
from market.contracts.actions import disputing
from market.extensions import db
from market.jobs import drain
from market.oversight import agencies
from market.oversight.views.agencies import PIECE
from market.transaction import transaction
from models import events
from models.accounts import Organisation
from models.agencies import history
from models.agencies.history import KINDS, TYPES, AgencyEvent
from models.cases import CASES
from models.contracts.agreement import Contract
from models.events import Event
from tests.every_case import name_the_cases
from tests.web import Visitor, sign_in


def _rows(visitor: Visitor, path: str) -> list[str]:
    """Where the rows of a list lead to, by their first link."""
    rows = visitor.get(path).soup.select("table.list tbody tr")
    return [str(link["href"]) for row in rows if (link := row.select_one("a")) is not None]


def _told_about(world: World, agency: str, reader: str) -> list[int]:
    """What ought to be told: every event of every case about an agency that the reader has a part in."""
    subject, actor = world.organisation(agency), world.actor(reader)
    found: list[int] = []
    for kind in TYPES:
        cases = db.session.scalars(history.cases_about(subject.id, actor, kind)).unique()
        known = {case.identifier for case in cases}
        rows = select(Event).where(Event.case_type == kind, Event.audience != "internal")
        found += [event.id for event in db.session.scalars(rows) if event.case_identifier in known]
    return sorted(found, reverse=True)


def test_the_story_is_every_event_of_every_case_once_however_often_it_is_kept(
    app: Flask, world: World, time: Any
) -> None:
    name_the_cases(world, time)
    drain()
    subject = world.organisation("agency")
    told = [line.event.id for line in agencies.all_told(subject, world.actor("regulator"), {})]
    assert told == _told_about(world, "agency", "regulator")
    happened = {line.case.workflow.name for line in agencies.all_told(subject, world.actor("regulator"), {})}
    assert {"award", "contract", "deliverable", "payment", "dispute", "rating", "organisation"} <= happened
    with transaction() as session:
        events.rewind(session, "agency history")
    drain()
    assert [line.event.id for line in agencies.all_told(subject, world.actor("regulator"), {})] == told
    with transaction() as session:
        session.execute(delete(AgencyEvent))
        events.rewind(session, "agency history")
    drain()
    assert [line.event.id for line in agencies.all_told(subject, world.actor("regulator"), {})] == told
    for about, (_label, types) in KINDS.items():
        lines = agencies.all_told(subject, world.actor("regulator"), {"about": about})
        assert {line.case.workflow.name for line in lines} <= set(types)


def test_offers_are_in_no_story() -> None:
    """What is sealed stays with its tender: no case type of an offer or a score is told here."""
    assert not {"bid", "quote", "evaluation", "tender", "clarification"} & set(TYPES)
    assert set(TYPES) <= set(CASES)


def test_a_regulator_reaches_any_agencys_story_in_two_clicks(app: Flask, world: World) -> None:
    world.settled()
    drain()
    regulator = sign_in(app, world, "regulator")
    menu = [str(link["href"]) for link in regulator.get("/my").soup.select("nav.rooms > a")]
    (table,) = [url for url in menu if "/oversight/agencies" in url]
    agency = f"/oversight/agencies/{world.identifiers['agency']}"
    assert agency in _rows(regulator, table)
    page = regulator.get(agency)
    assert page.status == 200
    happened = {tag.get_text() for tag in page.soup.select("ol.timeline .tag")}
    assert {"合同", "付款", "成果", "评价", "中选"} <= happened


def test_figures_count_what_their_links_list(app: Flask, world: World) -> None:
    world.settled()
    world.signed()
    drain()
    regulator = sign_in(app, world, "regulator")
    figures = regulator.get(f"/oversight/agencies/{world.identifiers['agency']}").soup.select("dl.facts dd a")
    assert len(figures) > 5
    for figure in figures:
        listed = regulator.get(str(figure["href"])).soup.select("table.list tbody td:first-child > a")
        assert len(listed) == int(figure.get_text().split()[-1]), figure
        for case in listed:
            assert regulator.get(str(case["href"])).status in (200, 303), case


def test_the_table_is_searched_filtered_and_sorted(app: Flask, world: World) -> None:
    world.agency("fourth", 3_000_000)
    with transaction() as session:
        Organisation.lock(session, world.identifiers["fourth"]).region_code = "632802"
    world.settled()
    drain()
    regulator = sign_in(app, world, "regulator")
    names = ("agency", "fourth")
    first, second = (f"/oversight/agencies/{world.identifiers[name]}" for name in names)
    assert _rows(regulator, "/oversight/agencies?q=fourth")[:1] == [second]
    assert _rows(regulator, f"/oversight/agencies?q={world.identifiers['agency'].lower()}") == [first]
    assert _rows(regulator, f"/oversight/agencies?q={world.organisation('fourth').uscc}") == [second]
    assert second not in _rows(regulator, "/oversight/agencies?region=632801")
    assert _rows(regulator, "/oversight/agencies?q=%25") == [], "a sign of SQL is a letter like any other"
    assert second not in _rows(regulator, "/oversight/agencies?state=suspended")
    assert _rows(regulator, "/oversight/agencies?order=settled")[0] == first
    by_name = _rows(regulator, "/oversight/agencies?order=name")
    turned = _rows(regulator, "/oversight/agencies?order=-name")
    assert by_name == turned[::-1]
    assert _rows(regulator, "/oversight/agencies?order=nothing") == by_name
    assert regulator.get("/oversight/agencies").soup.select_one("th[aria-sort]") is None
    heading = regulator.get("/oversight/agencies?order=score").soup.select_one("th[aria-sort] a")
    assert heading is not None
    assert "order=-score" in str(heading["href"])


def test_contracts_are_searched_filtered_and_sorted(app: Flask, world: World) -> None:
    cheap, dear = world.signed(price=100), world.signed(price=3_900_000)
    world.agency("fourth", 4_000_000)
    other = world.signed(agency="fourth", price=200)
    for reader in ("regulator", "buyer"):
        visitor = sign_in(app, world, reader)
        assert _rows(visitor, "/contracts") == [f"/contracts/{each}" for each in (other, dear, cheap)]
        assert _rows(visitor, "/contracts?order=price")[0] == f"/contracts/{dear}"
        assert _rows(visitor, "/contracts?order=-price")[0] == f"/contracts/{cheap}"
        assert _rows(visitor, f"/contracts?q={dear}") == [f"/contracts/{dear}"]
        assert _rows(visitor, "/contracts?q=fourth") == [f"/contracts/{other}"]
        assert _rows(visitor, f"/contracts?agency={world.identifiers['fourth']}") == [f"/contracts/{other}"]
        assert _rows(visitor, "/contracts?state=completed") == []
        assert len(_rows(visitor, "/contracts?since=2026-01-01&until=2026-12-31")) == 3
        assert _rows(visitor, "/contracts?until=2025-12-31") == []
        assert _rows(visitor, f"/contracts?q={world.organisation('fourth').uscc.lower()}") == [
            f"/contracts/{other}"
        ]
        assert _rows(visitor, "/contracts?late=1") == []
        assert len(_rows(visitor, "/contracts?since=yesterday&region=nowhere")) in (0, 3)
    title = db.session.scalars(select(Contract).where(Contract.identifier == cheap)).one().title
    assert len(_rows(sign_in(app, world, "buyer"), f"/contracts?q={title[:4]}")) >= 1


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "²"])
def test_a_day_far_away_is_refused(app: Flask, world: World, day: str) -> None:
    agency, regulator = world.identifiers["agency"], sign_in(app, world, "regulator")
    for name in ("since", "until"):
        for path in (
            f"/oversight/agencies/{agency}",
            f"/oversight/agencies/{agency}.csv",
            "/contracts",
            "/contracts.csv",
        ):
            assert regulator.get(f"{path}?{name}={day}").status == 422, path


def test_a_long_story_comes_in_pieces_that_leave_nothing_out(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        contract = world.started()
        disputing.file(world.actor("buyer"), contract, claim="机构收到定金后一直没有开展工作")
    drain()
    regulator = sign_in(app, world, "regulator")
    path: str | None = f"/oversight/agencies/{world.identifiers['agency']}"
    seen: list[str] = []
    while path:
        page = regulator.get(path).soup
        lines = [str(time["datetime"]) for time in page.select("ol.timeline time")]
        assert len(lines) <= PIECE
        seen += lines
        older = page.select_one("nav.pager a[rel=next]")
        path = str(older["href"]) if older else None
    db.session.rollback()
    assert len(seen) == len(_told_about(world, "agency", "regulator"))
    assert seen == sorted(seen, reverse=True)
    monkeypatch.setattr(agencies, "BATCH", 7)
    lines = list(agencies.all_told(world.organisation("agency"), world.actor("regulator"), {}))
    assert [line.event.id for line in lines] == _told_about(world, "agency", "regulator")
