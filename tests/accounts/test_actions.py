"""Acting for a buyer."""

from __future__ import annotations

import pytest

from harness.factories import World
from market.extensions import db
from market.sourcing.actions import drafting, quotes
from models import workdays
from models.errors import NotAllowed, RuleViolation
from models.sourcing.tenders import Tender


def test_a_delegate_acts_within_what_was_delegated(world: World) -> None:
    from market.accounts.actions import delegating
    from models import clock

    world.enterprise("helper")
    delegating.delegate(
        world.actor("buyer"),
        email="helper@example.cn",
        scope=["tender"],
        most=3_000_000,
        until=workdays.add(clock.now(), 30),
    )
    world.accept("helper")
    buyer = world.organisation("buyer").id
    with pytest.raises(RuleViolation, match="上限"):
        world.tender("helper", on_behalf_of=buyer, budget=3_000_001)
    tender = world.tender("helper", on_behalf_of=buyer, budget=3_000_000)
    assert Tender.load(db.session, tender).buyer_id == buyer
    quote = quotes.submit(world.actor("agency"), tender, price=1000, days=20)
    with pytest.raises(NotAllowed):
        quotes.accept(world.actor("helper"), quote)
    from models.accounts import Delegation

    draft = world.tender("helper", publish=False, on_behalf_of=buyer, budget=3_000_000)
    for raised in (None, 3_000_001):
        with pytest.raises(RuleViolation, match="预算上限"):
            drafting.edit(world.actor("helper"), draft, **world.asked(budget=raised))
    drafting.edit(world.actor("helper"), draft, **world.asked(budget=2_000_000))
    lent = db.session.query(Delegation).one()
    delegating.revoke(world.actor("buyer"), lent.id)
    with pytest.raises(NotAllowed):
        world.tender("helper", on_behalf_of=buyer)
