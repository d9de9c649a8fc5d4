"""How long matters took, on the pages of a regulator, a department and the parties."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.contracts.actions import delivering
from market.jobs import drain
from tests.web import sign_in

PAGE = "/oversight/permit-times"


@pytest.fixture
def contract(world: World, time: Any) -> str:
    """A settled one: the buyer had it for two days, the agency for three, the department for five."""
    contract = world.started()
    time.instant += timedelta(days=2)
    world.supplied(contract)
    time.instant += timedelta(days=3)
    report = world.delivered(contract)
    world.accepted(report)
    time.instant += timedelta(days=5)
    delivering.pass_review(world.actor("department"), report)
    world.paid(contract, "settlement")
    drain()
    return contract


def test_the_figures_lead_to_the_matters_they_count(app: Flask, world: World, contract: str) -> None:
    world.authority("far", "regulator", region="540000")
    watch = sign_in(app, world, "regulator")
    for by in ("item", "department", "region"):
        page = watch.get(f"{PAGE}?by={by}")
        (row,) = page.soup.select("main tbody tr")
        told = [cell.get_text(strip=True) for cell in row.select("td")]
        assert told[1:] == ["1", "10.0 天", "3.0 天", "2.0 天", "5.0 天", "30%"]
        listed = watch.get(str(row.select_one("a")["href"]))
        assert contract in listed.text
    assert "1 件办结,平均每件 10.0 天,其中中介机构占 30%。" in watch.get(PAGE).text
    assert "WAT-01" in watch.get(f"{PAGE}.csv").text
    assert f"{contract}," in watch.get(f"{PAGE}/matters.csv").text
    far = sign_in(app, world, "far")
    assert "还没有办结的事项" in far.get(PAGE).text
    assert contract not in far.get(f"{PAGE}/matters").text


def test_another_line_of_works_figures_are_not_told(app: Flask, world: World, contract: str) -> None:
    world.authority("health", "regulator", department="卫生健康")
    visitor = sign_in(app, world, "health")
    assert "还没有办结的事项" in visitor.get(PAGE).text
    assert contract not in visitor.get(f"{PAGE}/matters").text


def test_what_was_over_before_the_period_is_not_among_it(
    app: Flask, world: World, time: Any, contract: str
) -> None:
    time.instant += timedelta(days=120)
    watch = sign_in(app, world, "regulator")
    assert "还没有办结的事项" in watch.get(f"{PAGE}?period=3").text
    for period in ("12", "36", "all"):
        assert "1 件办结" in watch.get(f"{PAGE}?period={period}").text


def test_the_parties_read_it_on_their_contract(app: Flask, world: World, time: Any) -> None:
    contract = world.started()
    time.instant += timedelta(days=4)
    drain()
    for name in ("buyer", "agency", "regulator"):
        page = sign_in(app, world, name).get(f"/contracts/{contract}")
        (card,) = page.soup.select('ul.chart-rows[aria-label="在各方手里的天数"]')
        assert card.get_text(" ", strip=True) == "业主 4.0 天", "the buyer still owes its materials"
