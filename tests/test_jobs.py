"""What the worker does: consumers, limits, the daily refresh, and waking up when there is something new."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from harness.factories import PDF, World
from market import create_app
from market.contracts.actions import drafting
from market.credit.actions.scores import refresh_every_score
from market.extensions import db
from market.jobs import Jobs, drain, run_deadlines, tick
from market.payments.actions import paying
from market.sourcing.actions import quotes as quote_actions
from models import batches, events, workdays
from models.contracts.deliverables import Deliverable
from models.credit import kept
from models.errors import RuleViolation
from models.notifications import Notification
from models.payments.payment import Payment
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests.conftest import settings


def test_a_commit_wakes_the_worker_and_the_worker_catches_up(tmp_path: Any, database: str, time: Any) -> None:
    app = create_app({**settings(database, tmp_path), "JOBS": "queued"})
    with app.app_context():
        from harness.factories import small_market

        jobs: Jobs = app.extensions["jobs"]
        jobs.prepare()
        world = small_market()
        quote_actions.submit(world.actor("agency"), world.tender(), price=100, days=20)
        assert events.lag(db.session, "notifications") > 0
        assert jobs.queues["events"].pending_count() == 1, (
            "one task is enough, however many commits there were"
        )
        for lane in ("events", "outside", "long", "keeper"):  # the first wakes the others
            while (task := jobs.queues[lane].dequeue()) is not None:
                jobs.queues[lane].execute(task)
        db.session.rollback()
        assert {events.lag(db.session, name) for name in ("notifications", "credit", "search")} == {0}
        assert db.session.scalar(select(func.count(Notification.id))) > 0
        db.session.close()
        db.engine.dispose()
        for queue in jobs.queues.values():
            queue.storage.close()


def test_the_tick_does_what_is_due_and_a_case_that_refuses_stops_no_other(
    app: Flask, world: World, time: Any, monkeypatch: Any
) -> None:
    from market import jobs

    first, second = world.tender(), world.tender()
    quotes = [
        quote_actions.submit(world.actor("agency"), tender, price=100, days=20) for tender in (first, second)
    ]
    close = jobs.TIMED["tender", "close"]

    def refusing(actor: Any, identifier: str) -> str:
        if identifier == first:
            raise RuleViolation("不行")
        return close(actor, identifier)

    monkeypatch.setitem(jobs.TIMED, ("tender", "close"), refusing)
    time.instant = world.closing(first)
    tick()
    db.session.rollback()
    assert (Tender.load(db.session, first).state, Tender.load(db.session, second).state) == (
        "published",
        "evaluated",
    )
    monkeypatch.undo()
    assert run_deadlines() == 1
    assert run_deadlines() == 0
    assert {Quote.load(db.session, quote).state for quote in quotes} == {"open"}


def test_the_nightly_refresh_computes_what_is_by_another_policy_and_nothing_else(
    app: Flask, world: World, time: Any
) -> None:
    """Nothing fades by the night: after two idle years a score is what it was."""
    world.settled(stars=5)
    scores = select(kept.CreditScore.score)
    fresh = db.session.scalars(scores).one()
    batch = batches.load(db.session, str(refresh_every_score()))
    assert (batch.state, batch.total, batch.loaded) == ("done", 2, 2), "the agencies that had no sheet"
    time.instant += timedelta(days=730)
    assert refresh_every_score() is None
    db.session.rollback()
    assert db.session.scalars(scores.where(kept.CreditScore.grade.is_not(None))).one() == fresh
    db.session.execute(update(kept.CreditScore).values(policy_version="another"))
    db.session.commit()
    batch = batches.load(db.session, str(refresh_every_score()))
    assert (batch.state, batch.total, batch.loaded) == ("done", 3, 3)
    assert db.session.scalars(scores.where(kept.CreditScore.grade.is_not(None))).one() == fresh


def test_what_is_overdue_stays_and_says_so(app: Flask, world: World, time: Any) -> None:
    from tests.web import sign_in

    contract = world.signed()
    world.paid(contract, "deposit")
    world.supplied(contract)
    deliverable = world.one(Deliverable, contract)
    time.instant = workdays.add(deliverable.deliver_by, 3)
    run_deadlines()
    assert "逾期未提交" in sign_in(app, world, "agency").get("/my").text
    world.delivered(contract)
    assert world.one(Deliverable, contract).on_time is False


def test_a_disputed_payment_is_due_again_and_a_contract_without_money_ends(
    app: Flask, world: World, time: Any
) -> None:

    contract = world.signed()
    payment = world.one(Payment, contract, kind="deposit").identifier
    paying.pay(world.actor("buyer"), payment, bank_reference="20260302-1", file_name="v.pdf", content=PDF)
    time.instant = workdays.add(time.instant, 6)
    with pytest.raises(RuleViolation, match="付款凭证"):
        drafting.terminate(world.actor("agency"), contract, reason="定金逾期没有支付")
    paying.dispute(world.actor("agency"), payment, reason="银行没有收到这笔款")
    assert world.one(Payment, contract, kind="deposit").state == "due"
    drafting.terminate(world.actor("agency"), contract, reason="定金逾期没有支付")
    assert world.one(Payment, contract, kind="deposit").state == "cancelled"
    drain()
    told = db.session.scalars(
        select(Notification).join(Notification.event).where(events.Event.kind == "contract.terminate")
    ).all()
    assert [n.organisation_id for n in told] == [world.organisation("buyer").id]


def test_the_commands(app: Flask, world: World) -> None:
    runner = app.test_cli_runner()
    db.session.rollback()
    assert "0 regions, 0 items" in runner.invoke(args=["seed"]).output
    assert "documents" in runner.invoke(args=["reindex"]).output
    assert "deadlines: 0 acts" in runner.invoke(args=["tick"]).output
    app.config["TRIAL"] = True
    assert "not empty" in runner.invoke(args=["demo"]).output
    app.config["TRIAL"] = False
    assert "stateDiagram" in runner.invoke(args=["workflows"]).output
    made = runner.invoke(
        args=["admin", "root@example.cn", "--name", "管理员", "--password", "correct horse battery"]
    )
    assert made.output.strip() == "root@example.cn"
    assert "catalogue" in runner.invoke(args=["prepare"]).output
