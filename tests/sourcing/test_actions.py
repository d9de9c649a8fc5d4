"""Inquiries: quotes, negotiation and the award that comes of them, through the actions."""

from __future__ import annotations

from typing import Any

import pytest

from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing import actions as sourcing
from models import workdays
from models.errors import NotAllowed, RuleViolation
from models.sourcing import Quote, Tender
from tests.factories import World


def test_negotiation_goes_by_turns_and_never_above_the_published_price(world: World) -> None:
    tender = world.tender()
    agency, buyer = world.actor("agency"), world.actor("buyer")
    with pytest.raises(RuleViolation, match=r"50,000\.00") as refused:
        sourcing.submit_quote(agency, tender, price=5_000_001, days=20)
    assert refused.value.field == "price"
    quote = sourcing.submit_quote(agency, tender, price=5_000_000, days=20)
    with pytest.raises(NotAllowed):
        sourcing.offer(agency, quote, price=4_500_000, days=20)
    sourcing.offer(buyer, quote, price=4_000_000, days=15)
    with pytest.raises(NotAllowed):
        sourcing.accept_quote(buyer, quote)
    sourcing.offer(agency, quote, price=4_400_000, days=18)
    sourcing.accept_quote(buyer, quote)
    agreed = Quote.load(db.session, quote)
    assert [(o.by, o.price) for o in agreed.offers] == [
        ("agency", 5_000_000),
        ("buyer", 4_000_000),
        ("agency", 4_400_000),
    ]
    assert (agreed.state, agreed.price, agreed.days) == ("agreed", 4_400_000, 18)


def test_an_unanswered_counter_offer_lets_the_quote_stand(world: World, time: Any) -> None:
    quote = sourcing.submit_quote(world.actor("agency"), world.tender(), price=5_000_000, days=20)
    sourcing.offer(world.actor("buyer"), quote, price=4_000_000, days=20)
    time.instant = workdays.add(time.instant, 4)
    run_deadlines()
    found = Quote.load(db.session, quote)
    assert (found.state, found.price, found.days) == ("open", 5_000_000, 20)
    assert found.due_at == found.standing_until, "as long as it binds its agency anyway"


def test_the_same_form_sent_twice_acts_once(world: World) -> None:
    tender = world.tender()
    first = sourcing.submit_quote(world.actor("agency"), tender, price=1000, days=20, submission="form-1")
    again = sourcing.submit_quote(world.actor("agency"), tender, price=1000, days=20, submission="form-1")
    assert first == again
    assert db.session.query(Quote).count() == 1


def test_a_tender_whose_last_quote_goes_fails_and_says_so(world: World, time: Any) -> None:
    tender = world.tender()
    quotes = [
        sourcing.submit_quote(world.actor(name), tender, price=100, days=20) for name in ("agency", "second")
    ]
    sourcing.close(world.actor("buyer"), tender)
    sourcing.withdraw_quote(world.actor("agency"), quotes[0])
    assert Tender.load(db.session, tender).state == "evaluated"
    time.instant = workdays.add(time.instant, 40)
    run_deadlines()
    assert Quote.load(db.session, quotes[1]).state == "expired"
    assert Tender.load(db.session, tender).state == "failed"


def test_choosing_an_open_quote_accepts_it_and_a_delegate_needs_a_budget(world: World) -> None:
    from market.accounts.actions import delegating
    from models import clock

    tender = world.tender()
    quote = sourcing.submit_quote(world.actor("agency"), tender, price=100, days=20)
    sourcing.close(world.actor("buyer"), tender)
    sourcing.award(
        world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
    )
    assert Quote.load(db.session, quote).state == "agreed"
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
    with pytest.raises(RuleViolation, match="预算上限"):
        world.tender("helper", on_behalf_of=buyer)
    open_ended = world.tender()
    with pytest.raises(NotAllowed):
        sourcing.cancel(world.actor("helper"), open_ended, reason="没有预算上限的不能代办")


def test_a_suspended_agencys_quote_cannot_be_chosen(world: World) -> None:
    from market.agencies import actions as agencies

    tender = world.tender()
    for name in ("agency", "second"):
        sourcing.submit_quote(world.actor(name), tender, price=100, days=20)
    sourcing.close(world.actor("buyer"), tender)
    agencies.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    with pytest.raises(RuleViolation, match="其他报价") as refused:
        sourcing.award(
            world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
        )
    assert refused.value.field == "agency"
    assert sourcing.award(
        world.actor("buyer"), tender, agency=world.identifiers["second"], reasons="价格合理,工期满足"
    )
