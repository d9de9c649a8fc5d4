"""Two at once: threads race for the same case through real actions, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from harness.factories import PASSWORD, PDF, World, code
from market import extensions
from market.contracts.actions import signing
from market.extensions import db
from market.payments.actions import paying
from market.sourcing.actions import auction, cancelling, closing, quotes, tenders
from market.sourcing.actions import bids as bid_actions
from models import events
from models.accounts import Organisation
from models.actors import SYSTEM
from models.errors import Problem
from models.events import Event
from models.ledger import books
from models.payments.payment import Payment
from models.sourcing.bids import Bid
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender


def race(app: Flask, *acts: Callable[[], Any]) -> Counter[str]:
    """Start all acts at the same moment; how each ended: `ok`, or the name of the refusal."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        with app.app_context():
            start.wait()
            try:
                act()
            except Problem as problem:
                return type(problem).__name__
            return "ok"

    with ThreadPoolExecutor(len(acts)) as threads:
        outcomes = [threads.submit(Context().run, run, act) for act in acts]
        ended = Counter(outcome.result() for outcome in outcomes)
    db.session.rollback()
    return ended


def test_a_payment_confirmed_eight_times_at_once_is_booked_once(app: Flask, world: World) -> None:
    contract = world.signed()
    payment = world.one(Payment, contract, kind="deposit").identifier
    paying.pay(world.actor("buyer"), payment, bank_reference="20260302-1", file_name="v.pdf", content=PDF)
    actor = world.actor("agency")
    ended = race(app, *[lambda: paying.confirm(actor, payment)] * 8)
    assert ended == {"ok": 1, "WrongState": 7}
    assert books.balance(db.session, books.escrow(contract)) == 800_000
    assert db.session.scalar(select(func.count(books.Entry.id))) == 1


def test_one_form_sent_eight_times_at_once_acts_once(app: Flask, world: World) -> None:
    tender, actor = world.tender(), world.actor("agency")
    ended = race(app, *[lambda: quotes.submit(actor, tender, price=100, days=20, submission="once")] * 8)
    assert ended == {"ok": 8}
    assert db.session.scalar(select(func.count(Quote.id))) == 1


def test_both_sign_at_once_and_it_is_signed_once(app: Flask, world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    buyer, agency = world.actor("buyer"), world.actor("agency")
    ended = race(app, lambda: signing.agree(buyer, contract), lambda: signing.agree(agency, contract))
    assert ended == {"ok": 2}
    assert db.session.scalar(select(func.count(Payment.id))) == 1


def test_accepting_and_withdrawing_at_once_has_one_outcome(app: Flask, world: World) -> None:
    quote = quotes.submit(world.actor("agency"), world.tender(), price=100, days=20)
    buyer, agency = world.actor("buyer"), world.actor("agency")
    ended = race(app, lambda: quotes.accept(buyer, quote), lambda: quotes.withdraw(agency, quote))
    assert ended == {"ok": 1, "WrongState": 1}


def test_a_case_locked_is_read_as_it_is_then(app: Flask, world: World) -> None:
    """Whoever waits for a lock must not act on what it saw before; on SQLite nobody can write meanwhile."""
    tender = world.tender()
    with Session(db.engine, expire_on_commit=False) as waiting:
        assert Tender.load(waiting, tender).state == "published"
        waiting.commit()
        cancelling.cancel(world.actor("buyer"), tender, reason="项目选址调整,取消")
        assert Tender.lock(waiting, tender).state == "cancelled"


def test_two_who_give_the_same_price_at_once_in_an_auction_cannot_both_lead(
    app: Flask, world: World, time: Any
) -> None:
    tender = world.tender(
        mode="reverse_auction", funds="state", deadline=time.instant.replace(day=9, hour=10)
    )
    bids = world.bids(tender, agency=4_000_000, second=4_000_000, third=4_000_000)
    time.closing(tender)
    actors = {name: world.actor(name) for name in bids}
    acts = [lambda name=name: auction.undercut(actors[name], bids[name], price=3_900_000) for name in bids]
    assert race(app, *acts) == {"ok": 1, "RuleViolation": 2}
    assert sorted(db.session.scalars(select(Bid.price))) == [3_900_000, 4_000_000, 4_000_000]


def test_a_deadline_and_a_last_amendment_at_once_have_one_outcome(
    app: Flask, world: World, time: Any
) -> None:
    from datetime import timedelta

    from models import workdays

    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, agency=300, second=400, third=500)
    time.instant = world.closing(tender)
    buyer, moved = world.actor("buyer"), workdays.add(time.instant, 6) + timedelta(minutes=1)
    ended = race(
        app,
        lambda: closing.close(SYSTEM, tender),
        lambda: tenders.amend(
            buyer,
            tender,
            description="",
            quantity={},
            budget=None,
            deadline=moved,
            reason="来不及了再改一次",
        ),
        lambda: cancelling.cancel(buyer, tender, reason="项目选址调整,取消"),
    )
    assert ended["ok"] == 1
    assert sum(ended.values()) == 3


