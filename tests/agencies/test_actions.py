"""Who may be engaged."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.agencies.actions import entry, publishing
from market.agencies.jobs import warn_of_expiry
from market.extensions import db
from market.jobs import drain
from market.sourcing.actions import quotes
from models import clock
from models.errors import NotAllowed, RuleViolation
from models.events import Event
from tests.web import sign_in


def test_agencies_are_stopped_by_the_rule_that_is_named(world: World) -> None:
    world.agency("fresh", verified=False)
    tender = world.tender()
    with pytest.raises(NotAllowed, match="待核验"):
        quotes.submit(world.actor("fresh"), tender, price=1000, days=20)

    entry.verify(world.actor("regulator"), world.identifiers["fresh"])
    with pytest.raises(RuleViolation, match="尚未公示"):
        quotes.submit(world.actor("fresh"), tender, price=1000, days=20)


def test_a_missing_qualification_stops_and_a_registered_one_lets_through(world: World) -> None:

    world.authority("land", "department", department="自然资源")
    world.fees("agency", 900_000, "LND-02")
    tender = world.tender(item_code="LND-02")
    with pytest.raises(RuleViolation, match="地质灾害"):
        quotes.submit(world.actor("agency"), tender, price=1000, days=20)
    publishing.add_qualification(
        world.actor("agency"),
        kind="地质灾害评估和治理工程勘查设计资质",
        number="青-001",
        level="甲级",
        issuer="自然资源厅",
        valid_from=date(2025, 1, 1),
        valid_until=date(2027, 1, 1),
    )
    assert quotes.submit(world.actor("agency"), tender, price=1000, days=20).startswith("P-2026-")


def test_a_certificate_that_ends_is_warned_of_once_at_each_threshold_and_then_stops_its_agency(
    app: Flask, world: World, time: Any
) -> None:

    world.authority("land", "department", department="自然资源")
    world.fees("agency", 900_000, "LND-02")
    until = clock.today() + timedelta(days=100)
    publishing.add_qualification(
        world.actor("agency"),
        kind="地质灾害评估和治理工程勘查设计资质",
        number="青-001",
        level="甲级",
        issuer="自然资源厅",
        valid_from=date(2025, 1, 1),
        valid_until=until,
    )
    start, told = time.instant, []
    for day in (
        10,
        40,
        41,
        41,
        95,
        96,
        100,
        101,
        102,
        150,
    ):  # days 70 and 93 were missed: the next run makes up for them
        time.instant = start + timedelta(days=day)
        warn_of_expiry()
        db.session.rollback()
        told.append(
            db.session.query(Event)
            .filter(Event.kind.in_(("organisation.expiring", "organisation.expire")))
            .count()
        )
    assert told == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [
        e.kind
        for e in db.session.query(Event).filter(Event.kind.like("organisation.expir%")).order_by(Event.id)
    ] == [
        "organisation.expiring",
        "organisation.expiring",
        "organisation.expire",
    ]
    drain()
    notices = sign_in(app, world, "agency").get("/my/notices").text
    assert "资质即将到期" in notices
    assert "资质已到期" in notices
    tender = world.tender(item_code="LND-02")
    with pytest.raises(RuleViolation, match="青-001 已于 2026-06-10 到期"):
        quotes.submit(world.actor("agency"), tender, price=1000, days=20)
