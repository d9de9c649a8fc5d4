"""What a restriction does around the acts it stops: whom a buyer is offered, draws, work under way."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.contracts.actions import changing, delivering, drafting, signing
from market.extensions import db
from market.jobs import drain
from market.sourcing.actions import awards, closing, scoring
from models import draws
from models.accounts import Organisation
from models.agencies.eligibility import able
from models.contracts.agreement import Contract
from models.credit.policy import ACTIVITIES
from models.credit.restrictions import Restricted
from models.events import Event
from models.notifications import Notification
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.matching import able_agencies, answerable
from models.sourcing.supply import shortage
from models.sourcing.tenders import Invitation, Tender
from tests.credit.restricted import ended, limited
from tests.sourcing.test_merit import CRITERIA
from tests.web import sign_in

ALL = tuple(ACTIVITIES)


@pytest.mark.parametrize("activity", ["award", "sign", "quote", "bid"])
def test_whoever_is_stopped_is_offered_to_nobody(app: Flask, world: World, activity: str) -> None:
    mode = {"mode": "sealed_bid", "funds": "state"} if activity == "bid" else {}
    tender = Tender.load(db.session, world.tender(**mode))
    key, name = world.organisation("agency").id, world.identifiers["agency"]

    def offered() -> tuple[bool, bool, int, bool]:
        db.session.rollback()
        here = Tender.load(db.session, tender_name)
        own = world.organisation("agency")
        mine = select(Tender.id).where(answerable(db.session, own))
        return (
            key in able_agencies(db.session, here, 0, 100)[0],
            here.id in set(db.session.scalars(mine)),
            able(db.session, here.item, here.way.activity, most=10),
            db.session.scalar(select(Organisation.id).where(Invitation.open_to([name]))) is not None,
        )

    tender_name = tender.identifier
    before = offered()
    assert before[:2] == (True, True)
    record = limited(world, activity)
    invitable = activity in ("quote", "bid")  # to what else a buyer may ask of it
    assert offered() == (False, False, before[2] - 1, invitable)
    ended(record)
    assert offered() == before


def test_a_draft_warns_of_an_invited_agency_that_is_stopped(world: World) -> None:
    draft = world.tender(
        publish=False, openness="invited", invited=[world.identifiers[name] for name in ("agency", "second")]
    )
    limited(world, "sign")
    db.session.rollback()
    warned = shortage(db.session, Tender.load(db.session, draft))
    assert any(problem.params.get("agency") == "agency单位" for problem in warned)


@pytest.mark.parametrize("mode", ["random_draw", "sealed_bid", "merit"])
def test_a_bid_of_whoever_is_stopped_at_the_deadline_is_in_no_draw_and_stays_sealed(
    world: World, time: Any, mode: str
) -> None:
    more: dict[str, Any] = {
        "random_draw": {"budget": 4_500_000},
        "merit": {"funds": "state", "criteria": CRITERIA},
    }.get(mode, {})
    world.agency("fourth", 4_700_000)
    tender = world.tender(mode=mode, **more)
    for number in range(3 if mode == "merit" else 0):
        world.enterprise(f"expert{number}")
        scoring.appoint(world.actor("buyer"), tender, email=f"expert{number}@example.cn")
    made = world.bids(tender, agency=4_000_000, second=4_100_000, third=4_200_000, fourth=4_300_000)
    time.instant = world.closing(tender)
    limited(world, "award")
    time.closing(tender)
    db.session.rollback()
    bid = Bid.load(db.session, made["agency"])
    assert (bid.state, bid.price) == ("void", None)
    for draw in draws.of_case(db.session, tender):
        assert made["agency"] not in draw.candidates
    outcome = Tender.load(db.session, tender).outcome
    assert outcome is None or made["agency"] not in outcome.ranking


def test_who_is_stopped_after_the_opening_is_passed_over_at_the_award(world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, agency=100_00, second=200_00, third=300_00)
    time.closing(tender)
    limited(world, "award")
    award = awards.award(world.actor("buyer"), tender, reasons="报价最低,工期满足")
    assert Award.load(db.session, award).agency.identifier == world.identifiers["second"]


def test_with_too_few_left_the_deadline_moves_and_nobody_is_struck(world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    made = world.bids(tender, agency=100_00, second=200_00, third=300_00)
    time.instant = world.closing(tender)
    limited(world, "award")
    closing.close(world.actor("buyer"), tender)
    db.session.rollback()
    case = Tender.load(db.session, tender)
    assert (case.state, case.extended, Bid.load(db.session, made["agency"]).state) == (
        "published",
        True,
        "submitted",
    )


def test_a_contract_under_way_goes_on_and_is_paid(world: World) -> None:
    contract = world.signed()
    limited(world, *ALL)
    world.paid(contract, "deposit")
    world.supplied(contract)
    deliverable = world.delivered(contract)
    world.accepted(deliverable)
    delivering.pass_review(world.actor("department"), deliverable)
    world.paid(contract, "settlement")
    assert Contract.load(db.session, contract).state == "completed"


def test_a_variation_is_new_business_and_an_extension_is_not(world: World) -> None:
    contract = world.started()
    terms = [{"name": "报告", "days": 20, "amount": 4_100_000, "reviewed": True}]
    more = changing.propose(
        world.actor("buyer"), contract, kind="variation", terms={"milestones": terms}, reason="增加了监测点位"
    )
    limited(world, "sign")
    with pytest.raises(Restricted):
        changing.agree(world.actor("agency"), more)
    changing.refuse(world.actor("agency"), more, reason="受到限制,不能增加工作")
    longer = changing.propose(
        world.actor("buyer"), contract, kind="extension", terms={"days": 5}, reason="踏勘遇到大雪"
    )
    changing.agree(world.actor("agency"), longer)


def _told(world: World, kind: str, name: str = "buyer") -> list[Event]:
    drain()
    db.session.rollback()
    mine = (
        select(Event)
        .join(Notification, Notification.event_id == Event.id)
        .where(Event.kind == kind, Notification.organisation_id == world.organisation(name).id)
    )
    return list(db.session.scalars(mine.order_by(Event.id)))


def test_a_winner_that_may_not_sign_any_more_can_be_replaced_and_nothing_kept_says_why(
    app: Flask, world: World, time: Any
) -> None:
    from tests.credit import record_cases as cases

    award = world.awarded()
    contract = world.contract_of(award).identifier
    record = cases.in_force(world, kind="serious")
    (told,) = _told(world, "award.unfit")
    for hint in ("严重违法", "依据", record):
        assert hint not in str(told.data)
        assert hint not in str(Award.load(db.session, award).unfit)
    page = sign_in(app, world, "buyer").get(f"/contracts/{contract}").text
    assert "受到限制" in page
    with pytest.raises(Restricted, match="严重违法失信名单"):  # published: the buyer reads it as anybody does
        signing.agree(world.actor("buyer"), contract)
    drafting.replace(world.actor("buyer"), contract, reason="中选机构受到限制,不能签约")
    assert Contract.load(db.session, contract).state == "terminated"


def test_it_is_fit_again_when_its_record_is_repaired(world: World, time: Any) -> None:
    from tests.credit import record_cases as cases

    award = world.awarded()
    record = cases.in_force(world, kind="serious")
    drain()
    db.session.rollback()
    assert Award.load(db.session, award).unfit is not None
    cases.records.revoke(world.actor("regulator"), record, reason="复议撤销了原决定")
    assert _told(world, "award.fit")
    assert Award.load(db.session, award).unfit is None
