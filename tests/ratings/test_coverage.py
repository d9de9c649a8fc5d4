"""How many rated of those who were asked, beside every mean, in one statement however many agencies."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.extensions import db
from models.ratings import coverage
from tests.test_queries import _Count
from tests.web import Visitor


def test_silence_counts_everywhere_a_mean_is_shown(app: Flask, world: World) -> None:
    world.settled(stars=5)
    world.settled_unrated()
    world.settled(stars=4, agency="second")
    agency = world.identifiers["agency"]
    said = "2 份已结束的合同评了 1 份"
    visitor = Visitor(app)
    for page in (
        f"/agencies/{agency}",
        f"/agencies/{agency}/credit",
        f"/agencies/{agency}/ratings",
        f"/compare?agency={agency}&agency={world.identifiers['second']}",
    ):
        assert said in visitor.get(page).text, page
    assert "1/2" in visitor.get("/credit").text


def test_one_statement_for_any_number_of_agencies(world: World) -> None:
    world.settled_unrated()
    keys = [world.organisation(name).id for name in ("agency", "second", "third")]
    for some in (keys[:1], keys):
        with _Count() as counted:
            found = coverage.of_organisations(db.session, some)
        assert len([s for s in counted.statements if "ratings" in s]) == 1
        assert list(found) == some
    assert found[keys[0]] == coverage.Coverage(0, 1)
    assert (found[keys[1]].share, found[keys[0]].share) == (None, 0)
    assert coverage.of_organisations(db.session, []) == {}


@pytest.mark.parametrize("path", ["/credit", "/compare"])
def test_no_list_asks_more_for_more_agencies(app: Flask, world: World, path: str) -> None:
    visitor = Visitor(app)

    def asked(*names: str) -> int:
        address = path + "".join(
            f"{'&' if n else '?'}agency={world.identifiers[a]}" for n, a in enumerate(names)
        )
        visitor.get(address)
        with _Count() as counted:
            assert visitor.get(address).status == 200
        return len(counted.statements)

    world.settled(agency="agency")
    one = asked("agency")
    for name in ("second", "third"):
        world.settled(agency=name)
    more: Any = asked("agency", "second", "third")
    assert more <= one
