"""A delegation ties nobody before it is accepted, and until it is laid down or taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from harness.factories import World
from market.accounts.actions import delegating, members
from market.contracts.actions import changing, disputing
from market.extensions import db
from market.sourcing.actions import awards, bids, cancelling, closing, questions, quotes, tenders
from market.transaction import transaction
from models import clock, workdays
from models.accounts import Delegation, User
from models.errors import NotAllowed, NotFound
from models.sourcing.quotes import Quote
from tests.models.conflicts import BOTH, belongs, colleague, leave


def lent(world: World, person: str, buyer: str = "buyer") -> None:
    """A delegation that was accepted before the person joined an agency."""
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == world.emails[person])).one()
        until = clock.now() + timedelta(days=400)
        session.add(
            Delegation(
                buyer_id=world.organisation(buyer).id,
                user_id=user.id,
                scope=["tender", "quote", "contract"],
                most=10**10,
                until=until,
                accepted_at=clock.now(),
            )
        )


def delegated(world: World, *names: str) -> None:
    """The buyer names these people as its delegates; nobody asked them."""
    for name in names:
        delegating.delegate(
            world.actor("buyer"),
            email=world.emails[name],
            scope=["tender", "contract"],
            most=10**10,
            until=clock.now() + timedelta(days=400),
        )


def offered(world: World, name: str) -> int:
    """What was delegated to somebody last."""
    number = db.session.scalar(
        select(Delegation.id)
        .join(Delegation.user)
        .where(User.email == world.emails[name])
        .order_by(Delegation.id.desc())
        .limit(1)
    )
    assert number is not None
    return number


def test_a_delegation_nobody_accepted_ties_nobody(world: World, time: Any) -> None:
    """A buyer names an agency's and an official's address.

    Neither they nor their offices are kept from anything, and they cannot accept.
    """
    started = world.started()
    colleague(world, "agency")
    changing.give_notice(world.actor("buyer"), started, reason="对方严重违约,解除合同")
    delegated(world, "agency", "second", "regulator", "department", "custodian")
    buyer = world.organisation("buyer").id
    for name in ("agency", "second", "regulator", "department", "custodian"):
        actor = world.actor(name)
        assert (actor.mandates, actor.resting) == ((), ())
        assert buyer not in actor.ties()
        with pytest.raises(NotAllowed, match=BOTH):
            delegating.accept(actor, offered(world, name))
        assert buyer not in world.actor(name).ties(), "who was refused is not tied either"
    sealed, inquiry = world.tender(mode="sealed_bid", funds="state"), world.tender(project="另一个项目")
    questions.ask(world.actor("agency"), sealed, question="是否包含现场踏勘?")
    bids.submit(world.actor("agency"), sealed, price=100, days=20)
    quotes.submit(world.actor("colleague"), inquiry, price=100, days=20)
    disputing.contest(world.actor("agency"), started, answer="我们没有违约,不同意解除合同")
    world.bids(sealed, second=200_00, third=300_00)
    time.closing(sealed)
    award = awards.award(world.actor("buyer"), sealed, reasons="报价最低,工期满足")
    awards.annul(world.actor("regulator"), award, reason="评审程序违反规定")
    delegated(world, "agency")
    delegating.lay_down(world.actor("agency"), offered(world, "agency"))
    with pytest.raises(NotFound):
        delegating.accept(world.actor("agency"), offered(world, "agency"))


def test_what_was_accepted_ties_until_it_is_laid_down_or_taken_back(world: World) -> None:
    world.enterprise("helper")
    buyer = world.organisation("buyer").id
    for end in ("lay_down", "revoke"):
        delegated(world, "helper")
        assert buyer not in world.actor("helper").ties()
        world.accept("helper")
        belongs(world, "helper", "third")
        tender = world.tender(project=f"项目{end}")
        with pytest.raises(NotAllowed, match=BOTH):
            quotes.submit(world.actor("third"), tender, price=100, days=20)
        number = offered(world, "helper")
        with pytest.raises(NotFound):
            delegating.lay_down(world.actor("third"), number)
        if end == "lay_down":
            delegating.lay_down(world.actor("helper"), number)
        else:
            delegating.revoke(world.actor("buyer"), number)
        quotes.submit(world.actor("third"), tender, price=100, days=20)
        leave(world, "helper", "third")


def test_nobody_is_made_a_member_by_being_named(world: World) -> None:
    """A new member has an account of its own: to name the other side's address ties nobody there."""
    tender = world.tender()
    quote = quotes.submit(world.actor("agency"), tender, price=100, days=20)
    for by, named in (("agency", "buyer"), ("second", "regulator"), ("buyer", "agency")):
        members.add_member(
            world.actor(by), email=world.emails[named], name="某员工", password="some horse battery"
        )
        assert world.organisation(by).id not in world.actor(named).ties()
    quotes.accept(world.actor("buyer"), quote)


