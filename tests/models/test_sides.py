"""Nobody acts on both sides of one case.

Every case type × act × role, and the ways in which one person comes to stand on both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from market.accounts import actions as accounts
from market.agencies import actions as agencies
from market.contracts import actions as contracts
from market.extensions import db
from market.payments import actions as payments
from market.ratings import actions as ratings
from market.sourcing import actions as sourcing
from market.transaction import transaction
from models import CASES, clock, events, workdays
from models.accounts import Delegation, Membership, User
from models.actors import Actor
from models.payments import Payment
from models.ratings import DIMENSIONS, Rating
from models.sourcing import Quote, Request
from models.text import NotAllowed, NotFound, RuleBroken
from models.workflow import Move, check, override
from tests.factories import World
from tests.models.test_workflow import whole_market

BOTH = "代表双方"
SCORES = dict.fromkeys(DIMENSIONS["buyer"], 5)


def belongs(world: World, person: str, organisation: str, role: str = "staff") -> None:
    """A person becomes a member of another organisation too, however that came about."""
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == world.emails[person])).one()
        session.add(
            Membership(user_id=user.id, organisation_id=world.organisation(organisation).id, role=role)
        )


def lent(world: World, person: str, buyer: str = "buyer") -> None:
    """A delegation that was accepted before the person joined an agency."""
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == world.emails[person])).one()
        until = clock.now() + timedelta(days=400)
        session.add(
            Delegation(
                buyer_id=world.organisation(buyer).id,
                user_id=user.id,
                scope=["request", "quote", "contract"],
                most=10**10,
                until=until,
                accepted_at=clock.now(),
            )
        )


def colleague(world: World, of: str, name: str = "colleague") -> None:
    """Another member of somebody's organisation."""
    world.member(of, name)


def _playing(world: World, case: Any, role: str) -> Actor | None:
    """Somebody who plays this role in the case: a member, an official, a person.

    None where the case has nobody in it.
    """
    base = replace(world.actor("regulator"), roles=frozenset({role}), region_code="630000")
    if role in case.persons:
        return replace(
            base,
            roles=frozenset(),
            user_id=getattr(case, case.persons[role]),
            organisation_id=None,
            belongs=(),
        )
    if role not in case.parties:
        return base
    key = getattr(case, case.parties[role])
    kind = "authority" if role in ("department", "superior") else "enterprise"
    return (
        replace(base, roles=frozenset({"enterprise"}), organisation_id=key, belongs=((key, kind),))
        if key
        else None
    )


def _refused(case: Any, move: Move, actor: Actor) -> bool:
    case.state = move.source
    with db.session.no_autoflush:
        try:
            check(db.session, case, move.act, actor)
        except NotAllowed as refused:
            return BOTH in refused.message
        except RuleBroken:
            return False
    return False


def test_every_act_of_every_case_is_refused_to_whoever_belongs_to_the_other_side(
    world: World, time: Any
) -> None:
    identifiers, tried = whole_market(world, time), 0
    with transaction() as session:
        session.execute(delete(Delegation))
    for name, case_class in CASES.items():
        case = case_class.load(db.session, identifiers[name])
        everyone = case.involved(db.session, frozenset(range(1, 100)))
        for move in case.workflow.moves:
            for role in sorted(set(move.who) - {"system", "admin"}):
                actor = _playing(world, case, role)
                others = everyone - {case.side_of(role)}
                if actor is None or role not in case.roles_of(actor):
                    continue
                assert not _refused(case, move, actor), (name, move.act, role)
                for other in others:
                    both = replace(actor, belongs=(*actor.belongs, (other, "agency")))
                    assert _refused(case, move, both) is not move.leaves, (
                        name,
                        move.source,
                        move.act,
                        role,
                        other,
                    )
                    tried += 1
        if others := everyone:
            with pytest.raises(NotAllowed, match=BOTH):
                override(
                    db.session,
                    case,
                    next(iter(case.workflow.states)),
                    replace(
                        actor or world.actor("regulator"),
                        roles=frozenset({"admin"}),
                        belongs=((min(others), "agency"),),
                    ),
                    "流程走不通了",
                )
        db.session.rollback()
    events.forget(db.session)
    assert tried > 130
    with_others = {
        name
        for name, kind in CASES.items()
        if kind.load(db.session, identifiers[name]).involved(db.session, frozenset())
    }
    assert with_others == set(CASES)


