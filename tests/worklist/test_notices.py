"""What was told is unread until somebody of the organisation opens it; the menu says how much waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy import event as sql

from harness.factories import World
from market.extensions import db
from market.jobs import drain
from market.notices.telling import send_digests
from market.purging import OFFERED, READ, clear_notifications
from market.sourcing.actions import quotes
from market.transaction import transaction
from models import notifications
from models.events import Event, last_before
from models.notice_settings import DigestEntry
from models.notifications import MOST_COUNTED, Notification
from tests.web import Visitor, sign_in


def waiting(world: World, name: str) -> int:
    db.session.rollback()
    return notifications.unread(db.session, world.organisation(name).id)


def quoted(world: World) -> str:
    """A quote of which its buyer is told, and of nothing else."""
    tender = world.tender()
    drain()
    with transaction() as session:
        notifications.read_all(session, world.organisation("buyer").id)
    quote = quotes.submit(world.actor("agency"), tender, price=100, days=20)
    drain()
    return quote


def count_of(visitor: Visitor, path: str = "/") -> str:
    found = visitor.get(path).soup.select_one(".top .count")
    return found.get_text() if found else ""


def test_opening_the_case_reads_its_notices_and_no_others(app: Flask, world: World) -> None:
    quote = quoted(world)
    quotes.submit(world.actor("second"), world.tender(project="另一个项目"), price=100, days=20)
    drain()
    buyer = sign_in(app, world, "buyer")
    assert (waiting(world, "buyer"), count_of(buyer)) == (2, "2条未读")
    page = buyer.get("/my/notices")
    assert len(page.soup.select("tr.unread")) == 2
    sign_in(app, world, "agency").get(f"/quotes/{quote}")
    sign_in(app, world, "regulator").get(f"/quotes/{quote}")
    assert waiting(world, "buyer") == 2, "read by those who were told, and nobody else"
    buyer.get(f"/quotes/{quote}")
    assert (waiting(world, "buyer"), count_of(buyer)) == (1, "1条未读")
    assert quote not in buyer.get("/my/notices?unread=1").text
    assert quote in buyer.get("/my/notices").text


def test_a_letter_leads_to_the_case_and_only_those_who_were_told(app: Flask, world: World) -> None:
    quote = quoted(world)
    number = db.session.scalars(
        select(Notification.id).where(
            Notification.organisation_id == world.organisation("buyer").id, Notification.read_at.is_(None)
        )
    ).one()
    db.session.rollback()
    assert sign_in(app, world, "agency").get(f"/my/notices/{number}").status == 404
    assert waiting(world, "buyer") == 1
    assert sign_in(app, world, "visitor").get(f"/my/notices/{number}").status == 302
    assert sign_in(app, world, "buyer").get(f"/my/notices/{number}").location.endswith(f"/quotes/{quote}")
    assert waiting(world, "buyer") == 0


def test_all_is_marked_as_read_for_ones_own_organisation(app: Flask, world: World) -> None:
    quoted(world)
    buyer, others = sign_in(app, world, "buyer"), waiting(world, "agency")
    assert others > 0
    token = buyer.get("/my/notices").value_of("csrf_token")
    assert buyer.post("/my/notices/read", {"csrf_token": token}).status == 303
    assert (waiting(world, "buyer"), waiting(world, "agency"), count_of(buyer)) == (0, others, "")
    assert buyer.get("/my/notices").soup.select_one("form[action='/my/notices/read']") is None


def test_counting_stops_at_a_hundred(app: Flask, world: World) -> None:
    key, event = world.organisation("buyer").id, db.session.scalars(select(Event)).first()
    assert event is not None
    columns = {c.key: getattr(event, c.key) for c in Event.__table__.columns if c.key != "id"}
    drain()
    with transaction() as session:
        session.connection().execute(Event.__table__.insert(), [columns] * 150)  # type: ignore[attr-defined]
    numbers = db.session.scalars(select(Event.id).order_by(Event.id.desc()).limit(150)).all()
    db.session.rollback()
    with transaction() as session:
        made = notifications.tell(session, [(key, number, "case") for number in numbers])
    assert len(made) == 150
    statements: list[str] = []
    sql.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert waiting(world, "buyer") == MOST_COUNTED
    assert sum("notifications" in each for each in statements) == 1
    assert count_of(sign_in(app, world, "buyer")) == "99+条未读"


def test_what_was_read_long_ago_is_forgotten(world: World, time: Any) -> None:
    quoted(world)
    send_digests()
    with transaction() as session:
        session.execute(update(Notification).values(read_at=time.instant))
    quotes.submit(world.actor("second"), world.tender(project="另一个项目"), price=100, days=20)
    drain()
    unread = waiting(world, "buyer")
    time.instant += READ
    assert clear_notifications() == 0
    time.instant += timedelta(seconds=1)
    assert clear_notifications() > 0
    db.session.rollback()
    left = db.session.scalar(select(func.count(Notification.id)).where(Notification.read_at.is_not(None)))
    assert (left, waiting(world, "buyer")) == (0, unread), "what nobody read stays"


def test_what_was_offered_and_is_long_over_is_forgotten_read_or_not(world: World, time: Any) -> None:
    quoted(world)
    with transaction() as session:
        session.execute(delete(DigestEntry))
        session.execute(
            update(Notification)
            .where(Notification.organisation_id == world.organisation("agency").id)
            .values(kind="work")
        )
    mine, others = waiting(world, "agency"), waiting(world, "buyer")
    assert mine > 0
    assert others > 0
    assert clear_notifications() == 0
    time.instant += OFFERED + timedelta(seconds=1)
    assert clear_notifications() >= mine
    assert (waiting(world, "agency"), waiting(world, "buyer")) == (0, others), "what concerns a case stays"


def test_the_last_event_before_an_instant(world: World, time: Any) -> None:
    quoted(world)
    rows = db.session.execute(select(Event.id, Event.at).order_by(Event.id)).all()
    for instant in (*(each.at for each in rows), rows[0].at - timedelta(days=1), time.instant + timedelta(1)):
        told = [each.id for each in rows if each.at < instant]
        found = last_before(db.session, instant)
        assert [each.id for each in rows if each.id <= found] == told
