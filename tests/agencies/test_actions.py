"""Who may be engaged."""

from __future__ import annotations

import pytest

from market.sourcing import actions as sourcing
from models.text import RuleBroken
from tests.factories import World


def test_agencies_are_stopped_by_the_rule_that_is_named(world: World) -> None:
    world.agency("fresh", verified=False)
    request = world.request()
    with pytest.raises(RuleBroken, match="待核验"):
        sourcing.submit_quote(world.actor("fresh"), request, price=1000, days=20)
    from market.accounts import actions as accounts

    accounts.verify(world.actor("regulator"), world.identifiers["fresh"])
    with pytest.raises(RuleBroken, match="尚未公示"):
        sourcing.submit_quote(world.actor("fresh"), request, price=1000, days=20)


def test_a_missing_qualification_stops_and_a_registered_one_lets_through(world: World) -> None:
    from datetime import date

    from market.agencies import actions as agencies

    world.authority("land", "department", department="自然资源")
    world.fees("agency", 900_000, "LND-02")
    request = world.request(item_code="LND-02")
    with pytest.raises(RuleBroken, match="地质灾害"):
        sourcing.submit_quote(world.actor("agency"), request, price=1000, days=20)
    agencies.add_qualification(
        world.actor("agency"), kind="地质灾害评估和治理工程勘查设计资质", number="青-001", level="甲级", issuer="自然资源厅",
        valid_from=date(2025, 1, 1), valid_until=date(2027, 1, 1),
    )  # fmt: skip
    assert sourcing.submit_quote(world.actor("agency"), request, price=1000, days=20).startswith("P-2026-")