def delegated(world: World, *names: str) -> None:
    """The buyer names these people as its delegates; nobody asked them."""
    for name in names:
        accounts.delegate(
            world.actor("buyer"),
            email=world.emails[name],
            scope=["request", "contract"],
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
    contracts.give_notice(world.actor("buyer"), started, reason="对方严重违约,解除合同")
    delegated(world, "agency", "second", "regulator", "department", "custodian")
    buyer = world.organisation("buyer").id
    for name in ("agency", "second", "regulator", "department", "custodian"):
        actor = world.actor(name)
        assert (actor.mandates, actor.resting) == ((), ())
        assert buyer not in actor.ties()
        with pytest.raises(NotAllowed, match=BOTH):
            accounts.accept_delegation(actor, offered(world, name))
        assert buyer not in world.actor(name).ties(), "who was refused is not tied either"
    sealed, inquiry = world.request(mode="sealed_bid", funds="state"), world.request(project="另一个项目")
    sourcing.ask(world.actor("agency"), sealed, question="是否包含现场踏勘?")
    sourcing.submit_bid(world.actor("agency"), sealed, price=100, days=20)
    sourcing.submit_quote(world.actor("colleague"), inquiry, price=100, days=20)
    contracts.contest(world.actor("agency"), started, answer="我们没有违约,不同意解除合同")
    world.bids(sealed, second=200_00, third=300_00)
    time.closing(sealed)
    award = sourcing.award(world.actor("buyer"), sealed, reasons="报价最低,工期满足")
    sourcing.annul(world.actor("regulator"), award, reason="评审程序违反规定")
    delegated(world, "agency")
    accounts.lay_down_delegation(world.actor("agency"), offered(world, "agency"))
    with pytest.raises(NotFound):
        accounts.accept_delegation(world.actor("agency"), offered(world, "agency"))


def test_what_was_accepted_ties_until_it_is_laid_down_or_taken_back(world: World) -> None:
    world.enterprise("helper")
    buyer = world.organisation("buyer").id
    for end in ("lay_down", "revoke"):
        delegated(world, "helper")
        assert buyer not in world.actor("helper").ties()
        world.accept("helper")
        belongs(world, "helper", "third")
        request = world.request(project=f"项目{end}")
        with pytest.raises(NotAllowed, match=BOTH):
            sourcing.submit_quote(world.actor("third"), request, price=100, days=20)
        number = offered(world, "helper")
        with pytest.raises(NotFound):
            accounts.lay_down_delegation(world.actor("third"), number)
        if end == "lay_down":
            accounts.lay_down_delegation(world.actor("helper"), number)
        else:
            accounts.revoke_delegation(world.actor("buyer"), number)
        sourcing.submit_quote(world.actor("third"), request, price=100, days=20)
        _leave(world, "helper", "third")


def test_nobody_is_made_a_member_by_being_named(world: World) -> None:
    """A new member has an account of its own: to name the other side's address ties nobody there."""
    request = world.request()
    quote = sourcing.submit_quote(world.actor("agency"), request, price=100, days=20)
    for by, named in (("agency", "buyer"), ("second", "regulator"), ("buyer", "agency")):
        accounts.add_member(
            world.actor(by), email=world.emails[named], name="某员工", password="some horse battery"
        )
        assert world.organisation(by).id not in world.actor(named).ties()
    sourcing.accept_quote(world.actor("buyer"), quote)


def test_who_accepted_and_then_joined_an_agency_acts_for_neither_side(world: World) -> None:
    lent(world, "agency")
    assert (world.actor("agency").mandates, len(world.actor("agency").resting)) == ((), 1)
    buyer = world.organisation("buyer").id
    with pytest.raises(NotAllowed, match=BOTH):
        world.request("agency", on_behalf_of=buyer, budget=10**7)
    draft = world.request(publish=False, budget=10**7)
    with pytest.raises(NotAllowed, match=BOTH):
        sourcing.publish(world.actor("agency"), draft)
    request = sourcing.publish(world.actor("buyer"), draft)
    for act in (
        sourcing.submit_quote,
        sourcing.submit_bid,
    ):  # the other way round: nor does it answer its buyer
        target = request if act is sourcing.submit_quote else world.request(mode="sealed_bid", funds="state")
        with pytest.raises(NotAllowed, match=BOTH):
            act(world.actor("agency"), target, price=100, days=20)
    with pytest.raises(NotAllowed, match=BOTH):
        sourcing.ask(world.actor("agency"), request, question="是否包含现场踏勘?")
    colleague(world, "agency")
    with pytest.raises(NotAllowed, match=BOTH):  # and a fellow member does it no more than the delegate
        sourcing.submit_quote(world.actor("colleague"), request, price=100, days=20)
    rival = sourcing.submit_quote(world.actor("second"), request, price=100, days=20)
    for act, values in (
        (sourcing.accept_quote, {}),
        (sourcing.decline_quote, {}),
        (sourcing.offer, {"price": 90, "days": 20}),
    ):
        with pytest.raises(NotAllowed, match=BOTH):
            act(world.actor("agency"), rival, **values)
    assert not Quote.load(db.session, rival).roles_of(world.actor("agency")), (
        "nor does it read a rival's price"
    )
    with transaction() as session:
        session.execute(delete(Delegation))
    sourcing.submit_quote(world.actor("colleague"), request, price=100, days=20)


def test_a_delegate_whose_colleague_belongs_to_a_bidder_is_refused_once_that_is_open(world: World) -> None:
    world.enterprise("helper")
    colleague(world, "helper")
    accounts.delegate(
        world.actor("buyer"),
        email=world.emails["helper"],
        scope=["request", "quote", "contract"],
        most=10**9,
        until=workdays.add(clock.now(), 90),
    )
    world.accept("helper")
    belongs(world, "colleague", "agency")
    buyer = world.organisation("buyer").id
    request = world.request("helper", on_behalf_of=buyer, budget=10**7)
    quote = sourcing.submit_quote(world.actor("agency"), request, price=100, days=20)
    sourcing.amend(
        world.actor("helper"),
        request,
        description="",
        quantity={},
        budget=10**7,
        deadline=workdays.add(world.deadline(request), 3),
        reason="补充说明情况",
    )
    with pytest.raises(NotAllowed, match=BOTH):
        sourcing.accept_quote(world.actor("helper"), quote)
    sourcing.close(world.actor("buyer"), request)
    with pytest.raises(NotAllowed, match=BOTH):
        sourcing.award(
            world.actor("helper"), request, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
        )
    with pytest.raises(NotAllowed, match=BOTH):
        sourcing.cancel(world.actor("helper"), request, reason="不再需要这项服务")
    assert sourcing.award(
        world.actor("buyer"), request, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
    )


def test_a_member_of_buyer_and_bidder_signs_pays_confirms_and_rates_for_neither(world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    for one, other in (("buyer", "agency"), ("agency", "buyer")):
        belongs(world, one, other)
        for name in (one, other):  # the one on both sides, and its fellow
            with pytest.raises(NotAllowed, match=BOTH):
                contracts.agree(world.actor(name), contract)
            with pytest.raises(NotAllowed, match=BOTH):
                contracts.terminate(world.actor(name), contract, reason="双方另有约定")
        _leave(world, one, other)
    for name in ("buyer", "agency"):
        contracts.agree(world.actor(name), contract)
    deposit = world.one(Payment, contract, kind="deposit").identifier
    belongs(world, "agency", "buyer")
    for act in (payments.pay, payments.record_invoice):
        with pytest.raises(NotAllowed, match=BOTH):
            _with_papers(world, act, deposit)
    _leave(world, "agency", "buyer")
    settled = world.settled_unrated()
    belongs(world, "buyer", "agency")
    for by in ("buyer", "agency"):
        with pytest.raises(NotAllowed, match=BOTH):
            ratings.rate(
                world.actor(by),
                world.one(Rating, settled, by=by).identifier,
                scores=dict.fromkeys(DIMENSIONS[by], 5),
            )


def _with_papers(world: World, act: Callable[..., str], payment: str) -> None:
    from tests.factories import PDF

    if act is payments.pay:
        act(world.actor("buyer"), payment, bank_reference="2026030200001", file_name="v.pdf", content=PDF)
    else:
        act(
            world.actor("agency"),
            payment,
            number="2" * 20,
            amount=100,
            tax=1,
            issued_on=world.day(0),
            file_name="i.pdf",
            content=PDF,
        )


def _leave(world: World, person: str, organisation: str) -> None:
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == world.emails[person])).one()
        session.execute(
            delete(Membership).where(
                Membership.user_id == user.id,
                Membership.organisation_id == world.organisation(organisation).id,
            )
        )


