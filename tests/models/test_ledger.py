"""The ledger: whatever comes in whatever order, entries sum to zero and no escrow goes below it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from models import ledger
from models.text import RuleBroken

CONTRACTS = ("C-1", "C-2")
amounts = st.integers(min_value=-5_000_00, max_value=50_000_00)
acts = st.lists(
    st.tuples(st.sampled_from(["receive", "release", "pay_out", "refund"]), st.sampled_from(CONTRACTS), amounts), max_size=25
)


def _lines(act: str, contract: str, amount: int) -> dict[str, int]:
    escrow, payable = ledger.escrow(contract), ledger.payable("X")
    return {
        "receive": {ledger.BANK: -amount, escrow: amount},
        "release": {escrow: -amount, payable: amount},
        "pay_out": {payable: -amount, ledger.BANK: amount},
        "refund": {escrow: -amount, ledger.BANK: amount},
    }[act]


@given(acts=acts)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_sums_to_zero_and_escrow_never_goes_negative(session: Any, acts: list[tuple[str, str, int]]) -> None:
    with session.begin_nested() as attempt:
        held = dict.fromkeys([ledger.escrow(c) for c in CONTRACTS] + [ledger.payable("X")], 0)
        for number, (act, contract, amount) in enumerate(acts):
            lines = _lines(act, contract, amount)
            moved = {code: value for code, value in lines.items() if code in held}
            allowed = amount != 0 and all(held[code] + value >= 0 for code, value in moved.items())
            if allowed:
                ledger.post(session, f"k{number}", act, contract, lines)
                for code, value in moved.items():
                    held[code] += value
            else:
                with pytest.raises(RuleBroken):
                    ledger.post(session, f"k{number}", act, contract, lines)
            assert ledger.trial_balance(session) == 0
            assert {code: ledger.balance(session, code) for code in held} == held
        sums = select(ledger.Line.account_id, func.sum(ledger.Line.amount)).group_by(ledger.Line.account_id)
        balances = {a.id: a.balance for a in session.scalars(select(ledger.Account))}
        assert all(balances[account] == total for account, total in session.execute(sums))
        attempt.rollback()


def test_the_same_key_posts_once_and_a_different_content_is_refused(session: Any) -> None:
    first = ledger.post(session, "key", "received", "C-1", {ledger.BANK: -100, ledger.escrow("C-1"): 100})
    assert ledger.post(session, "key", "received", "C-1", {ledger.BANK: -100, ledger.escrow("C-1"): 100}) is first
    with pytest.raises(RuleBroken):
        ledger.post(session, "key", "received", "C-1", {ledger.BANK: -200, ledger.escrow("C-1"): 200})
    assert ledger.balance(session, ledger.escrow("C-1")) == 100


@pytest.mark.parametrize("lines", [{}, {"bank": 0}, {"bank": 100}, {"bank": -100, "escrow:C-1": 99}])
def test_what_does_not_balance_is_refused(session: Any, lines: dict[str, int]) -> None:
    with pytest.raises(RuleBroken):
        ledger.post(session, "key", "odd", "C-1", lines)
    assert session.scalar(select(func.count(ledger.Entry.id))) == 0


def test_entries_are_never_changed_and_the_database_holds_the_floor(session: Any) -> None:
    entry = ledger.post(session, "key", "received", "C-1", {ledger.BANK: -100, ledger.escrow("C-1"): 100})
    entry.kind = "other"
    with pytest.raises(RuntimeError):
        session.flush()
    session.rollback()
    session.connection(execution_options={"writing": True})
    ledger.post(session, "key", "received", "C-1", {ledger.BANK: -100, ledger.escrow("C-1"): 100})
    with pytest.raises(IntegrityError):
        session.execute(ledger.Account.__table__.update().where(ledger.Account.kind == "escrow").values(balance=-1))
