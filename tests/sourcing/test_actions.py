"""Inquiries: quotes, negotiation and the award that comes of them, through the actions."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.agencies.actions import entry
from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing.actions import awards, cancelling, closing
from market.sourcing.actions import quotes as quote_actions
from models import clock, workdays
from models.errors import NotAllowed, RuleViolation
from models.sourcing.awards import Award
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests.web import sign_in


def test_negotiation_goes_by_turns_and_never_above_the_published_price(world: World) -> None:
    tender = world.tender()
    agency, buyer = world.actor("agency"), world.actor("buyer")
    with pytest.raises(RuleViolation, match=r"50,000\.00") as refused:
        quote_actions.submit(agency, tender, price=5_000_001, days=20)
    assert refused.value.field == "price"
    quote = quote_actions.submit(agency, tender, price=5_000_000, days=20)
    with pytest.raises(NotAllowed):
        quote_actions.offer(agency, quote, price=4_500_000, days=20)
    quote_actions.offer(buyer, quote, price=4_000_000, days=15)
    with pytest.raises(NotAllowed):
        quote_actions.accept(buyer, quote)
    quote_actions.offer(agency, quote, price=4_400_000, days=18)
    quote_actions.accept(buyer, quote)
    agreed = Quote.load(db.session, quote)
    assert [(o.by, o.price) for o in agreed.offers] == [
        ("agency", 5_000_000),
        ("buyer", 4_000_000),
        ("agency", 4_400_000),
    ]
    assert (agreed.state, agreed.price, agreed.days) == ("agreed", 4_400_000, 18)


def test_an_unanswered_counter_offer_lets_the_quote_stand(world: World, time: Any) -> None:
    quote = quote_actions.submit(world.actor("agency"), world.tender(), price=5_000_000, days=20)
    quote_actions.offer(world.actor("buyer"), quote, price=4_000_000, days=20)
    time.instant = workdays.add(time.instant, 4)
    run_deadlines()
    found = Quote.load(db.session, quote)
    assert (found.state, found.price, found.days) == ("open", 5_000_000, 20)
    assert found.due_at == found.standing_until, "as long as it binds its agency anyway"


def test_the_steps_say_negotiation_when_the_buyer_names_a_price(app: Flask, world: World) -> None:
    tender = world.tender()
    buyer = sign_in(app, world, "buyer")

    def now() -> str:
        page = buyer.get(f"/requests/{tender}").soup
        return str(page.select_one(".steps [aria-current=step] b").get_text())

    quotes = [
        quote_actions.submit(world.actor(name), tender, price=100, days=20) for name in ("agency", "second")
    ]
    assert now() == "询价", "quotes come in, and nobody bargains"
    quote_actions.offer(world.actor("buyer"), quotes[0], price=90, days=20)
    assert now() == "议价"
    quote_actions.offer(world.actor("agency"), quotes[0], price=95, days=20)
    assert now() == "议价"
    closing.close(world.actor("buyer"), tender)
    assert now() == "确认"


def test_the_same_form_sent_twice_acts_once(world: World) -> None:
    tender = world.tender()
    first = quote_actions.submit(world.actor("agency"), tender, price=1000, days=20, submission="form-1")
    again = quote_actions.submit(world.actor("agency"), tender, price=1000, days=20, submission="form-1")
    assert first == again
    assert db.session.query(Quote).count() == 1


def test_a_tender_whose_last_quote_goes_fails_and_says_so(world: World, time: Any) -> None:
    tender = world.tender()
    quotes = [
        quote_actions.submit(world.actor(name), tender, price=100, days=20) for name in ("agency", "second")
    ]
    closing.close(world.actor("buyer"), tender)
    quote_actions.withdraw(world.actor("agency"), quotes[0])
    assert Tender.load(db.session, tender).state == "evaluated"
    time.instant = workdays.add(time.instant, 40)
    run_deadlines()
    assert Quote.load(db.session, quotes[1]).state == "expired"
    assert Tender.load(db.session, tender).state == "failed"


@pytest.mark.parametrize("agreed", [True, False])
def test_what_was_chosen_ends_by_no_clock(world: World, time: Any, agreed: bool) -> None:
    """Nor is its agency told that it did; a quote of before, whose clock still runs, is stopped by it."""
    tender = world.tender()
    quote = quote_actions.submit(world.actor("agency"), tender, price=100, days=20)
    if agreed:
        quote_actions.accept(world.actor("buyer"), quote)
    closing.close(world.actor("buyer"), tender)
    award = awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格和工期都合适"
    )
    found = Quote.load(db.session, quote)
    assert (found.state, found.due_at) == ("agreed", None)
    found.due_at = clock.now()
    db.session.commit()
    time.instant = workdays.add(time.instant, 60)
    run_deadlines()
    db.session.rollback()
    found = Quote.load(db.session, quote)
    assert (found.state, found.due_at) == ("agreed", None)
    awards.reopen(db.session, Award.load(db.session, award))
    assert found.due_at == found.agreed_until, "decided anew, it waits as any other"
    db.session.rollback()


def test_choosing_an_open_quote_accepts_it_and_a_delegate_needs_a_budget(world: World) -> None:
    from market.accounts.actions import delegating
    from models import clock

    tender = world.tender()
    quote = quote_actions.submit(world.actor("agency"), tender, price=100, days=20)
    closing.close(world.actor("buyer"), tender)
    awards.award(
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
        cancelling.cancel(world.actor("helper"), open_ended, reason="没有预算上限的不能代办")


def test_a_suspended_agencys_quote_cannot_be_chosen(world: World) -> None:

    tender = world.tender()
    for name in ("agency", "second"):
        quote_actions.submit(world.actor(name), tender, price=100, days=20)
    closing.close(world.actor("buyer"), tender)
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    with pytest.raises(RuleViolation, match="现在不能接受中选") as refused:
        awards.award(
            world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
        )
    assert refused.value.field == "agency"
    assert awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["second"], reasons="价格合理,工期满足"
    )
