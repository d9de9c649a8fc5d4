"""The course of a contract: materials, milestones, reviews, changes, terminations and disputes, and what each does to time
and money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from market.contracts import actions as contracts
from market.extensions import db
from market.jobs import drain, run_deadlines, tick
from market.payments import actions as payments
from models import ledger, workdays
from models.accounts import Organisation
from models.contracts import Change, Contract, Deliverable, Dispute, Materials, ReviewOutcome
from models.events import Event
from models.notices import Notice
from models.payments import Payment
from models.ratings import Rating
from models.text import NotAllowed, RuleBroken, WrongState
from tests.factories import PDF, World
from tests.web import ALL, sign_in

PRICE, DEPOSIT = 4_000_000, 800_000


def in_three(world: World) -> str:
    """A contract of three milestones, begun, its materials handed over."""
    identifier: str = world.contract_of(world.awarded()).identifier
    rows = [("踏勘", 4, 1_000_000, False), ("初稿", 6, 1_000_000, False), ("报批稿", 10, 2_000_000, True)]
    milestones = [{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in rows]
    contracts.revise(world.actor("buyer"), identifier, texts={}, milestones=milestones)
    contracts.agree(world.actor("buyer"), identifier)
    contracts.agree(world.actor("agency"), identifier)
    world.paid(identifier, "deposit")
    world.supplied(identifier)
    return identifier


def load(contract: str) -> Contract:
    db.session.rollback()
    return Contract.load(db.session, contract)


def running(world: World, contract: str) -> Deliverable:
    found: Deliverable = world.every(Deliverable, contract)[-1]
    return found


def held(contract: str) -> int:
    db.session.rollback()
    return ledger.balance(db.session, ledger.escrow(contract))


def paid(kind: str, contract: str) -> int:
    """What entries of a kind moved for a contract, in fen."""
    entries = db.session.scalars(select(ledger.Entry).where(ledger.Entry.kind == kind, ledger.Entry.case_identifier == contract))
    return sum(max(line.amount for line in entry.lines) for entry in entries)


def test_milestones_are_paid_as_they_are_met_and_the_deposit_last(world: World) -> None:
    contract = in_three(world)
    for number in (1, 2):
        deliverable = world.delivered(contract, milestone=number)
        world.accepted(deliverable)
        assert Deliverable.load(db.session, deliverable).state == "finished"
        due = world.one(Payment, contract, state="due")
        assert (due.kind, due.amount) == ("milestone", 1_000_000)
        world.paid(contract, due.kind if number == 1 else "milestone") if number == 1 else _pay(world, due.identifier)
        assert held(contract) == DEPOSIT, "the deposit stays until the end"
        assert paid("paid_out", contract) == number * 1_000_000
    deliverable = world.delivered(contract, milestone=3)
    world.accepted(deliverable)
    contracts.pass_review(world.actor("department"), deliverable, note="同意")
    due = world.one(Payment, contract, state="due")
    assert (due.kind, due.amount) == ("settlement", 2_000_000 - DEPOSIT)
    _pay(world, due.identifier)
    done = load(contract)
    assert (done.state, held(contract), paid("paid_out", contract)) == ("completed", 0, PRICE)
    assert all(m.paid_at for m in done.milestones)
    assert len(world.every(Rating, contract)) == 2


def _pay(world: World, payment: str) -> None:
    payments.pay(world.actor("buyer"), payment, bank_reference="20260302-9", file_name="v.pdf", content=PDF)
    payments.confirm(world.actor("agency"), payment)


def test_a_large_deposit_covers_the_last_milestones(world: World) -> None:
    identifier: str = world.contract_of(world.awarded()).identifier
    rows = [("踏勘", 10, 3_700_000, False), ("报批稿", 10, 300_000, True)]
    contracts.revise(world.actor("buyer"), identifier, texts={}, milestones=[{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in rows])
    contracts.agree(world.actor("buyer"), identifier)
    contracts.agree(world.actor("agency"), identifier)
    world.paid(identifier, "deposit")
    world.accepted(world.delivered(identifier))
    due = world.one(Payment, identifier, state="due")
    assert due.amount == PRICE - DEPOSIT
    _pay(world, due.identifier)
    last = world.delivered(identifier, milestone=2)
    world.accepted(last)
    contracts.pass_review(world.actor("department"), last)
    assert load(identifier).state == "completed", "nothing was left to pay"
    assert held(identifier) == 0


def test_late_materials_suspend_and_nobody_is_blamed(world: World, time: Any) -> None:
    contract = world.started()
    begun = running(world, contract).deliver_by
    materials = world.one(Materials, contract)
    time.instant = materials.supply_by + timedelta(minutes=1)
    run_deadlines()
    paused = load(contract)
    assert (paused.state, world.one(Materials, contract).state) == ("suspended", "overdue")
    assert running(world, contract).due_at is None
    with pytest.raises(RuleBroken, match="中止"):
        world.delivered(contract)
    time.instant = workdays.add(time.instant, 30)
    run_deadlines()
    assert running(world, contract).state == "due", "the agency's days do not run meanwhile"
    supplied = time.instant
    contracts.supply(world.actor("buyer"), materials.identifier, ticked=list(materials.points), file_name="a.pdf", content=PDF)
    time.instant = workdays.add(time.instant, 2) + timedelta(minutes=1)
    run_deadlines()
    assert world.one(Materials, contract).state == "complete", "silence says nothing is missing"
    assert load(contract).state == "active"
    moved = running(world, contract)
    assert workdays.between(begun, moved.deliver_by) == workdays.between(materials.supply_by, supplied) == 30
    assert moved.due_at == moved.deliver_by
    world.delivered(contract)
    assert running(world, contract).on_time


def test_what_is_missing_is_asked_for_again(world: World) -> None:
    contract = world.started()
    materials = world.one(Materials, contract)
    with pytest.raises(RuleBroken, match="未勾选"):
        contracts.supply(world.actor("buyer"), materials.identifier, ticked=[])
    contracts.supply(world.actor("buyer"), materials.identifier, ticked=list(materials.points))
    with pytest.raises(NotAllowed):
        contracts.confirm_materials(world.actor("buyer"), materials.identifier)
    contracts.miss_materials(world.actor("agency"), materials.identifier, reason="缺少地形图,请补充")
    again = world.one(Materials, contract)
    assert (again.state, again.due_at) == ("due", materials.supply_by)
    contracts.waive_materials(world.actor("agency"), materials.identifier)
    assert world.one(Materials, contract).state == "complete"


def test_who_is_late_is_reminded_before_and_recorded_after(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    deliverable = running(world, contract)
    agency = world.organisation("agency").id

    def reminded() -> list[int]:
        db.session.rollback()
        query = select(Event.data).join(Notice, Notice.event_id == Event.id)
        return [d["left"] for d in db.session.scalars(query.where(Event.kind == "deliverable.remind", Notice.organisation_id == agency).order_by(Event.id))]

    for left in (6, 5, 4, 2, 1):
        time.instant = deliverable.deliver_by - timedelta(days=0)
        day = deliverable.deliver_by
        while workdays.between(day, deliverable.deliver_by) < left:
            day -= timedelta(days=1)
        time.instant = day
        tick()
        tick()
    assert reminded() == [5, 2], "once at each threshold, however often the clock ticks"
    time.instant = deliverable.deliver_by + timedelta(minutes=1)
    tick()
    assert running(world, contract).state == "late"
    told = db.session.scalars(select(Notice.organisation_id).join(Event, Event.id == Notice.event_id).where(Event.kind == "deliverable.lapse")).all()
    assert sorted(told) == sorted([agency, world.organisation("buyer").id])
    time.instant = workdays.add(deliverable.deliver_by, 3)
    world.delivered(contract)
    late = running(world, contract)
    assert (late.on_time, late.late_days) == (False, 3)


def test_versions_answers_and_outcomes_stand_side_by_side(app: Flask, world: World) -> None:
    contract = world.started()
    world.supplied(contract)
    identifier = world.delivered(contract)
    buyer, agency, department = (sign_in(app, world, name) for name in ("buyer", "agency", "department"))
    assert "至少写明一个要点" in buyer.submit(f"/deliverables/{identifier}/return", reason="请修改后重报").error_at("point_0")
    assert buyer.submit(f"/deliverables/{identifier}/return", point_1="缺少附图三", reason="请修改后重报").status == 303
    same = world.every(Deliverable, contract)[0].versions[0].document
    from market.files import store

    repeated = agency.submit(f"/deliverables/{identifier}/submit", file=store().get(same.sha256), ticked=ALL)
    assert "完全相同" in repeated.error_at("file")
    world.delivered(contract)
    world.accepted(identifier)
    refused = department.submit(f"/deliverables/{identifier}/send_back", fault="agency", reason="数据来源不明")
    assert "至少选择一个原因" in refused.error_at("codes")
    assert department.submit(f"/deliverables/{identifier}/send_back", codes=["data", "analysis"], fault="agency", reason="数据来源不明").status == 303
    page = buyer.get(f"/deliverables/{identifier}")
    for said in ("缺少附图三", "第 2 稿", "基础资料不足", "数据来源不明", "机构原因", "免费" if False else "符合"):
        assert said in page.text
    assert page.soup.select("td.changed"), "what the second version put right is marked"
    outcome = db.session.scalars(select(ReviewOutcome)).one()
    assert (outcome.version, outcome.passed, outcome.reasons, outcome.fault) == (2, False, ["analysis", "data"], "agency")
    assert world.one(Payment, contract, kind="deposit").amount == DEPOSIT
    assert len(world.every(Payment, contract)) == 1, "a correction costs nothing"
    waiting = department.get("/reviews?standing=sent_back")
    assert identifier in waiting.text
    assert identifier in department.get("/reviews.csv?standing=sent_back").text
    assert identifier not in department.get("/reviews").text
    watch = sign_in(app, world, "regulator")
    for by, name in (("agency", "agency单位"), ("item", "WAT-01"), ("region", "格尔木")):
        listed = watch.get(f"/oversight/first-pass?by={by}")
        assert name in listed.text
        assert "0%" in listed.text
    assert "agency单位,1,0,0%,1" in watch.get("/oversight/first-pass.csv").text


def test_rounds_are_limited_and_then_there_is_a_dispute(world: World) -> None:
    contract = world.started()
    world.supplied(contract)
    for _ in range(3):
        identifier = world.delivered(contract)
        points = running(world, contract).contract.request.item.checklist
        contracts.send_for_correction(world.actor("buyer"), identifier, answers={points[0]: "仍不符合"}, reason="请修改后重报")
    identifier = world.delivered(contract)
    with pytest.raises(RuleBroken, match="上限 3 次"):
        contracts.send_for_correction(world.actor("buyer"), identifier, answers={points[0]: "仍不符合"}, reason="请修改后重报")


def propose(world: World, contract: str, kind: str, who: str = "agency", **terms: Any) -> str:
    return contracts.propose_change(world.actor(who), contract, kind=kind, terms=terms, reason="按实际情况提出")


def test_an_extension_moves_the_deadline_and_undoes_lateness(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    before = running(world, contract).deliver_by
    with pytest.raises(RuleBroken, match="1 到 30"):
        propose(world, contract, "extension", days=31)
    change = propose(world, contract, "extension", days=5)
    with pytest.raises(RuleBroken, match="等待答复"):
        propose(world, contract, "extension", days=6)
    with pytest.raises(NotAllowed):
        contracts.agree_change(world.actor("agency"), change)
    contracts.refuse_change(world.actor("buyer"), change, reason="工期不能再长")
    assert running(world, contract).deliver_by == before
    time.instant = before + timedelta(minutes=1)
    run_deadlines()
    assert running(world, contract).state == "late"
    contracts.agree_change(world.actor("buyer"), propose(world, contract, "extension", days=5))
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
    _pay(world, world.one(Payment, contract, state="due").identifier)

    def rows(*parts: tuple[str, int, int]) -> list[dict[str, Any]]:
        return [{"name": n, "days": d, "amount": a, "reviewed": n == "报批稿"} for n, d, a in parts]

    with pytest.raises(RuleBroken, match="30%"):
        propose(world, contract, "variation", milestones=rows(("初稿", 6, 1_000_000), ("报批稿", 10, 5_000_000)))
    with pytest.raises(RuleBroken, match="用延期"):
        propose(world, contract, "variation", milestones=rows(("初稿", 7, 1_000_000), ("报批稿", 10, 2_000_000)))
    more = rows(("初稿", 6, 1_000_000), ("补充监测", 5, 500_000), ("报批稿", 12, 2_000_000))
    contracts.agree_change(world.actor("buyer"), propose(world, contract, "variation", milestones=more))
    changed = load(contract)
    assert (changed.price, changed.days) == (4_500_000, 27)
    assert [m.name for m in changed.milestones] == ["踏勘", "初稿", "补充监测", "报批稿"]
    for number in (2, 3, 4):
        deliverable = world.delivered(contract, milestone=number)
        world.accepted(deliverable)
        if number == 4:
            contracts.pass_review(world.actor("department"), deliverable)
        _pay(world, world.one(Payment, contract, state="due").identifier)
    assert (load(contract).state, held(contract), paid("paid_out", contract)) == ("completed", 0, 4_500_000)


def test_a_suspension_ends_on_its_day_or_by_agreement(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    before = running(world, contract).deliver_by
    until = workdays.add(time.instant, 10)
    contracts.agree_change(world.actor("buyer"), propose(world, contract, "suspension", until=until.isoformat()))
    assert (load(contract).state, load(contract).due_at) == ("suspended", until)
    time.instant = until + timedelta(minutes=1)
    run_deadlines()
    assert load(contract).state == "active"
    assert workdays.between(before, running(world, contract).deliver_by) == 10
    contracts.agree_change(world.actor("buyer"), propose(world, contract, "suspension", until=workdays.add(time.instant, 10).isoformat()))
    time.instant = workdays.add(time.instant, 4)
    contracts.agree_change(world.actor("buyer"), propose(world, contract, "resumption"))
    assert load(contract).state == "active"
    assert workdays.between(before, running(world, contract).deliver_by) == 14


def test_both_end_it_and_the_escrow_is_divided_as_agreed(app: Flask, world: World) -> None:
    contract = world.started()
    with pytest.raises(RuleBroken, match="托管余额"):
        propose(world, contract, "termination", to_agency=DEPOSIT + 1)
    change = propose(world, contract, "termination", who="buyer", to_agency=300_000)
    page = sign_in(app, world, "agency").get(f"/changes/{change}")
    assert "3,000.00" in page.text
    contracts.agree_change(world.actor("agency"), change)
    ended = load(contract)
    assert (ended.state, ended.ended_through, held(contract)) == ("terminated", "agreed", 0)
    assert (paid("paid_out", contract), paid("refunded", contract)) == (300_000, DEPOSIT - 300_000)
    assert {case.state for kind in (Deliverable, Materials) for case in world.every(kind, contract)} == {"cancelled"}
    assert len(world.every(Rating, contract)) == 2, "who did not perform can be rated for it"


@pytest.mark.parametrize(("who", "to_agency"), [("agency", DEPOSIT), ("buyer", 0)])
def test_notice_that_nobody_contests_ends_it_at_the_others_fault(world: World, time: Any, who: str, to_agency: int) -> None:
    contract = world.started()
    world.supplied(contract)
    with pytest.raises(RuleBroken, match="理由"):
        contracts.give_notice(world.actor(who), contract, reason="")
    contracts.give_notice(world.actor(who), contract, reason="对方经催告仍不履行主要义务")
    contracts.retract(world.actor(who), contract)
    assert load(contract).state == "active"
    contracts.give_notice(world.actor(who), contract, reason="对方经催告仍不履行主要义务")
    with pytest.raises(NotAllowed):
        contracts.contest(world.actor(who), contract, answer="已经按约定履行了义务")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    ended = load(contract)
    assert (ended.state, ended.ended_through) == ("terminated", "buyer" if who == "agency" else "agency")
    assert (held(contract), paid("paid_out", contract), paid("refunded", contract)) == (0, to_agency, DEPOSIT - to_agency)


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
    _pay(world, due)
    assert (held(contract), paid("paid_out", contract)) == (DEPOSIT + 1_000_000, 0), "money stays where it is"
    with pytest.raises(RuleBroken, match="争议处理中"):
        world.delivered(contract, milestone=2)
    with pytest.raises(NotAllowed):
        contracts.answer_dispute(world.actor("buyer"), dispute.identifier, answer="踏勘记录与现场不符,要求重做")
    contracts.answer_dispute(world.actor("agency"), dispute.identifier, answer="踏勘记录有现场照片为证", file_name="p.pdf", content=PDF)
    contracts.add_evidence(world.actor("agency"), dispute.identifier, file_name="q.pdf", content=PDF + b"2", note="现场照片")
    watch = sign_in(app, world, "regulator")
    page = watch.get(f"/disputes/{dispute.identifier}")
    for said in ("踏勘记录与现场不符", "现场照片为证", "p.pdf", "q.pdf"):
        assert said in page.text
    assert sign_in(app, world, "second").get(f"/disputes/{dispute.identifier}").status == 404
    time.instant = workdays.add(time.instant, 8)
    assert watch.submit(f"/disputes/{dispute.identifier}/decide", outcome="continue", fault="none", reason="记录属实,继续履行").status == 303
    assert load(contract).state == "active"
    assert workdays.between(before, running(world, contract).deliver_by) == 8
    assert paid("paid_out", contract) == 1_000_000, "what was held back is paid"


def test_a_dispute_ends_the_contract_or_is_taken_back(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    contracts.give_notice(world.actor("buyer"), contract, reason="机构长期不进场,经催告无效")
    dispute = contracts.contest(world.actor("agency"), contract, answer="业主未开放场地,无法进场")
    assert Dispute.load(db.session, dispute).claimant_id == world.organisation("buyer").id
    for wrong in ({"to_agency": DEPOSIT + 1}, {"to_agency": None}, {"fault": "x"}, {"outcome": "x"}):
        with pytest.raises(RuleBroken):
            contracts.decide_dispute(world.actor("regulator"), dispute, **{"outcome": "terminate", "fault": "buyer", "to_agency": 1, "reason": "双方均有过错", **wrong})
    contracts.decide_dispute(world.actor("regulator"), dispute, outcome="terminate", fault="buyer", to_agency=500_000, reason="业主未开放场地")
    assert (load(contract).state, held(contract), paid("paid_out", contract)) == ("terminated", 0, 500_000)
    other = world.started()
    filed = contracts.file_dispute(world.actor("agency"), other, claim="业主一直不提供资料也不沟通")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    db.session.rollback()
    assert Dispute.load(db.session, filed).state == "deciding", "no answer came in time"
    contracts.withdraw_dispute(world.actor("agency"), filed)
    assert load(other).state == "suspended", "it goes on, but the materials are still owing"


def test_before_money_came_in_a_contract_ends_by_leave_or_by_lateness(world: World, time: Any) -> None:
    contract = world.signed()
    with pytest.raises(NotAllowed):
        contracts.terminate(world.actor("buyer"), contract, reason="不想做了,另找他人")
    with pytest.raises(RuleBroken, match="定金逾期"):
        contracts.terminate(world.actor("agency"), contract, reason="业主没有付定金")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    contracts.terminate(world.actor("agency"), contract, reason="业主没有付定金")
    assert world.one(Payment, contract).state == "cancelled"
    other = world.signed()
    contracts.agree_change(world.actor("agency"), propose(world, other, "termination", who="buyer", to_agency=0))
    assert (load(other).state, held(other)) == ("terminated", 0)
    assert not world.every(Rating, other)


def test_nothing_ends_while_a_payment_waits_to_be_confirmed(world: World) -> None:
    contract = world.signed()
    change = propose(world, contract, "termination", to_agency=0)
    payment = world.one(Payment, contract).identifier
    payments.pay(world.actor("buyer"), payment, bank_reference="20260302-9", file_name="v.pdf", content=PDF)
    with pytest.raises(RuleBroken, match="确认是否到账"):
        contracts.agree_change(world.actor("buyer"), change)
    payments.confirm(world.actor("agency"), payment)
    assert load(contract).state == "active"
    with pytest.raises(WrongState):
        payments.confirm(world.actor("agency"), payment)
    contracts.withdraw_change(world.actor("agency"), change)


def test_limits_are_shown_to_both_sides(app: Flask, world: World, time: Any) -> None:
    contract = world.started()
    deliverable = running(world, contract)
    for who in ("buyer", "agency"):
        page = sign_in(app, world, who).get(f"/contracts/{contract}").text
        assert f"还剩 {workdays.between(time.instant, deliverable.deliver_by)} 个工作日" in page
        assert "2026-03-30 17:00" in page
    drain()
    assert db.session.query(Organisation).count() > 0