def test_officials_answer_for_themselves_alone(world: World) -> None:
    colleague(world, "regulator")
    belongs(world, "regulator", "agency")
    with pytest.raises(NotAllowed, match=BOTH):
        agencies.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    award = world.awarded(agency="second")
    agencies.suspend(world.actor("colleague"), world.identifiers["agency"], reason="登记住所查无此机构")
    belongs(world, "department", "second")
    belongs(world, "custodian", "second")
    contract = world.contract_of(award).identifier
    for name in ("buyer", "second"):
        contracts.agree(world.actor(name), contract)
    payment = world.one(Payment, contract, kind="deposit")
    for name in ("custodian", "department"):
        assert world.organisation("second").id in world.actor(name).ties()
    move = next(m for m in payment.workflow.moves if "custodian" in m.who)
    payment.state = move.source
    with pytest.raises(NotAllowed, match=BOTH), db.session.no_autoflush:
        check(db.session, payment, move.act, world.actor("custodian"))
    db.session.rollback()


def test_an_evaluator_who_belongs_to_a_bidder_can_only_step_aside(world: World, time: Any) -> None:
    from tests.models.test_workflow import CRITERIA

    quality = {
        **CRITERIA,
        "price": {"weight": 40, "formula": "lowest_ratio"},
        "quality": [{"name": "方案", "weight": 30}],
    }
    request = world.request(mode="merit", funds="state", criteria=quality)
    world.enterprise("expert")
    sourcing.appoint(world.actor("buyer"), request, email=world.emails["expert"])
    world.bids(request, agency=100_00, second=200_00, third=300_00)
    time.closing(request)
    belongs(world, "expert", "second")
    evaluation = _evaluation(request)
    with pytest.raises(NotAllowed, match=BOTH):
        sourcing.declare(world.actor("expert"), evaluation)
    sourcing.recuse(world.actor("expert"), evaluation, reason="是投标机构的人")


