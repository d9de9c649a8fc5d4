"""Changes agreed, notices of termination and disputes, and what each does to time and money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import PDF, World
from market.contracts.actions import changing, delivering, disputing, drafting
from market.extensions import db
from market.files import File
from market.jobs import run_deadlines
from market.payments.actions import paying
from models import workdays
from models.contracts.changes import Change
from models.contracts.deliverables import Deliverable
from models.contracts.disputes import Dispute
from models.contracts.materials import Materials
from models.errors import NotAllowed, RuleViolation, WrongState
from models.payments.payment import Payment
from models.ratings.rating import Rating
from tests.contracts.milestones import DEPOSIT, earned, held, in_three, kept, load, paid, pay, running
from tests.web import sign_in


def propose(world: World, contract: str, kind: str, who: str = "agency", **terms: Any) -> str:
    return changing.propose(world.actor(who), contract, kind=kind, terms=terms, reason="按实际情况提出")


def test_an_extension_moves_the_deadline_and_undoes_lateness(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    before = running(world, contract).deliver_by
    with pytest.raises(RuleViolation, match="1 到 30"):
        propose(world, contract, "extension", days=31)
    change = propose(world, contract, "extension", days=5)
    with pytest.raises(RuleViolation, match="等待答复"):
        propose(world, contract, "extension", days=6)
    with pytest.raises(NotAllowed):
        changing.agree(world.actor("agency"), change)
    changing.refuse(world.actor("buyer"), change, reason="工期不能再长")
    assert running(world, contract).deliver_by == before
    time.instant = before + timedelta(minutes=1)
    run_deadlines()
    assert running(world, contract).state == "late"
    changing.agree(world.actor("buyer"), propose(world, contract, "extension", days=5))
    extended = running(world, contract)
    assert (extended.state, workdays.between(before, extended.deliver_by)) == ("due", 5)
    assert (load(contract).days, load(contract).milestones[0].days) == (25, 25)
    lapsing = propose(world, contract, "extension", days=2)
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    db.session.rollback()
    assert Change.load(db.session, lapsing).state == "lapsed"


def test_a_variation_changes_what_is_not_met_and_nothing_else(world: World) -> None:
    contract = in_three(world)
    world.accepted(world.delivered(contract))
    pay(world, world.one(Payment, contract, state="due").identifier)

    def rows(*parts: tuple[str, int, int]) -> list[dict[str, Any]]:
        return [{"name": n, "days": d, "amount": a, "reviewed": n == "报批稿"} for n, d, a in parts]

    with pytest.raises(RuleViolation, match="30%"):
        propose(
            world, contract, "variation", milestones=rows(("初稿", 6, 1_000_000), ("报批稿", 10, 5_000_000))
        )
    with pytest.raises(RuleViolation, match="用延期"):
        propose(
            world, contract, "variation", milestones=rows(("初稿", 7, 1_000_000), ("报批稿", 10, 2_000_000))
        )
    more = rows(("初稿", 6, 1_000_000), ("补充监测", 5, 500_000), ("报批稿", 12, 2_000_000))
    changing.agree(world.actor("buyer"), propose(world, contract, "variation", milestones=more))
    changed = load(contract)
    assert (changed.price, changed.days) == (4_500_000, 27)
    assert [m.name for m in changed.milestones] == ["踏勘", "初稿", "补充监测", "报批稿"]
    for number in (2, 3, 4):
        deliverable = world.delivered(contract, milestone=number)
        world.accepted(deliverable)
        if number == 4:
            delivering.pass_review(world.actor("department"), deliverable)
        pay(world, world.one(Payment, contract, state="due").identifier)
    assert (load(contract).state, held(contract), earned(contract)) == ("completed", 0, 4_500_000)


def test_a_suspension_ends_on_its_day_or_by_agreement(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    before = running(world, contract).deliver_by
    until = workdays.add(time.instant, 10)
    changing.agree(world.actor("buyer"), propose(world, contract, "suspension", until=until.isoformat()))
    assert (load(contract).state, load(contract).due_at) == ("suspended", until)
    time.instant = until + timedelta(minutes=1)
    run_deadlines()
    assert load(contract).state == "active"
    assert workdays.between(before, running(world, contract).deliver_by) == 10
    changing.agree(
        world.actor("buyer"),
        propose(world, contract, "suspension", until=workdays.add(time.instant, 10).isoformat()),
    )
    time.instant = workdays.add(time.instant, 4)
    changing.agree(world.actor("buyer"), propose(world, contract, "resumption"))
    assert load(contract).state == "active"
    assert workdays.between(before, running(world, contract).deliver_by) == 14


def test_both_end_it_and_the_escrow_is_divided_as_agreed(app: Flask, world: World) -> None:
    contract = world.started()
    with pytest.raises(RuleViolation, match="托管余额"):
        propose(world, contract, "termination", to_agency=DEPOSIT + 1)
    change = propose(world, contract, "termination", who="buyer", to_agency=300_000)
    page = sign_in(app, world, "agency").get(f"/changes/{change}")
    assert "3,000.00" in page.text
    changing.agree(world.actor("agency"), change)
    ended = load(contract)
    assert (ended.state, ended.ended_through, held(contract)) == ("terminated", "agreed", 0)
    assert (earned(contract), paid("refunded", contract)) == (300_000, DEPOSIT - 300_000)
    assert {case.state for kind in (Deliverable, Materials) for case in world.every(kind, contract)} == {
        "cancelled"
    }
    assert len(world.every(Rating, contract)) == 2, "who did not perform can be rated for it"


@pytest.mark.parametrize(("who", "to_agency"), [("agency", DEPOSIT), ("buyer", 0)])
def test_notice_that_nobody_contests_ends_it_at_the_others_fault(
    world: World, time: Any, who: str, to_agency: int
) -> None:
    contract = world.started()
    world.supplied(contract)
    with pytest.raises(RuleViolation, match="理由"):
        changing.give_notice(world.actor(who), contract, reason="")
    changing.give_notice(world.actor(who), contract, reason="对方经催告仍不履行主要义务")
    changing.retract(world.actor(who), contract)
    assert load(contract).state == "active"
    changing.give_notice(world.actor(who), contract, reason="对方经催告仍不履行主要义务")
    with pytest.raises(NotAllowed):
        disputing.contest(world.actor(who), contract, answer="已经按约定履行了义务")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    ended = load(contract)
    assert (ended.state, ended.ended_through) == ("terminated", "buyer" if who == "agency" else "agency")
    assert (held(contract), earned(contract), paid("refunded", contract)) == (
        0,
        to_agency,
        DEPOSIT - to_agency,
    )


def test_a_dispute_hears_both_and_stops_clocks_and_money(app: Flask, world: World, time: Any) -> None:
    contract = in_three(world)
    world.accepted(world.delivered(contract))
    due = world.one(Payment, contract, state="due").identifier
    before = running(world, contract).deliver_by
    buyer = sign_in(app, world, "buyer")
    assert "10 到 2000" in buyer.submit(f"/contracts/{contract}/dispute", claim="不行").error_at("claim")
    filed = buyer.submit(f"/contracts/{contract}/dispute", claim="踏勘记录与现场不符,要求重做", file=PDF)
    assert filed.status == 303
    dispute = world.one(Dispute, contract)
    assert (load(contract).state, running(world, contract).due_at) == ("disputed", None)
    pay(world, due)
    assert (held(contract), kept(contract), earned(contract)) == (0, DEPOSIT + 1_000_000, 0), (
        "money stays where it is, out of reach"
    )
    with pytest.raises(RuleViolation, match="争议处理中"):
        world.delivered(contract, milestone=2)
    with pytest.raises(NotAllowed):
        disputing.answer(world.actor("buyer"), dispute.identifier, answer="踏勘记录与现场不符,要求重做")
    disputing.answer(
        world.actor("agency"),
        dispute.identifier,
        answer="踏勘记录有现场照片为证",
        files=[File("p.pdf", PDF)],
    )
    disputing.add_evidence(
        world.actor("agency"), dispute.identifier, files=[File("q.pdf", PDF + b"2")], note="现场照片"
    )
    watch = sign_in(app, world, "regulator")
    page = watch.get(f"/disputes/{dispute.identifier}")
    for said in ("踏勘记录与现场不符", "现场照片为证", "p.pdf", "q.pdf"):
        assert said in page.text
    assert sign_in(app, world, "second").get(f"/disputes/{dispute.identifier}").status == 404
    time.instant = workdays.add(time.instant, 8)
    watch = sign_in(app, world, "regulator")
    assert (
        watch.submit(
            f"/disputes/{dispute.identifier}/decide",
            outcome="continue",
            fault="none",
            reason="记录属实,继续履行",
        ).status
        == 303
    )
    assert load(contract).state == "active"
    assert workdays.between(before, running(world, contract).deliver_by) == 8
    assert (earned(contract), held(contract), kept(contract)) == (950_000, DEPOSIT, DEPOSIT + 50_000), (
        "what was held back is paid"
    )


def test_a_dispute_ends_the_contract_or_is_taken_back(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    changing.give_notice(world.actor("buyer"), contract, reason="机构长期不进场,经催告无效")
    dispute = disputing.contest(world.actor("agency"), contract, answer="业主未开放场地,无法进场")
    opened = Dispute.load(db.session, dispute)
    assert (opened.claimant_id, opened.claim) == (world.organisation("buyer").id, "机构长期不进场,经催告无效")
    for wrong in ({"to_agency": DEPOSIT + 1}, {"to_agency": None}, {"fault": "x"}, {"outcome": "x"}):
        with pytest.raises(RuleViolation):
            disputing.decide(
                world.actor("regulator"),
                dispute,
                **{
                    "outcome": "terminate",
                    "fault": "buyer",
                    "to_agency": 1,
                    "reason": "双方均有过错",
                    **wrong,
                },
            )
    disputing.decide(
        world.actor("regulator"),
        dispute,
        outcome="terminate",
        fault="buyer",
        to_agency=500_000,
        reason="业主未开放场地",
    )
    assert (load(contract).state, kept(contract), earned(contract)) == ("terminated", 0, 500_000)
    other = world.started()
    filed = disputing.file(world.actor("agency"), other, claim="业主一直不提供资料也不沟通")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    db.session.rollback()
    assert Dispute.load(db.session, filed).state == "deciding", "no answer came in time"
    disputing.withdraw(world.actor("agency"), filed)
    assert load(other).state == "suspended", "it goes on, but the materials are still owing"


def test_before_money_came_in_a_contract_ends_by_leave_or_by_lateness(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = world.signed()
    with pytest.raises(NotAllowed):
        drafting.terminate(world.actor("buyer"), contract, reason="不想做了,另找他人")
    with pytest.raises(RuleViolation, match="定金逾期"):
        drafting.terminate(world.actor("agency"), contract, reason="业主没有付定金")
    before, limit = time.instant, workdays.add(time.instant, 5)
    monkeypatch.setattr(
        workdays, "is_workday", lambda day: True
    )  # a notice that made every weekend a working day
    time.instant = workdays.add(before, 5) + timedelta(minutes=1)
    assert time.instant < limit
    with pytest.raises(RuleViolation, match="定金逾期"):
        drafting.terminate(world.actor("agency"), contract, reason="业主没有付定金")
    time.instant = limit + timedelta(minutes=1)
    drafting.terminate(world.actor("agency"), contract, reason="业主没有付定金")
    assert world.one(Payment, contract).state == "cancelled"
    other = world.signed()
    changing.agree(world.actor("agency"), propose(world, other, "termination", who="buyer", to_agency=0))
    assert (load(other).state, held(other)) == ("terminated", 0)
    assert {r.about for r in world.every(Rating, other)} == {"award"}, "nobody judges work that never began"


def test_nothing_ends_while_a_payment_waits_to_be_confirmed(world: World) -> None:
    contract = world.signed()
    change = propose(world, contract, "termination", to_agency=0)
    payment = world.one(Payment, contract).identifier
    paying.pay(world.actor("buyer"), payment, bank_reference="20260302-9", file_name="v.pdf", content=PDF)
    with pytest.raises(RuleViolation, match="确认是否到账"):
        changing.agree(world.actor("buyer"), change)
    paying.confirm(world.actor("agency"), payment)
    assert load(contract).state == "active"
    with pytest.raises(WrongState):
        paying.confirm(world.actor("agency"), payment)
    changing.withdraw(world.actor("agency"), change)
