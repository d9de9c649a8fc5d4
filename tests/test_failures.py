"""One bad case, or one bad event, stops nothing else; it is kept, tried again, and shown to the operator."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from harness.factories import World
from market import jobs
from market.agencies.actions import entry
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import CONSUMERS, drain, job_status, run_deadlines, tick
from market.jobs.consumers import Consumer
from market.payments.actions import bank, importing
from market.payments.jobs import match_lines
from market.sourcing.actions import cancelling, quotes
from market.transaction import transaction
from models import events, failures, notifications
from models.credit import kept
from models.documents import Document
from models.events import Event
from models.failures import Failure
from models.notifications import Notification
from models.sourcing.awards import Award
from models.sourcing.tenders import Tender
from search import Query
from tests.web import Visitor, sign_in


def waiting() -> list[Failure]:
    db.session.rollback()
    return list(db.session.scalars(select(Failure).order_by(Failure.id)))


def state(tender: str) -> str:
    db.session.rollback()
    return Tender.load(db.session, tender).state


@pytest.fixture
def broken(app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two requests fall due; the act of the first breaks, with what it was given in its words."""
    first, second = world.tender(), world.tender()
    for tender in (first, second):
        quotes.submit(world.actor("agency"), tender, price=100, days=20)
    close = jobs.TIMED["tender", "close"]

    def breaking(actor: Any, identifier: str) -> str:
        if identifier == first:
            with transaction() as session:
                Tender.lock(session, identifier).state = "cancelled"
                raise KeyError("price 4321700")
        return close(actor, identifier)

    monkeypatch.setitem(jobs.TIMED, ("tender", "close"), breaking)
    time.instant = world.closing(first)
    return first, second


