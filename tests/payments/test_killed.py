"""Killed at any step of a payment: one charge and one entry, one refund and one entry."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from harness.factories import World
from market.extensions import db
from market.gateways import StripeGateway
from market.jobs import tick
from market.payments import gateway_sync
from models.ledger import books
from models.ledger.books import clearing
from models.payments.charges import Charge, GatewayEvent
from models.payments.payment import Payment
from models.payments.payouts import Payout
from tests.faults.children import in_a_child
from tests.payments.gateway import Bank, begin, booked, charged, count, due, ended, heard, opened, told


def killed(app: Flask, bank: Bank, act: Callable[[], Any], at: int) -> bool:
    """Carry out an act in a process of its own, which SIGKILL strikes at its step `at`.

    Before or after a commit, before or after a question to the gateway. False where it came to its end first.
    """

    def struck() -> None:
        opened(app, bank.url)  # nor is the client shared
        _strike(at)
        act()

    ended, printed = in_a_child(struck)
    assert ended in (0, -signal.SIGKILL), printed
    return ended != 0


def _strike(at: int) -> None:
    step, commit, ask = [0], Session.commit, StripeGateway._ask

    def perhaps() -> None:
        if step[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        step[0] += 1

    def committing(session: Session) -> None:
        perhaps()
        commit(session)
        perhaps()

    def asking(self: StripeGateway, how: Any, *args: Any, **kwargs: Any) -> Any:
        perhaps()
        answer = ask(self, how, *args, **kwargs)
        perhaps()
        return answer

    Session.commit = committing  # type: ignore[method-assign]
    StripeGateway._ask = asking  # type: ignore[method-assign]


def later(time: Any) -> None:
    for _ in range(2):
        time.instant += timedelta(minutes=5)
        tick()


def test_killed_while_it_begins_a_charge(app: Flask, world: World, bank: Bank, time: Any) -> None:
    reached = at = 0
    while at == reached:  # a contract for each step, until the act comes to its end
        contract, payment = due(world)
        buyer = world.actor("buyer")
        begins = partial(gateway_sync.begin, buyer, payment, "card", "http://market.test/back")
        reached += killed(app, bank, begins, at)
        later(time)
        bank.pay(begin(world, payment).gateway_id or "")
        later(time)
        booked(world, contract)
        at += 1
    assert reached == 6


def test_killed_while_it_hears_that_a_charge_is_paid(app: Flask, world: World, bank: Bank, time: Any) -> None:
    reached = at = 0
    while at == reached:
        contract, payment = due(world)
        intent = begin(world, payment).gateway_id or ""
        bank.pay(intent)
        event = told(bank, intent, f"evt_{at}")
        reached += killed(app, bank, lambda: heard(*event), at)  # noqa: B023
        if not count(GatewayEvent, event_id=f"evt_{at}"):
            heard(*told(bank, intent, f"evt_{at}"))  # the gateway, which had no answer, tells it again
        later(time)
        booked(world, contract)
        assert count(GatewayEvent, handled_at=None) == 0
        at += 1
    assert reached == 10


def test_killed_while_it_sends_a_refund(app: Flask, world: World, bank: Bank, time: Any) -> None:
    reached = at = 0
    while at == reached:
        contract, payment = due(world)
        charge = charged(world, bank, payment)
        ended(world, contract, to_agency=0)
        refund = world.one(Payout, contract, kind="refund")
        identifier, amount = refund.identifier, refund.amount
        reached += killed(app, bank, lambda: gateway_sync.pay_out(identifier), at)  # noqa: B023
        later(time)
        assert world.one(Payout, contract, kind="refund").state == "sent"
        assert bank.refunds(charge.gateway_id or "") == [amount]
        assert books.balance(db.session, clearing("stripe")) == 0
        at += 1
    assert reached == 8
    assert {payment.state for payment in db.session.query(Payment).filter_by(kind="deposit")} == {"cleared"}
    assert count(Charge, state="succeeded") == at
