"""The course of a contract: materials, milestones, reviews, and the time and money of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market.contracts.actions import delivering, drafting, signing
from market.extensions import db
from market.files import File
from market.jobs import drain, run_deadlines, tick
from models import policy, workdays
from models.accounts import Organisation
from models.contracts.deliverables import Deliverable, ReviewOutcome
from models.contracts.materials import Materials
from models.errors import NotAllowed, RuleViolation
from models.events import Event
from models.notifications import Notification
from models.payments.payment import Payment
from models.ratings.rating import Rating
from tests.contracts.milestones import DEPOSIT, PRICE, earned, held, in_three, kept, load, paid, pay, running
from tests.web import ALL, sign_in


def test_milestones_are_paid_as_they_are_met_and_the_deposit_last(world: World) -> None:
    contract = in_three(world)
    for number in (1, 2):
        deliverable = world.delivered(contract, milestone=number)
        world.accepted(deliverable)
        assert Deliverable.load(db.session, deliverable).state == "finished"
        due = world.one(Payment, contract, state="due")
        assert (due.kind, due.amount) == ("milestone", 1_000_000)
        pay(world, due.identifier)
        assert held(contract) == DEPOSIT, "the deposit stays until the end"
        assert (earned(contract), paid("retained", contract)) == (number * 950_000, number * 50_000)
    deliverable = world.delivered(contract, milestone=3)
    world.accepted(deliverable)
    delivering.pass_review(world.actor("department"), deliverable, note="同意")
    due = world.one(Payment, contract, state="due")
    assert (due.kind, due.amount) == ("settlement", 2_000_000 - DEPOSIT)
    pay(world, due.identifier)
    done = load(contract)
    assert (done.state, kept(contract), earned(contract), paid("retention_released", contract)) == (
        "completed",
        0,
        PRICE,
        100_000,
    )
    assert all(m.paid_at for m in done.milestones)
    assert {each.by for each in world.every(Rating, contract)} == {"buyer", "agency", "department"}


def test_a_large_deposit_covers_the_last_milestones(world: World) -> None:
    identifier: str = world.contract_of(world.awarded()).identifier
    rows = [("踏勘", 10, 3_700_000, False), ("报批稿", 10, 300_000, True)]
    drafting.revise(
        world.actor("buyer"),
        identifier,
        texts={},
        milestones=[{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in rows],
    )
    signing.agree(world.actor("buyer"), identifier)
    signing.agree(world.actor("agency"), identifier)
    world.paid(identifier, "deposit")
    world.accepted(world.delivered(identifier))
    due = world.one(Payment, identifier, state="due")
    assert due.amount == PRICE - DEPOSIT
    pay(world, due.identifier)
    last = world.delivered(identifier, milestone=2)
    world.accepted(last)
    delivering.pass_review(world.actor("department"), last)
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
    with pytest.raises(RuleViolation, match="中止"):
        world.delivered(contract)
    time.instant = workdays.add(time.instant, 30)
    run_deadlines()
    assert running(world, contract).state == "due", "the agency's days do not run meanwhile"
    supplied = time.instant
    delivering.supply(
        world.actor("buyer"),
        materials.identifier,
        ticked=list(materials.points),
        files=[File("a.pdf", PDF)],
    )
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
    with pytest.raises(RuleViolation, match="未勾选"):
        delivering.supply(world.actor("buyer"), materials.identifier, ticked=[])
    delivering.supply(world.actor("buyer"), materials.identifier, ticked=list(materials.points))
    with pytest.raises(NotAllowed):
        delivering.confirm_materials(world.actor("buyer"), materials.identifier)
    delivering.miss_materials(world.actor("agency"), materials.identifier, reason="缺少地形图,请补充")
    again = world.one(Materials, contract)
    assert (again.state, again.due_at) == ("due", materials.supply_by)
    delivering.waive_materials(world.actor("agency"), materials.identifier)
    assert world.one(Materials, contract).state == "complete"


def test_who_is_late_is_reminded_before_and_recorded_after(world: World, time: Any) -> None:
    contract = world.started()
    world.supplied(contract)
    deliverable = running(world, contract)
    agency = world.organisation("agency").id

    def reminded() -> list[int]:
        db.session.rollback()
        query = select(Event.data).join(Notification, Notification.event_id == Event.id)
        return [
            d["left"]
            for d in db.session.scalars(
                query.where(
                    Event.kind == "deliverable.remind", Notification.organisation_id == agency
                ).order_by(Event.id)
            )
        ]

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
    told = db.session.scalars(
        select(Notification.organisation_id)
        .join(Event, Event.id == Notification.event_id)
        .where(Event.kind == "deliverable.lapse")
    ).all()
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
    assert "至少写明一个要点" in buyer.submit(
        f"/deliverables/{identifier}/return", reason="请修改后重报"
    ).error_at("point_0")
    assert (
        buyer.submit(f"/deliverables/{identifier}/return", point_1="缺少附图三", reason="请修改后重报").status
        == 303
    )
    same = world.every(Deliverable, contract)[0].versions[0].document
    from market.files import store

    repeated = agency.submit(f"/deliverables/{identifier}/submit", file=store().get(same.sha256), ticked=ALL)
    assert "完全相同" in repeated.error_at("file")
    world.delivered(contract)
    world.accepted(identifier)
    refused = department.submit(
        f"/deliverables/{identifier}/send_back", fault="agency", reason="数据来源不明"
    )
    assert "至少选择一个原因" in refused.error_at("codes")
    assert (
        department.submit(
            f"/deliverables/{identifier}/send_back",
            codes=["data", "analysis"],
            fault="agency",
            reason="数据来源不明",
        ).status
        == 303
    )
    page = buyer.get(f"/deliverables/{identifier}")
    for said in ("缺少附图三", "第 2 稿", "基础资料不足", "数据来源不明", "机构原因", "不另收费", "符合"):
        assert said in page.text
    assert page.soup.select("td.changed"), "what the second version put right is marked"
    outcome = db.session.scalars(select(ReviewOutcome)).one()
    assert (outcome.version, outcome.passed, outcome.reasons, outcome.fault) == (
        2,
        False,
        ["analysis", "data"],
        "agency",
    )
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
    assert "agency单位,1,0,0,1" in watch.get("/oversight/first-pass.csv").text


def test_rounds_are_limited_and_then_there_is_a_dispute(world: World) -> None:
    contract = world.started()
    world.supplied(contract)
    for _ in range(3):
        identifier = world.delivered(contract)
        points = running(world, contract).contract.tender.item.checklist
        delivering.send_for_correction(
            world.actor("buyer"), identifier, answers={points[0]: "仍不符合"}, reason="请修改后重报"
        )
    identifier = world.delivered(contract)
    with pytest.raises(RuleViolation, match="上限 3 次"):
        delivering.send_for_correction(
            world.actor("buyer"), identifier, answers={points[0]: "仍不符合"}, reason="请修改后重报"
        )


def test_limits_are_shown_to_both_sides(app: Flask, world: World, time: Any) -> None:
    contract = world.started()
    deliverable = running(world, contract)
    for who in ("buyer", "agency"):
        page = sign_in(app, world, who).get(f"/contracts/{contract}").text
        assert f"还剩 {workdays.between(time.instant, deliverable.deliver_by)} 个工作日" in page
        assert "2026-03-30 17:00" in page
    drain()
    assert db.session.query(Organisation).count() > 0


def test_nobody_is_reminded_of_what_has_only_just_begun(world: World, time: Any) -> None:
    deposit = world.one(Payment, world.signed(), kind="deposit")
    assert workdays.between(time.instant, deposit.due_at) in policy.current().numbers("contract.remind_days")

    def reminders() -> list[int]:
        db.session.rollback()
        reminded = (Event.kind == "payment.remind", Event.case_identifier == deposit.identifier)
        return [data["left"] for data in db.session.scalars(select(Event.data).where(*reminded))]

    tick()
    assert reminders() == [], "its limit is no longer than this threshold"
    while workdays.between(time.instant, deposit.due_at) > 2:
        time.instant += timedelta(days=1)
    tick()
    assert reminders() == [2]