def test_a_case_that_breaks_stops_no_other_and_is_tried_at_ever_longer_intervals(
    broken: tuple[str, str], time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = broken
    due = time.instant
    assert run_deadlines() == 1
    assert (state(first), state(second)) == ("published", "evaluated"), "and what it had begun is undone"
    (failure,) = waiting()
    assert (failure.what, failure.act, failure.case_type, failure.case_identifier) == (
        "deadlines",
        "close",
        "tender",
        first,
    )
    assert "KeyError" in str(failure.error)
    assert "4321700" not in str(failure.error), "what it was given may be a secret"
    assert job_status() == {**job_status(), "failures": 1, "untried": None, "overdue": due.isoformat()}
    tried = []
    for minutes in range(0, 300):
        time.instant = due + timedelta(minutes=minutes)
        run_deadlines()
        (failure,) = waiting()
        if failure.last_at == time.instant:
            tried.append(minutes)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    monkeypatch.undo()
    time.instant = failure.next_at
    assert run_deadlines() == 1
    assert (state(first), waiting()) == ("evaluated", [])


def test_what_was_seen_to_in_another_way_is_no_failure_any_more(
    broken: tuple[str, str], world: World, time: Any
) -> None:
    first, _second = broken
    run_deadlines()
    cancelling.cancel(world.actor("buyer"), first, reason="项目选址调整,取消")
    run_deadlines()
    assert waiting() == []


def test_the_oldest_limit_that_passed_is_told_but_for_those_kept_as_failures(
    app: Flask, world: World, time: Any
) -> None:
    tender = world.tender()
    due = time.instant = world.closing(tender)
    time.instant += timedelta(hours=1)
    assert job_status()["overdue"] == due.isoformat()
    run_deadlines()
    assert job_status()["overdue"] is None


def _poisoned(monkeypatch: pytest.MonkeyPatch, name: str, case: str) -> None:
    """A consumer that breaks on whatever is about one case."""
    consumer = CONSUMERS[name]

    def handle(*arguments: Any) -> None:
        if any(case == event.case_identifier for event in arguments[-1]):
            raise KeyError(case)
        consumer.handle(*arguments)

    monkeypatch.setitem(CONSUMERS, name, Consumer(handle, consumer.inside, consumer.lane))


@pytest.mark.parametrize("name", ["notifications", "credit", "award notices", "letters", "keys", "search"])
def test_a_bad_event_stops_neither_its_consumer_nor_another(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    drain()
    award = world.awarded()
    case = db.session.scalars(select(Tender.identifier).join(Award).where(Award.identifier == award)).one()
    bad = db.session.scalars(select(Event.id).where(Event.case_identifier == case)).all()
    told = {(n.organisation_id, n.event_id) for n in db.session.scalars(select(Notification))}
    _poisoned(monkeypatch, name, case)
    drain()
    db.session.rollback()
    assert {consumer: events.lag(db.session, consumer) for consumer in CONSUMERS} == dict.fromkeys(
        CONSUMERS, 0
    ), "everyone caught up"
    assert [(f.what, f.event_id) for f in waiting()] == [(name, number) for number in bad]
    here = {
        n.event_id
        for n in db.session.scalars(select(Notification))
        if (n.organisation_id, n.event_id) not in told
    }
    assert here
    assert (not here & set(bad)) == (name == "notifications")
    monkeypatch.undo()
    time.instant += timedelta(minutes=1)
    drain()
    assert waiting() == []
    after = {n.event_id for n in db.session.scalars(select(Notification))}
    assert {number for number in bad if db.session.get_one(Event, number).notify["organisations"]} <= after, (
        "what was set aside is made up for"
    )


def test_while_the_database_is_away_nothing_is_set_aside(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain()
    world.tender()

    def away(session: Session, happened: list[Event]) -> None:
        raise OperationalError(
            "SELECT 1", {}, Exception("server closed the connection"), connection_invalidated=True
        )

    monkeypatch.setitem(CONSUMERS, "notifications", Consumer(away))
    behind = events.lag(db.session, "notifications")
    drain()
    db.session.rollback()
    assert (events.lag(db.session, "notifications"), events.lag(db.session, "search"), waiting()) == (
        behind,
        0,
        [],
    )
    monkeypatch.setitem(CONSUMERS, "notifications", Consumer(notifications.notify))
    drain()
    assert events.lag(db.session, "notifications") == 0


@pytest.mark.parametrize(
    "order", [["search", "credit", "notifications"], ["credit", "search", "notifications"]]
)
def test_consumers_depend_on_no_order(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, order: list[str]
) -> None:
    rebuild_index()
    turned = {name: CONSUMERS[name] for name in [*order, *CONSUMERS]}
    monkeypatch.setattr(jobs.consumers, "CONSUMERS", turned)
    world.settled()
    index = app.extensions["search"]
    assert world.identifiers["agency"] in index.search(db.session, Query(grade="B")).keys
    refreshed = db.session.scalars(select(Event).where(Event.kind == "credit.refreshed")).all()
    assert {name for event in refreshed for name in event.data["agencies"]} == {world.identifiers["agency"]}
    assert {event.audience for event in refreshed} == {"internal"}


def test_events_tried_again_out_of_order_end_in_the_same(app: Flask, world: World) -> None:
    """Every handler computes from what stands now.

    Each event alone, the newest first, changes nothing any more.
    """
    world.agency("late")
    entry.suspend(world.actor("regulator"), world.identifiers["late"], reason="登记住所查无此机构")
    rebuild_index()
    world.settled()
    drain()

    def picture() -> Any:
        db.session.rollback()
        papers = sorted(
            d.identifier for d in db.session.scalars(select(Document).where(Document.issued.is_not(None)))
        )
        scores = [
            (s.agency_id, s.score, s.grade, s.stars)
            for s in db.session.scalars(select(kept.CreditScore).order_by(kept.CreditScore.id))
        ]
        found = app.extensions["search"].search(db.session, Query(size=100, counts=True))
        return (
            sorted((n.organisation_id, n.event_id) for n in db.session.scalars(select(Notification))),
            papers,
            scores,
            sorted(found.keys),
            found.counts,
        )

    before = picture()
    numbers = db.session.scalars(select(Event.id).order_by(Event.id.desc())).all()
    with transaction() as session:
        for number in numbers:
            event = session.get_one(Event, number)
            for name in CONSUMERS:
                failures.note(
                    session,
                    failures.Attempt(name, event.kind, event.case_type, event.case_identifier, number),
                    KeyError("x"),
                )
    drain()
    assert (waiting(), picture()) == ([], before)


def test_a_line_of_the_bank_that_breaks_leaves_the_others(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.payments.bank import BankLine

    importing.import_statement(
        world.actor("custodian"),
        file_name="s.csv",
        content="交易日期,收入金额,支出金额\n2026-03-02,1.00,\n2026-03-02,2.00,".encode(),
    )
    match = bank.match

    def breaking(actor: Any, statement: str, number: int) -> str:
        if number == 1:
            raise ZeroDivisionError
        return match(actor, statement, number)

    monkeypatch.setattr(bank, "match", breaking)
    match_lines()
    db.session.rollback()
    assert [
        line.state == "new" for line in db.session.scalars(select(BankLine).order_by(BankLine.number))
    ] == [True, False]
    monkeypatch.undo()
    match_lines()
    assert waiting() == []
    assert not db.session.scalars(select(BankLine).where(BankLine.state == "new")).all()


def test_the_operator_sees_what_failed_and_has_it_tried_again(
    app: Flask, broken: tuple[str, str], world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second = broken
    world.appoint_admin()
    tick()
    for _ in range(3):
        time.instant += timedelta(minutes=5)
        run_deadlines()
    (failure,) = waiting()
    number = failure.id
    assert failure.next_at > time.instant
    admin = sign_in(app, world, "admin")
    page = admin.get("/admin/failures")
    assert page.soup.select_one(f"td a[href='/requests/{first}']") is not None
    for said in ("到期事项", "系统出错:KeyError", "再试一次", "随事件而动"):
        assert said in page.text
    english = Visitor(app, "admin@example.cn", "en").get("/admin/failures").text
    assert "Try again" in english
    assert "再试" not in english
    token = page.soup.select_one("form[action$='/retry'] input[name=csrf_token]")["value"]
    assert admin.post(f"/admin/failures/{number}/retry", {"csrf_token": token}).location == "/admin/failures"
    monkeypatch.undo()
    assert run_deadlines() == 1
    assert "没有未办成的事" in admin.get("/admin/failures").text
    assert admin.post(f"/admin/failures/{number}/retry", {"csrf_token": token}).status == 404
    assert admin.post("/admin/failures/99999999999999999999/retry", {"csrf_token": token}).status == 404
    buyer = sign_in(app, world, "buyer")
    page = buyer.get("/my")
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    assert buyer.post("/admin/failures/1/retry", {"csrf_token": token}).status == 403
    said = db.session.scalars(select(Event).where(Event.kind == "failure.retry")).all()
    assert [(event.case_identifier, event.audience, event.actor_role) for event in said] == [
        (first, "internal", "admin")
    ]


def test_what_fails_is_in_the_log_with_all_of_it(
    broken: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    run_deadlines()
    assert "Traceback" in caplog.text
    assert "KeyError" in caplog.text