def test_bidders_at_once_all_count_and_events_keep_their_order(app: Flask, world: World) -> None:
    names = ["agency", "second", "third"]
    tender = world.tender(mode="sealed_bid", funds="state")
    actors = [world.actor(name) for name in names]
    acts = [lambda actor=actor: bid_actions.submit(actor, tender, price=100, days=20) for actor in actors]
    assert race(app, *acts) == {"ok": 3}
    receipts = set(db.session.scalars(select(Bid.receipt)))
    told = [e.data["receipt"] for e in db.session.scalars(select(Event).where(Event.kind == "bid.submit"))]
    assert set(told) == receipts
    assert len(told) == 3
    numbers = list(db.session.scalars(select(Event.id).order_by(Event.id)))
    assert len(set(numbers)) == len(numbers)


def test_the_same_code_signed_up_twice_at_once_is_refused_in_words(app: Flask, world: World) -> None:
    from market.accounts.actions import members
    from models.actors import VISITOR

    def enter(number: int) -> Callable[[], str]:
        return lambda: members.sign_up(
            VISITOR,
            email=f"twin{number}@example.cn",
            name="twin",
            password=PASSWORD,
            kind="enterprise",
            organisation="双生",
            uscc=code(800),
            region_code="632801",
        )

    ended = race(app, *(enter(number) for number in range(4)))
    assert ended["ok"] >= 1, "one enters; whoever comes later has a claim to show"
    assert set(ended) <= {"ok", "Conflict"}
    assert db.session.scalar(select(func.count(Organisation.id)).where(Organisation.name == "双生")) == 1


def test_two_workers_at_once_handle_each_event_once(app: Flask, world: World) -> None:
    from market.jobs import drain
    from models.notifications import Notification

    world.settled_unrated()
    ended = race(app, drain, drain, drain)
    assert ended == {"ok": 3}
    pairs = db.session.execute(select(Notification.organisation_id, Notification.event_id)).all()
    assert len(pairs) == len(set(pairs)) > 0
    assert {events.lag(db.session, name) for name in ("notifications", "credit", "search")} == {0}


@pytest.fixture
def holder(app: Flask, database: str) -> Iterator[Session]:
    """Somebody who holds SQLite's one write lock."""
    if not database.startswith("sqlite"):
        pytest.skip("PostgreSQL locks the case, and has its own queue")
    with Session(db.engine) as session:
        session.connection(execution_options={"writing": True})
        yield session


def test_who_has_waited_long_looks_as_often_as_who_came_last(
    holder: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = list[float]()

    def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 50:
            holder.rollback()

    monkeypatch.setattr(extensions, "sleep", look)
    with Session(db.engine) as session:
        session.connection(execution_options={"writing": True})
        assert looks == [extensions.LOOK] * 50


def test_a_lock_that_is_never_free_is_an_error_and_leaves_nothing_behind(
    holder: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extensions, "PATIENCE", 0.05)
    with Session(db.engine) as session:
        with pytest.raises(OperationalError, match="locked"):
            session.connection(execution_options={"writing": True})
        session.rollback()
        holder.rollback()
        session.connection(execution_options={"writing": True})
        assert session.scalar(text("PRAGMA busy_timeout")) == 50
