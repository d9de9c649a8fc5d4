"""The ranking: who is rated, best first, by item and by place."""

from __future__ import annotations

from typing import Any

import pytest

from harness.factories import World
from market.agencies.actions import entry
from market.extensions import db
from tests.web import Visitor


@pytest.fixture
def ranked(world: World) -> World:
    """Two agencies with a contract behind them, the second rated better; the third has none."""
    world.settled(stars=2, agency="agency")
    world.settled(stars=5, agency="second")
    db.session.rollback()
    return world


def _order(app: Any, world: World, query: str = "") -> list[str]:
    """The agencies on the page, by name, in their order."""
    page = Visitor(app).get(f"/credit{query}")
    assert page.status == 200
    known = {f"/agencies/{world.identifiers[name]}/credit": name for name in ("agency", "second", "third")}
    links = [str(each["href"]) for each in page.soup.select("main table a[href]")]
    return list(dict.fromkeys(known[link] for link in links if link in known))


def test_the_better_rated_comes_first_and_who_has_no_record_is_not_there(app: Any, ranked: World) -> None:
    assert _order(app, ranked) == ["second", "agency"]


def test_by_item_and_by_place(app: Any, ranked: World) -> None:
    assert _order(app, ranked, "?item=WAT-01") == ["second", "agency"]
    assert _order(app, ranked, "?item=EIA-01") == []
    assert _order(app, ranked, "?region=630000") == ["second", "agency"]
    assert Visitor(app).get("/credit?region=540000").status == 422, "no place of this market"


def test_who_is_suspended_is_not_ranked(app: Any, ranked: World) -> None:
    entry.suspend(ranked.actor("regulator"), ranked.identifiers["second"], reason="登记住所查无此机构")
    assert _order(app, ranked) == ["agency"]