def _evaluation(request: str) -> str:
    from models.sourcing import Evaluation

    db.session.rollback()
    return (
        db.session.query(Evaluation)
        .join(Evaluation.request)
        .filter(Request.identifier == request)
        .one()
        .identifier
    )


def test_a_refusal_betrays_no_sealed_bid(world: World, time: Any) -> None:
    """Before the opening whoever is tied to a bidder through a colleague acts as before.

    Only the bidder's own member knows, and is refused.
    """
    world.enterprise("helper")
    colleague(world, "helper")
    accounts.delegate(
        world.actor("buyer"),
        email=world.emails["helper"],
        scope=["request"],
        most=10**9,
        until=workdays.add(clock.now(), 90),
    )
    world.accept("helper")
    belongs(world, "colleague", "agency")
    request = world.request(mode="sealed_bid", funds="state", budget=10**7)
    world.bids(request, agency=100_00, second=200_00, third=300_00)
    values = {"description": "", "quantity": {}, "budget": 10**7, "reason": "公告期需要延长"}
    sourcing.amend(
        world.actor("helper"), request, deadline=workdays.add(world.deadline(request), 2), **values
    )
    belongs(world, "buyer", "second")
    with pytest.raises(NotAllowed, match=BOTH):
        sourcing.amend(
            world.actor("buyer"), request, deadline=workdays.add(world.deadline(request), 2), **values
        )
    _leave(world, "buyer", "second")
    time.closing(request)
    with pytest.raises(NotAllowed, match=BOTH):
        sourcing.award(world.actor("helper"), request, reasons="报价最低,工期满足")