def test_who_accepted_and_then_joined_an_agency_acts_for_neither_side(world: World) -> None:
    lent(world, "agency")
    assert (world.actor("agency").mandates, len(world.actor("agency").resting)) == ((), 1)
    buyer = world.organisation("buyer").id
    with pytest.raises(NotAllowed, match=BOTH):
        world.tender("agency", on_behalf_of=buyer, budget=10**7)
    draft = world.tender(publish=False, budget=10**7)
    with pytest.raises(NotAllowed, match=BOTH):
        tenders.publish(world.actor("agency"), draft)
    tender = tenders.publish(world.actor("buyer"), draft)
    for act in (
        quotes.submit,
        bids.submit,
    ):  # the other way round: nor does it answer its buyer
        target = tender if act is quotes.submit else world.tender(mode="sealed_bid", funds="state")
        with pytest.raises(NotAllowed, match=BOTH):
            act(world.actor("agency"), target, price=100, days=20)
    with pytest.raises(NotAllowed, match=BOTH):
        questions.ask(world.actor("agency"), tender, question="是否包含现场踏勘?")
    colleague(world, "agency")
    with pytest.raises(NotAllowed, match=BOTH):  # and a fellow member does it no more than the delegate
        quotes.submit(world.actor("colleague"), tender, price=100, days=20)
    rival = quotes.submit(world.actor("second"), tender, price=100, days=20)
    for act, values in (
        (quotes.accept, {}),
        (quotes.decline, {}),
        (quotes.offer, {"price": 90, "days": 20}),
    ):
        with pytest.raises(NotAllowed, match=BOTH):
            act(world.actor("agency"), rival, **values)
    assert not Quote.load(db.session, rival).roles_of(world.actor("agency")), (
        "nor does it read a rival's price"
    )
    with transaction() as session:
        session.execute(delete(Delegation))
    quotes.submit(world.actor("colleague"), tender, price=100, days=20)


def test_a_delegate_whose_colleague_belongs_to_a_bidder_is_refused_once_that_is_open(world: World) -> None:
    world.enterprise("helper")
    colleague(world, "helper")
    delegating.delegate(
        world.actor("buyer"),
        email=world.emails["helper"],
        scope=["tender", "quote", "contract"],
        most=10**9,
        until=workdays.add(clock.now(), 90),
    )
    world.accept("helper")
    belongs(world, "colleague", "agency")
    buyer = world.organisation("buyer").id
    tender = world.tender("helper", on_behalf_of=buyer, budget=10**7)
    quote = quotes.submit(world.actor("agency"), tender, price=100, days=20)
    tenders.amend(
        world.actor("helper"),
        tender,
        description="",
        quantity={},
        budget=10**7,
        deadline=workdays.add(world.deadline(tender), 3),
        reason="补充说明情况",
    )
    with pytest.raises(NotAllowed, match=BOTH):
        quotes.accept(world.actor("helper"), quote)
    closing.close(world.actor("buyer"), tender)
    with pytest.raises(NotAllowed, match=BOTH):
        awards.award(
            world.actor("helper"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
        )
    with pytest.raises(NotAllowed, match=BOTH):
        cancelling.cancel(world.actor("helper"), tender, reason="不再需要这项服务")
    assert awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
    )
