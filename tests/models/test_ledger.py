"""The ledger: accounts keep to their floors, and nothing that was posted changes.

Whatever comes in whatever order.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from market.transaction import transaction
from models import clock
from models.errors import RuleViolation
from models.ledger import books, reports
from models.ledger import closing as ledger_closing
from models.ledger import days as ledger_days
from models.ledger.books import Transfer
from tests.machines import examples
from tests.models.closing import close_days

CONTRACTS = ("C-1", "C-2")
BANK = books.BANK
amounts = st.integers(min_value=-5_000_00, max_value=50_000_00)
acts = st.lists(
    st.tuples(
        st.sampled_from(["receive", "release", "pay_out", "refund"]), st.sampled_from(CONTRACTS), amounts
    ),
    max_size=25,
)


def _move(act: str, contract: str, amount: int) -> Transfer:
    escrow, payable = books.escrow(contract), books.payable("X")
    sides = {
        "receive": (BANK, escrow),
        "release": (escrow, payable),
        "pay_out": (payable, BANK),
        "refund": (escrow, BANK),
    }
    return Transfer(*sides[act], amount)


def received(session: Any, key: str = "key", amount: int = 100) -> books.Entry:
    return books.post(session, key, "received", "C-1", [Transfer(BANK, books.escrow("C-1"), amount)])


@given(acts=acts)
@examples(40)
def test_no_account_passes_its_floor_and_balances_are_what_their_lines_add_up_to(
    session: Any, acts: list[tuple[str, str, int]]
) -> None:
    with session.begin_nested() as attempt:
        held = dict.fromkeys([BANK, books.payable("X"), *map(books.escrow, CONTRACTS)], 0)
        for number, (act, contract, amount) in enumerate(acts):
            move = _move(act, contract, amount)
            after = held | {move.debit: held[move.debit] - amount, move.credit: held[move.credit] + amount}
            if amount > 0 and all(
                (value <= 0) if code == BANK else (value >= 0) for code, value in after.items()
            ):
                books.post(session, f"k{number}", act, contract, [move])
                held = after
            else:
                with pytest.raises(RuleViolation):
                    books.post(session, f"k{number}", act, contract, [move])
            assert {code: books.balance(session, code) for code in held} == held
        assert reports.trial_balance(session) == 0
        assert reports.unbalanced_accounts(session) == []
        assert sum(total.balance for total in reports.totals(session)) == 0
        attempt.rollback()


def test_the_same_key_posts_once_and_a_different_content_is_refused(session: Any) -> None:
    first = received(session)
    assert received(session) is first
    with pytest.raises(RuleViolation):
        received(session, amount=200)
    assert books.balance(session, books.escrow("C-1")) == 100


@pytest.mark.parametrize(
    "moves",
    [[], [Transfer(BANK, "escrow:C-1", 0)], [Transfer(BANK, "escrow:C-1", -1)], [Transfer(BANK, BANK, 1)]],
)
def test_what_moves_nothing_is_refused(session: Any, moves: list[Transfer]) -> None:
    with pytest.raises(RuleViolation):
        books.post(session, "key", "odd", "C-1", moves)
    assert session.scalar(select(func.count(books.Entry.id))) == 0


TAMPERING = (
    "UPDATE ledger_lines SET amount = 1",
    "DELETE FROM ledger_lines",
    "UPDATE ledger_entries SET kind = 'x'",
    "DELETE FROM ledger_entries",
    "UPDATE ledger_closings SET digest = 'x'",
    "DELETE FROM ledger_closings",
    "UPDATE ledger_accounts SET balance = -1 WHERE kind = 'escrow'",
    "UPDATE ledger_accounts SET balance = 1 WHERE kind = 'bank'",
    "UPDATE ledger_accounts SET kind = 'other'",
    "INSERT INTO ledger_lines (entry_id, debit_id, credit_id, amount) SELECT entry_id, credit_id,"
    " debit_id, 101 FROM ledger_lines",
    "INSERT INTO ledger_lines (entry_id, debit_id, credit_id, amount) SELECT entry_id, debit_id, "
    "debit_id, 1 FROM ledger_lines",
    "INSERT INTO ledger_lines (entry_id, debit_id, credit_id, amount) SELECT entry_id, debit_id, "
    "credit_id, -1 FROM ledger_lines",
)


@pytest.mark.parametrize("statement", TAMPERING)
def test_the_database_itself_refuses(session: Any, statement: str) -> None:
    received(session)
    close_days(session, clock.today())
    with pytest.raises((DatabaseError, IntegrityError)):
        session.execute(text(statement))


def test_a_line_moves_the_balances_whoever_inserts_it(session: Any) -> None:
    received(session)
    session.execute(
        text(
            "INSERT INTO ledger_lines (entry_id, debit_id, credit_id, amount) SELECT entry_id, "
            "debit_id, credit_id, 7 FROM ledger_lines"
        )
    )
    assert books.balance(session, books.escrow("C-1")) == 107
    assert reports.trial_balance(session) == 0
    session.execute(text("UPDATE ledger_accounts SET balance = 106 WHERE kind = 'escrow'"))
    assert reports.unbalanced_accounts(session) == ["escrow:C-1"], "a balance changed by hand is found"
    assert reports.trial_balance(session) == -1


def test_a_statement_runs_from_what_was_there_before(session: Any, time: Any) -> None:
    begin = time.instant
    received(session, "a", 500)
    time.instant += timedelta(days=1)
    books.post(session, "b", "released", "C-1", [Transfer(books.escrow("C-1"), books.payable("X"), 200)])
    books.post(session, "c", "retained", "C-1", [Transfer(books.escrow("C-1"), books.retention("C-1"), 50)])
    time.instant += timedelta(days=1)
    received(session, "d", 30)
    own = [books.escrow("C-1"), books.retention("C-1")]
    day = begin + timedelta(hours=12), begin + timedelta(hours=36)
    total = reports.account_statement(session, own, *day)
    assert (total.opening, total.came_in, total.went_out, total.closing) == (500, 0, 200, 300), (
        "what moves between its own accounts is nothing"
    )
    lines = session.execute(reports.account_statement_lines(own, *day, total.opening)).all()
    assert [(entry.key, amount, running) for entry, amount, running in lines] == [("b", -200, 300)]
    assert reports.account_statement(session, own, begin, begin + timedelta(days=9)).closing == 330


def test_days_are_closed_in_a_chain_that_shows_every_change(session: Any, time: Any) -> None:
    assert close_days(session, clock.today()) == []
    received(session, "a", 500)
    time.instant += timedelta(days=2)
    received(session, "b", 70)
    closed = close_days(session, clock.today() - timedelta(days=1))
    assert [(c.entries, c.turnover, c.balances["escrow"]) for c in closed] == [(1, 500, 500), (0, 0, 500)]
    time.instant += timedelta(days=1)
    closed += close_days(session, clock.today() - timedelta(days=1))
    assert close_days(session, clock.today() - timedelta(days=1)) == [], "a day is closed once"
    assert [c.previous for c in closed[1:]] == [c.digest for c in closed[:-1]]
    assert closed[-1].balances["escrow"] == 570 == books.balance(session, books.escrow("C-1"))
    assert list(ledger_closing.verify(session)) == []
    entry = session.scalars(select(books.Entry).where(books.Entry.key == "a")).one()
    session.execute(
        text(
            "INSERT INTO ledger_lines (entry_id, debit_id, credit_id, amount) SELECT entry_id, "
            "debit_id, credit_id, 1 FROM ledger_lines WHERE amount = 500"
        )
    )
    session.expire(entry)
    assert [fault.day for fault in ledger_closing.verify(session)] == [closed[0].day], (
        "a line slipped into a closed day is found on that day"
    )


@pytest.mark.parametrize("kind", ["received", "reversed", "returned", "fee", "paid_out"])
def test_what_comes_into_a_closed_day_is_booked_on_the_next_open_one(
    session: Any, time: Any, kind: str
) -> None:
    """A payment, its reversal, a return, a fee.

    There is one way into the books, and none into a day that is closed.
    """
    received(session, "before", 500)
    close_days(session, clock.today())
    late = books.post(session, f"late {kind}", kind, "C-1", [Transfer(books.escrow("C-1"), BANK, 100)])
    assert late.at == ledger_days.midnight(clock.today() + timedelta(days=1))
    assert list(ledger_closing.verify(session)) == []
    time.instant += timedelta(days=2)
    on_time = books.post(session, f"on time {kind}", kind, "C-1", [Transfer(books.escrow("C-1"), BANK, 100)])
    assert on_time.at == time.instant
    closed = close_days(session, clock.today() - timedelta(days=1))
    assert [c.entries for c in closed] == [1]
    assert list(ledger_closing.verify(session)) == []


def test_days_closed_by_a_clock_that_was_ahead_take_nothing_any_more(session: Any, time: Any) -> None:
    received(session, "before", 500)
    close_days(session, clock.today() + timedelta(days=29))
    entry = received(session, "after it was put right", 70)
    assert (
        entry.at
        == ledger_days.midnight(clock.today() + timedelta(days=30))
        == ledger_days.midnight(ledger_days.open_day(session))
    )
    assert list(ledger_closing.verify(session)) == []
    assert received(session, "after it was put right", 70) is entry, "sent again it is the same"


@given(days=st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=12))
@examples(25)
def test_however_the_clock_goes_no_closed_day_changes(
    session: Any, time: Any, days: list[tuple[int, bool]]
) -> None:
    start = time.instant
    with session.begin_nested() as attempt:
        for number, (step, closes) in enumerate(days):
            time.instant += timedelta(days=step)
            received(session, f"k{number}")
            if closes:
                close_days(session, clock.today())
        assert list(ledger_closing.verify(session)) == []
        attempt.rollback()
    time.instant = start


def test_the_database_itself_refuses_an_entry_in_a_closed_day(session: Any) -> None:
    entry = received(session)
    close_days(session, clock.today())
    row = {"identifier": "L-x", "key": "x", "kind": "received", "case_identifier": "C-1", "at": entry.at}
    with pytest.raises((DatabaseError, IntegrityError), match="closed"):
        session.execute(books.Entry.__table__.insert(), row)


def test_who_closes_a_day_waits_for_who_is_posting(app: Any, time: Any) -> None:
    """What was booked on a day before it was closed is in its closing, however late it is committed."""
    closed: list[int] = []

    def close() -> None:
        with app.app_context(), transaction() as session:
            closed.extend(closing.entries for closing in close_days(session, clock.today()))

    with transaction() as session:
        received(session, "first")
    closing = threading.Thread(target=close)
    with transaction() as session:
        received(session, "slow")
        closing.start()
        closing.join(0.3)
        assert closing.is_alive()
    closing.join()
    assert closed == [2]
    with transaction() as session:
        assert received(session, "late").at == ledger_days.midnight(clock.today() + timedelta(days=1))
        assert list(ledger_closing.verify(session)) == []


def test_the_last_moment_of_a_day_and_the_first_of_the_next(session: Any, time: Any) -> None:
    """By Beijing's midnight, whatever zone an instant is kept in."""
    received(session, "before")
    close_days(session, clock.today())
    midnight = ledger_days.midnight(clock.today() + timedelta(days=1))
    time.instant = midnight - timedelta(microseconds=1)
    assert received(session, "last").at == midnight
    time.instant = midnight
    assert received(session, "first").at == midnight
    assert list(ledger_closing.verify(session)) == []
