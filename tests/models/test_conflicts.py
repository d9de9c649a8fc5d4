"""Nobody acts on both sides of one case.

Every case type × act × role, and the ways in which one person comes to stand on both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from harness.factories import World
from market.accounts.actions import delegating
from market.agencies.actions import entry
from market.contracts.actions import drafting, signing
from market.extensions import db
from market.payments.actions import invoicing, paying
from market.ratings.actions import rating as ratings
from market.sourcing.actions import awards, scoring, tenders
from market.transaction import transaction
from models import CASES, clock, events, workdays
from models.accounts import Delegation
from models.actors import Actor
from models.errors import NotAllowed, RuleViolation
from models.payments.payment import Payment
from models.ratings.rating import DIMENSIONS, Rating
from models.sourcing.tenders import Tender
from models.workflow import override, permit
from models.workflow_table import Move
from tests.models.conflicts import BOTH, belongs, colleague, leave
from tests.models.test_workflow import whole_market


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
            permit(db.session, case, move.act, actor)
        except NotAllowed as refused:
            return BOTH in refused.message
        except RuleViolation:
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


def test_a_member_of_buyer_and_bidder_signs_pays_confirms_and_rates_for_neither(world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    for one, other in (("buyer", "agency"), ("agency", "buyer")):
        belongs(world, one, other)
        for name in (one, other):  # the one on both sides, and its fellow
            with pytest.raises(NotAllowed, match=BOTH):
                signing.agree(world.actor(name), contract)
            with pytest.raises(NotAllowed, match=BOTH):
                drafting.terminate(world.actor(name), contract, reason="双方另有约定")
        leave(world, one, other)
    for name in ("buyer", "agency"):
        signing.agree(world.actor(name), contract)
    deposit = world.one(Payment, contract, kind="deposit").identifier
    belongs(world, "agency", "buyer")
    for act in (paying.pay, invoicing.record):
        with pytest.raises(NotAllowed, match=BOTH):
            _with_papers(world, act, deposit)
    leave(world, "agency", "buyer")
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
    from harness.factories import PDF

    if act is paying.pay:
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


def test_officials_answer_for_themselves_alone(world: World) -> None:
    colleague(world, "regulator")
    belongs(world, "regulator", "agency")
    with pytest.raises(NotAllowed, match=BOTH):
        entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    award = world.awarded(agency="second")
    entry.suspend(world.actor("colleague"), world.identifiers["agency"], reason="登记住所查无此机构")
    belongs(world, "department", "second")
    belongs(world, "custodian", "second")
    contract = world.contract_of(award).identifier
    for name in ("buyer", "second"):
        signing.agree(world.actor(name), contract)
    payment = world.one(Payment, contract, kind="deposit")
    for name in ("custodian", "department"):
        assert world.organisation("second").id in world.actor(name).ties()
    move = next(m for m in payment.workflow.moves if "custodian" in m.who)
    payment.state = move.source
    with pytest.raises(NotAllowed, match=BOTH), db.session.no_autoflush:
        permit(db.session, payment, move.act, world.actor("custodian"))
    db.session.rollback()


def test_an_evaluator_who_belongs_to_a_bidder_can_only_step_aside(world: World, time: Any) -> None:
    from tests.models.test_workflow import CRITERIA

    quality = {
        **CRITERIA,
        "price": {"weight": 40, "formula": "lowest_ratio"},
        "quality": [{"name": "方案", "weight": 30}],
    }
    tender = world.tender(mode="merit", funds="state", criteria=quality)
    world.enterprise("expert")
    scoring.appoint(world.actor("buyer"), tender, email=world.emails["expert"])
    world.bids(tender, agency=100_00, second=200_00, third=300_00)
    time.closing(tender)
    belongs(world, "expert", "second")
    evaluation = _evaluation(tender)
    with pytest.raises(NotAllowed, match=BOTH):
        scoring.declare(world.actor("expert"), evaluation)
    scoring.recuse(world.actor("expert"), evaluation, reason="是投标机构的人")


def _evaluation(tender: str) -> str:
    from models.sourcing.evaluations import Evaluation

    db.session.rollback()
    return (
        db.session.query(Evaluation)
        .join(Evaluation.tender)
        .filter(Tender.identifier == tender)
        .one()
        .identifier
    )


def test_a_refusal_betrays_no_sealed_bid(world: World, time: Any) -> None:
    """Before the opening whoever is tied to a bidder through a colleague acts as before.

    Only the bidder's own member knows, and is refused.
    """
    world.enterprise("helper")
    colleague(world, "helper")
    delegating.delegate(
        world.actor("buyer"),
        email=world.emails["helper"],
        scope=["tender"],
        most=10**9,
        until=workdays.add(clock.now(), 90),
    )
    world.accept("helper")
    belongs(world, "colleague", "agency")
    tender = world.tender(mode="sealed_bid", funds="state", budget=10**7)
    world.bids(tender, agency=100_00, second=200_00, third=300_00)
    values = {"description": "", "quantity": {}, "budget": 10**7, "reason": "公告期需要延长"}
    tenders.amend(world.actor("helper"), tender, deadline=workdays.add(world.deadline(tender), 2), **values)
    belongs(world, "buyer", "second")
    with pytest.raises(NotAllowed, match=BOTH):
        tenders.amend(
            world.actor("buyer"), tender, deadline=workdays.add(world.deadline(tender), 2), **values
        )
    leave(world, "buyer", "second")
    time.closing(tender)
    with pytest.raises(NotAllowed, match=BOTH):
        awards.award(world.actor("helper"), tender, reasons="报价最低,工期满足")
