"""Limits that would end in nothing.

Every one ends in an act of the clock or is referred to the level above, which is told and may act; and money
has a way out of whatever nobody decides.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import PDF, World
from market.agencies.actions import entry
from market.contracts.actions import changing, delivering, disputing, drafting
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.payments.actions import paying
from market.referrals import urges
from market.sourcing.actions import awards, cancelling, closing, questions, quotes
from models import CASES, policy, workdays
from models.accounts import Organisation
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.errors import NotAllowed, RuleViolation
from models.events import Event
from models.ledger import books
from models.notifications import Notification
from models.payments.payment import Payment
from models.payments.payouts import Payout
from models.ratings.rating import Rating
from models.sourcing.awards import Objection
from models.sourcing.clarifications import Clarification
from models.sourcing.tenders import Tender
from models.workflow_table import Limit, Move, State, Workflow
from tests.web import sign_in

OPEN, ENDED = State("open", "open"), State("ended", "ended", terminal=True)


@pytest.mark.parametrize(
    "moves",
    [
        (
            Move("open", "go", "ended", {"buyer"}),
            Move("open", "wait", "open", {"buyer"}, limit=Limit(policy="x")),
        ),
        (
            Move("open", "go", "ended", {"buyer"}),
            Move("open", "wait", "open", {"buyer"}, limit=Limit(attribute="x", act="go")),
        ),
    ],
    ids=["ends in nothing", "ends in what the clock may not do"],
)
def test_a_workflow_with_a_limit_that_ends_in_nothing_is_refused(moves: tuple[Move, ...]) -> None:
    with pytest.raises(ValueError, match="ends in nothing"):
        Workflow("odd", "odd", (OPEN, ENDED), moves, {"go": "go", "wait": "wait"})
    with pytest.raises(ValueError, match="ends in nothing"):
        Workflow(
            "odd",
            "odd",
            (OPEN, ENDED),
            (Move("open", "go", "ended", {"buyer"}),),
            {"go": "go"},
            opening=Limit(policy="x"),
        )


def test_a_workflow_that_waits_for_somebody_without_a_limit_says_why() -> None:
    moves = (Move("open", "go", "ended", {"buyer"}, main=True),)
    with pytest.raises(ValueError, match="without a limit"):
        Workflow("odd", "odd", (OPEN, ENDED), moves, {"go": "go"})
    assert Workflow("odd", "odd", (OPEN, ENDED), moves, {"go": "go"}, unhurried={"open": "a draft"})
    with pytest.raises(ValueError, match="without a limit"):
        Workflow(
            "odd",
            "odd",
            (OPEN, ENDED),
            (Move("open", "go", "ended", {"system"}),),
            {"go": "go"},
            unhurried={"open": "nobody"},
        )


def test_what_is_overdue_or_confirmed_and_not_matched_is_referred_too(world: World, time: Any) -> None:
    contract = world.signed()
    payment = world.one(Payment, contract, kind="deposit").identifier
    after(time, 11)
    assert (Payment.load(db.session, payment).state, told(world, "regulator", "payment.refer")) == (
        "overdue",
        1,
    )
    urges("payment")(world.actor("regulator"), payment, reason="请按合同支付定金")
    paying.pay(world.actor("buyer"), payment, bank_reference="20260302-2", file_name="v.pdf", content=PDF)
    paying.confirm(world.actor("agency"), payment)
    with pytest.raises(RuleViolation, match="还没有报请"):
        paying.set_aside(world.actor("regulator"), payment, reason="银行查无此笔到账")
    after(time, 6)
    assert told(world, "regulator", "payment.refer") == 2
    paying.set_aside(world.actor("regulator"), payment, reason="银行查无此笔到账")
    assert Payment.load(db.session, payment).state == "due"


def test_materials_that_never_come_are_referred(world: World, time: Any) -> None:
    materials = world.one(Materials, world.started()).identifier
    after(time, 11 + policy.current().number("contract.materials_days"))
    assert Materials.load(db.session, materials).state == "overdue"
    assert told(world, "regulator", "materials.refer") >= 1
    urges("materials")(world.actor("regulator"), materials, reason="请尽快提供资料")


def test_every_limit_of_the_house_ends_and_whoever_it_is_referred_to_may_act() -> None:
    for name, case in CASES.items():
        flow = case.workflow
        for state, act in flow.timed_acts():
            assert "system" in flow.find(state, act).who, (name, state)
            if act == "refer":
                theirs = {
                    m.act for m in flow.moves if m.source == state and set(m.who) & {"regulator", "superior"}
                }
                assert theirs, f"{name}: nobody above may act in {state}"


def told(world: World, name: str, kind: str) -> int:
    drain()
    db.session.rollback()
    query = (
        db.session.query(Notification)
        .join(Event, Event.id == Notification.event_id)
        .filter(Event.kind == kind)
    )
    return query.filter(Notification.organisation_id == world.organisation(name).id).count()


def after(time: Any, days: int) -> None:
    """So many working days pass, and the clock does what is due."""
    for _ in range(days):
        time.instant = workdays.add(time.instant, 1)
        run_deadlines()
    db.session.rollback()


def test_an_entry_nobody_checks_goes_up_level_by_level_and_any_of_them_may_check_it(
    app: Flask, world: World, time: Any
) -> None:
    world.authority("county", "regulator", region="632801")
    world.authority("city", "regulator", region="632800")
    world.agency("applicant", verified=False)
    names = ("county", "city", "regulator")
    after(time, 5)
    assert [told(world, name, "organisation.refer") for name in names] == [0, 1, 0]
    assert Organisation.load(db.session, world.identifiers["applicant"]).referred_to == "632800"
    assert "applicant单位" in sign_in(app, world, "city").get("/my").text
    after(time, 6)
    assert [told(world, name, "organisation.refer") for name in names] == [0, 1, 1]
    after(time, 12)
    assert [told(world, name, "organisation.refer") for name in names] == [0, 1, 2], (
        "the highest is told that it is the last"
    )
    after(time, 30)
    assert told(world, "regulator", "organisation.refer") == 2, "and is not told for ever"
    entry.verify(world.actor("regulator"), world.identifiers["applicant"])
    assert Organisation.load(db.session, world.identifiers["applicant"]).referred_to is None


def accepted(world: World) -> str:
    """A deliverable the buyer has accepted and the department has not looked at."""
    contract = world.started()
    world.supplied(contract)
    deliverable = world.delivered(contract)
    world.accepted(deliverable)
    return deliverable


def test_a_review_nobody_makes_is_the_next_departments_to_make(app: Flask, world: World, time: Any) -> None:
    world.authority("bureau", "department", region="632801", department="水利")
    deliverable = accepted(world)
    with pytest.raises(NotAllowed):
        delivering.pass_review(world.actor("department"), deliverable)
    with pytest.raises(RuleViolation, match="还没有报请"):
        delivering.waive_review(world.actor("regulator"), deliverable, reason="太久没有评审")
    after(time, 20)
    assert [
        told(world, name, "deliverable.refer")
        for name in ("bureau", "department", "regulator", "agency", "buyer")
    ] == [1] * 5
    page = sign_in(app, world, "department").get(f"/deliverables/{deliverable}").text
    assert "报请上级" in page
    assert "department单位" in page
    delivering.pass_review(world.actor("department"), deliverable)
    assert Deliverable.load(db.session, deliverable).state == "passed"


def test_a_review_all_departments_let_pass_does_not_keep_the_money(world: World, time: Any) -> None:
    deliverable = accepted(world)
    contract = Deliverable.load(db.session, deliverable).contract.identifier
    after(time, 20)
    assert Deliverable.load(db.session, deliverable).state == "accepted"
    after(time, 11)
    found = Deliverable.load(db.session, deliverable)
    assert (found.state, found.reviews, found.first_pass) == ("unreviewed", 0, None), (
        "nobody is rated for a review that was not made"
    )
    world.paid(contract, "settlement")
    assert Contract.load(db.session, contract).state == "completed"
    assert len(world.every(Rating, contract)) == 2
    assert sum(p.amount for p in world.every(Payout, contract)) == 4_000_000


def test_the_policy_may_end_a_contract_nobody_reviews_and_what_is_there_is_divided(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(policy.current().values["contract"], "unreviewed", {"private": "end", "state": "end"})
    deliverable = accepted(world)
    contract = Deliverable.load(db.session, deliverable).contract.identifier
    after(time, 31)
    ended = Contract.load(db.session, contract)
    assert (ended.state, ended.ended_through) == ("terminated", "none")
    assert Deliverable.load(db.session, deliverable).state == "cancelled"
    assert books.balance(db.session, books.escrow(contract)) == 0
    assert [(p.kind, p.amount) for p in world.every(Payout, contract)] == [("earned", 800_000)], (
        "the buyer had accepted the work"
    )


def test_the_regulator_may_have_it_paid_once_it_was_asked(world: World, time: Any) -> None:
    deliverable = accepted(world)
    after(time, 20)
    delivering.waive_review(world.actor("regulator"), deliverable, reason="部门机构改革,无人评审")
    assert Deliverable.load(db.session, deliverable).state == "unreviewed"


def test_whoever_does_not_sign_award_answer_confirm_or_correct_is_urged_and_the_case_can_be_ended(
    world: World, time: Any
) -> None:
    regulator = world.actor("regulator")
    contract = world.contract_of(world.awarded()).identifier
    tender = world.tender()
    quotes.submit(world.actor("agency"), tender, price=100, days=20)
    closing.close(world.actor("buyer"), tender)
    for kind, case in (("contract", contract), ("tender", tender)):
        with pytest.raises(RuleViolation, match="还没有报请"):
            urges(kind)(regulator, case, reason="请尽快办理")
    after(time, 10)
    assert told(world, "buyer", "contract.lapse") == told(world, "agency", "contract.lapse") == 1, (
        "first it is on record"
    )
    assert [told(world, "regulator", f"{kind}.refer") for kind in ("contract", "tender")] == [1, 1], (
        "five days to sign and five more, ten to award"
    )
    urges("contract")(regulator, contract, reason="请尽快签署")
    assert Contract.load(db.session, contract).due_at == workdays.add(time.instant, 5)
    assert told(world, "agency", "contract.urge") == told(world, "buyer", "contract.urge") == 1
    drafting.call_off(regulator, contract, reason="双方均不签署")
    cancelling.call_off(regulator, tender, reason="业主长期不确定中选")
    assert Contract.load(db.session, contract).state == "terminated"
    assert len(world.every(Rating, contract)) == 2, "who did not sign can be rated"
    assert Tender.load(db.session, tender).state == "failed"
    assert told(world, "agency", "tender.call_off") == 1


def test_money_said_to_be_paid_and_money_owed_do_not_wait_in_silence(world: World, time: Any) -> None:
    payment = world.one(Payment, world.signed(), kind="deposit").identifier
    paying.pay(world.actor("buyer"), payment, bank_reference="20260302-1", file_name="v.pdf", content=PDF)
    after(time, 3)
    assert told(world, "regulator", "payment.refer") == 1
    paying.set_aside(world.actor("regulator"), payment, reason="银行查无此笔到账")
    assert Payment.load(db.session, payment).state == "due"
    settled = world.settled_unrated()
    owed = world.one(Payout, settled, kind="earned").identifier
    assert Payout.load(db.session, owed).due_at is None, "what cannot leave yet is not overdue"
    for paid in world.every(Payment, settled):
        paying.receive(world.actor("custodian"), paid.identifier)
    after(time, 4)
    assert told(world, "regulator", "payout.refer") == 1
    urges("payout")(world.actor("regulator"), owed, reason="应付款项请及时拨付")
    assert Payout.load(db.session, owed).due_at == workdays.add(time.instant, 5)


def test_what_waits_for_a_regulator_or_an_answer_is_referred_too(world: World, time: Any) -> None:
    tender = world.tender(mode="sealed_bid", funds="state", deadline=workdays.add(time.instant, 8))
    questions.ask(world.actor("agency"), tender, question="是否包含现场踏勘?")
    world.bids(tender, agency=100, second=200, third=300)
    after(time, 2)
    assert told(world, "regulator", "clarification.refer") == 1
    assert db.session.query(Clarification).one().state == "asked", "the buyer may still answer"
    time.closing(tender)
    award = awards.award(world.actor("buyer"), tender, reasons="报价最低,工期满足")
    objection = awards.object_to(world.actor("second"), award, grounds="中选机构的业绩与事实不符")
    dispute = disputing.file(world.actor("buyer"), world.started(), claim="机构收到定金后一直没有开展工作")
    after(time, 14)
    assert Objection.load(db.session, objection).referred_to == "630000"
    after(time, 12)
    assert told(world, "regulator", "dispute.refer") == 1
    disputing.decide(
        world.actor("regulator"),
        dispute,
        outcome="terminate",
        fault="none",
        to_agency=0,
        reason="双方都没有责任",
    )


def test_the_agency_that_never_delivers_or_corrects_is_referred(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    after(time, 31)
    late = world.one(Deliverable, contract)
    assert (late.state, late.referred_to) == ("late", "630000")
    assert told(world, "regulator", "deliverable.refer") == 1
    changing.give_notice(world.actor("buyer"), contract, reason="逾期一个月仍未提交")
    after(time, 6)
    assert Contract.load(db.session, contract).state == "terminated"
    assert [p.kind for p in world.every(Payout, contract)] == ["refund"], "the way out of the money"
