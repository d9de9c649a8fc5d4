"""Events: in the order of acts, never changed, handed to each consumer exactly once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from harness.factories import World
from market.extensions import db
from market.transaction import transaction
from models import events
from models.actors import SYSTEM
from models.events import Event
from models.sourcing.tenders import Tender
from models.workflow import perform
from tests.machines import examples


def _note(kinds: list[str]) -> None:
    with transaction() as session:
        for kind in kinds:
            events.record(session, SYSTEM, f"tender.{kind}", "tender", "Q-1")


def test_one_transactions_events_stand_in_the_order_of_its_acts(world: World) -> None:
    contract = world.signed()
    world.paid(contract, "deposit")
    kinds = list(db.session.scalars(select(Event.kind).order_by(Event.id)))[-4:]
    assert kinds == ["payment.confirm", "contract.activate", "materials.expect", "deliverable.expect"]


def test_nothing_happened_if_the_transaction_did_not(app: Any) -> None:
    def fail() -> None:
        with transaction() as session:
            events.record(session, SYSTEM, "tender.publish", "tender", "Q-1")
            raise KeyError("no")

    with pytest.raises(KeyError):
        fail()
    assert db.session.scalars(select(Event)).all() == []


@pytest.mark.parametrize("statement", ["UPDATE events SET kind = 'x'", "DELETE FROM events"])
def test_the_database_itself_refuses_changes(app: Any, statement: str) -> None:
    _note(["publish"])
    with pytest.raises(DatabaseError, match="append"), transaction() as session:
        session.execute(text(statement))
    assert db.session.scalars(select(Event.kind)).all() == ["tender.publish"]


def test_an_event_that_was_recorded_is_frozen(world: World) -> None:
    """Before it is stored, and as it is read afterwards: whatever it tells."""
    number = world.tender()
    with transaction() as session:
        tender = Tender.lock(session, number)
        noted = perform(session, tender, "cancel", world.actor("buyer"), reason="项目暂缓实施")
        read = session.scalars(select(Event).limit(1)).one()
        session.expire(read, ["data"])
        for event in (noted, read):
            for name, value in {"data": {}, "notify": {}, "kind": "x", "audience": "public"}.items():
                with pytest.raises(AttributeError, match=name):
                    setattr(event, name, value)
    stored = db.session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
    assert (stored.kind, stored.data["reason"]) == ("tender.cancel", "项目暂缓实施")


@given(
    steps=st.lists(st.one_of(st.integers(1, 4), st.sampled_from(["read", "crash", "rewind"])), max_size=12),
    batch=st.integers(1, 3),
)
@examples(25)
def test_a_consumer_sees_every_event_in_order_whatever_happens(
    app: Any, steps: list[Any], batch: int
) -> None:
    """Events come, the consumer reads, crashes halfway, or is rewound.

    What it keeps is always what happened.
    """
    with transaction() as session:
        events.rewind(session, "test", 0)
    kept: dict[int, str] = {}

    def keep(session: Any, happened: list[Event]) -> None:
        kept.update((event.id, event.kind) for event in happened)

    def crash(session: Any, happened: list[Event]) -> None:
        keep(session, happened[:1])
        raise OSError("killed")

    for number, step in enumerate([*steps, "read"]):
        if isinstance(step, int):
            _note([f"{number}-{n}" for n in range(step)])
        elif step == "rewind":
            with transaction() as session:
                events.rewind(session, "test", max(kept, default=1) - 1)
        elif step == "crash":
            try:
                with transaction() as session:
                    events.consume(session, "test", crash, batch)
            except OSError:
                db.session.rollback()
        else:
            while True:
                with transaction() as session:
                    if not events.consume(session, "test", keep, batch):
                        break
    told = {event.id: event.kind for event in db.session.scalars(select(Event))}
    assert kept == told
    assert events.lag(db.session, "test") == 0
