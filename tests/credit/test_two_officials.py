"""Nobody alone lifts an entry that two confirmed, whatever else was fetched, and two can always act."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.credit.actions import listings as acts
from models.actors import SYSTEM
from models.errors import NotAllowed
from tests.credit.external_lists import STRANGER, bring, confirm_waiting, entry, listings, row
from tests.credit.test_listing_changes import CORRECTED, SERIOUS, checker, code, confirmed, points, site_says
from tests.web import sign_in

OLD = {"number": "严字0号", "entered": "2024-01-01", "removed": "2025-01-01"}  # another document, long off
REMOVED = {"number": "严字1号", "removed": "2026-03-01"}


def test_a_site_that_prevails_by_silence_waits_however_often_the_other_is_fetched(
    app: Flask, world: World, time: Any
) -> None:
    told = row(code(world), SERIOUS, number="严字1号")
    bring(world, told, source="province")
    time.instant += timedelta(hours=1)
    bring(world, row(STRANGER, SERIOUS), whole=["serious"], second=False)
    assert (listings()[0].state, points(world)) == ("listed_changing", -50)
    for way, actor in (("page", world.actor("regulator")), ("command", SYSTEM)):
        time.instant += timedelta(hours=8)
        bring(world, told, source="province", actor=actor, way=way, second=False)
        assert (listings()[0].state, points(world)) == ("listed_changing", -50), way
    with pytest.raises(NotAllowed):
        acts.confirm_removal(world.actor("regulator"), listings()[0].identifier)
    acts.confirm_removal(checker(world), listings()[0].identifier)
    assert points(world) == 0


def test_whoever_brought_in_the_removal_of_another_document_is_still_the_second(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world), SERIOUS, **OLD), actor=checker(world), second=False)
    time.instant += timedelta(hours=1)
    bring(world, row(code(world), SERIOUS, number="严字1号"))
    time.instant += timedelta(hours=1)
    bring(world, row(code(world), SERIOUS, **REMOVED), second=False)
    (listing,) = listings()
    assert listing.state == "listed_changing"
    with pytest.raises(NotAllowed):
        acts.confirm_removal(world.actor("regulator"), listing.identifier)
    acts.confirm_removal(checker(world), listing.identifier)
    assert listings()[0].state == "removed"


def test_what_a_national_site_said_of_another_document_lifts_nothing(
    app: Flask, world: World, time: Any
) -> None:
    old = {"entered_on": OLD["entered"], "removed_on": OLD["removed"], "number": OLD["number"]}
    site_says(app, entry(code(world), list="serious", **old))
    time.instant += timedelta(hours=1)
    bring(world, row(code(world), SERIOUS, number="严字1号"))
    time.instant += timedelta(hours=1)
    bring(world, row(code(world), SERIOUS, **REMOVED), second=False)
    assert (listings()[0].state, points(world)) == ("listed_changing", -50)


@pytest.mark.parametrize("source", ["gsxt", "province"])
def test_a_fetch_by_night_takes_nobody_away_who_brought_it_in(
    app: Flask, world: World, time: Any, source: str
) -> None:
    told = row(code(world), SERIOUS, number="严字1号")
    about: dict[str, Any] = {"source": source, "second": False}
    for actor, way in ((SYSTEM, "command"), (world.actor("regulator"), "page"), (SYSTEM, "command")):
        bring(world, told, actor=actor, way=way, **about)
        time.instant += timedelta(hours=8)
    (listing,) = listings("waiting")
    with pytest.raises(NotAllowed):
        acts.confirm(world.actor("regulator"), listing.identifier)
    acts.confirm(checker(world), listing.identifier)
    assert points(world) == -50


def test_nor_from_a_correction(app: Flask, world: World, time: Any) -> None:
    listing = confirmed(world, time)
    told = row(code(world), SERIOUS, **CORRECTED)
    for actor, way in ((SYSTEM, "command"), (world.actor("regulator"), "page"), (SYSTEM, "command")):
        bring(world, told, actor=actor, way=way, second=False)
        time.instant += timedelta(hours=8)
    with pytest.raises(NotAllowed):
        acts.confirm_correction(world.actor("regulator"), listing.identifier)
    confirm_waiting(world)
    assert listings("listed")[0].entered_on.isoformat() == CORRECTED["entered"]


def test_no_official_who_brought_it_in_is_named_to_the_subject(app: Flask, world: World, time: Any) -> None:
    listing = confirmed(world, time)
    bring(world, row(code(world), SERIOUS, **CORRECTED), second=False)
    checker(world)
    page = f"/credit/listings/{listing.identifier}"
    assert "导入人" in sign_in(app, world, "checker").get(f"{page}/confirm_correction").text
    assert re.search(r"由\s+\S+\s+导入", sign_in(app, world, "checker").get(page).text)
    for path in (page, f"{page}/dispute"):
        told = sign_in(app, world, "agency").get(path).text
        assert "导入人" not in told
        assert not re.search(r"由\s+\S+\s+导入", told)
