"""Every figure of a regulator's pages is the link to the cases it counts, and the list has as many."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from bs4 import Tag
from flask import Flask
from sqlalchemy import select, update

from harness.factories import World
from market.contracts.actions import delivering
from market.extensions import db
from market.formatting import format_share
from market.jobs import drain, run_deadlines
from market.oversight.overview import months
from market.transaction import transaction
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.contracts.first_pass import first_pass
from models.ledger.books import Account
from tests.every_case import name_the_cases
from tests.web import Visitor, sign_in

PREFECTURE = "632800"  # what the county of the other cases lies in
PAGES = (
    "/my",
    "/oversight/first-pass",
    "/oversight/first-pass?by=item",
    "/oversight/first-pass?by=region",
    "/oversight/permit-times",
    "/oversight/permit-times?by=department&period=all",
    "/oversight/permit-times?by=region",
    "/oversight/months",
    "/oversight/money",
    "/oversight/checks",
    "/oversight/follow-ups",
    "/oversight/rating-appeals",
    "/oversight/clauses",
    "/oversight/agencies",
)
FIGURES = "main td.num a, main svg.chart a, main .chart-rows a, main dl.facts dd a"


def _figure(link: Tag) -> int | None:
    """What a link says as a number; None for one that says a sum, a share or words."""
    told = [text.get_text(strip=True) for text in link.select("text, b")] or [link.get_text(strip=True)]
    counts = [int(text.replace(",", "")) for text in told if re.fullmatch(r"[\d,]+", text)]
    return counts[0] if counts else None


def _listed(visitor: Visitor, url: str) -> int:
    """How many a list says it has."""
    pager = visitor.get(url).soup.select_one("nav.pager span")
    assert pager is not None, url
    return int(pager.get_text().split()[1])


def _a_market(world: World, time: Any) -> None:
    """Cases of every kind: one of them in a wider region, a report sent back, one that never came."""
    name_the_cases(world, time)
    again = world.started()
    world.supplied(again)
    for fault in ("agency", "agency", "buyer"):
        report = world.delivered(again)
        world.accepted(report)
        delivering.send_back(
            world.actor("department"), report, codes=["data", "format"], fault=fault, reason="请修改后重报"
        )
    wide = world.settled()
    with transaction() as session:
        key = session.scalars(select(Contract.id).where(Contract.identifier == wide)).one()
        for kind, own in ((Contract, Contract.id), (Deliverable, Deliverable.contract_id)):
            session.execute(update(kind).where(own == key).values(region_code=PREFECTURE))
        session.execute(
            update(Account)
            .where(Account.code.in_([f"{kind}:{wide}" for kind in ("retention", "hold")]))
            .values(balance=1)
        )
    late = world.started()
    world.supplied(late)
    time.instant += timedelta(days=60)
    run_deadlines()
    drain()


@pytest.mark.parametrize("reader", ["regulator", "admin"])
def test_every_figure_leads_to_as_many_cases(app: Flask, world: World, time: Any, reader: str) -> None:
    _a_market(world, time)
    visitor, seen = sign_in(app, world, reader), set()
    for page in PAGES if reader == "regulator" else PAGES[1:]:
        links = visitor.get(page).soup.select(FIGURES)
        for link in links:
            count, url = _figure(link), str(link["href"])
            if count is not None and "/credit" not in url:
                assert _listed(visitor, url) == count, f"{page}: {link}"
                seen.add((page, url.partition("?")[0]))
            elif link.get_text(strip=True).startswith("¥"):
                assert _listed(visitor, url) > 0, f"{page}: {link}"
    assert {page for page, _list in seen} >= set(PAGES[1:]) - {"/oversight/clauses"}
    assert {url for _page, url in seen} >= {"/contracts", "/deliverables", "/oversight/checks"}


def test_of_an_agency_that_works_elsewhere_too_the_areas_contracts_are_linked(
    app: Flask, world: World, time: Any
) -> None:
    world.authority("prefecture", "regulator", region=PREFECTURE)
    world.settled()
    elsewhere = world.settled()
    with transaction() as session:
        session.execute(update(Contract).where(Contract.identifier == elsewhere).values(region_code="630102"))
    drain()
    for reader, said, linked in (("regulator", "2", 2), ("prefecture", "2 本辖区 1", 1)):
        visitor = sign_in(app, world, reader)
        rows = visitor.get("/oversight/agencies?q=" + world.identifiers["agency"]).soup
        cell = rows.select("table.list tbody td")[5]
        assert " ".join(cell.get_text().split()) == said
        assert _listed(visitor, str(cell.select_one("a")["href"])) == linked


def test_a_departments_figures_lead_to_its_own(app: Flask, world: World, time: Any) -> None:
    _a_market(world, time)
    department = sign_in(app, world, "department")
    for by in ("agency", "item", "region"):
        links = department.get(f"/oversight/first-pass?by={by}").soup.select(FIGURES)
        assert len(links) >= 3
        for link in links:
            assert _listed(department, str(link["href"])) == _figure(link), link


def test_the_first_pass_rate_is_one_wherever_it_stands(app: Flask, world: World, time: Any) -> None:
    _a_market(world, time)
    found = first_pass(db.session)
    assert found.rate == found.passed / found.reviewed
    assert 0 < found.passed < found.reviewed < found.reviews
    said = format_share(found.rate)
    assert said in sign_in(app, world, "visitor").get("/").soup.select_one("dl.figures").get_text()
    assert said in sign_in(app, world, "regulator").get("/my").soup.select_one("main").get_text()
    by_month = months(world.actor("regulator"))
    assert sum(month.reviewed for month in by_month) == found.reviewed
    assert sum(month.first_pass for month in by_month) == found.passed


def test_what_came_in_time_is_the_same_in_a_list_and_of_one(app: Flask, world: World, time: Any) -> None:
    _a_market(world, time)
    every = list(db.session.scalars(select(Deliverable)).unique())
    for value in (True, False, None):
        asked = select(Deliverable.id).where(Deliverable.on_time.is_(value))
        assert set(db.session.scalars(asked)) == {d.id for d in every if d.on_time is value}, value
    assert {d.on_time for d in every} == {True, False, None}


def test_deliverables_are_filtered(app: Flask, world: World, time: Any) -> None:
    _a_market(world, time)
    visitor = sign_in(app, world, "regulator")
    every = _listed(visitor, "/deliverables")
    assert _listed(visitor, "/deliverables?region=632800") == every
    assert _listed(visitor, "/deliverables?region=632800&level=own") == 1
    assert _listed(visitor, "/deliverables?reason=format") == 1
    assert _listed(visitor, "/deliverables?reason=method") == 0
    assert _listed(visitor, "/deliverables?item=EIA-01") == 0
    assert _listed(visitor, "/deliverables?since=2099-01-01") == 0
