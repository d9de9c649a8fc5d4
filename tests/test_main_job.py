"""The main job through the actions: from a request to a grade, on both databases."""

from __future__ import annotations

from typing import Any

from harness.factories import World
from market.extensions import db
from market.jobs import CONSUMERS, drain
from models import events
from models.contracts.agreement import Contract
from models.credit import kept
from models.events import Event
from models.ledger import books, reports
from models.notifications import Notification


def test_eight_steps_lead_to_a_grade_and_an_empty_escrow(world: World) -> None:
    contract = world.settled()
    row = db.session.query(kept.CreditScore).one()
    assert (row.grade, row.settled, row.first_pass, row.on_time) == ("B", 1, 1.0, 1.0)
    assert Contract.load(db.session, contract).state == "completed"
    assert reports.trial_balance(db.session) == 0
    assert books.balance(db.session, books.escrow(contract)) == 0
    assert books.balance(db.session, books.payable(world.organisation("agency").uscc)) == 4_000_000, (
        "earned, and still to be paid out"
    )
    assert [e.kind for e in db.session.query(books.Entry).order_by(books.Entry.id)] == [
        "deposit_received",
        "settlement_received",
        "released",
    ]


def test_replaying_any_consumer_from_any_cursor_changes_nothing(world: World) -> None:
    world.settled()

    def picture() -> Any:
        db.session.rollback()
        notices = sorted((n.organisation_id, n.event_id) for n in db.session.query(Notification))
        scores = [(s.agency_id, s.score, s.grade, s.stars) for s in db.session.query(kept.CreditScore)]
        return notices, scores

    from market.transaction import transaction

    before, last = picture(), db.session.query(Event).count()
    assert before[0]
    for consumer in CONSUMERS:
        for position in range(0, last, 5):
            with transaction() as session:
                events.rewind(session, consumer, position)
            drain()
            assert picture() == before
