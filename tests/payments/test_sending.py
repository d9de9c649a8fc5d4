"""Paying out through a gateway.

Once, the way the money came where that is possible, and by bank where it is not.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.batches import Unavailable
from market.extensions import db
from market.gateways import StripeGateway
from market.jobs import run_deadlines, tick
from market.payments import gateway_sync
from market.payments.actions import payouts
from models import workdays
from models.errors import RuleViolation
from models.ledger import books
from models.ledger.books import clearing
from models.payments.charges import Charge
from models.payments.payouts import Payout
from tests.payments.gateway import (
    DEPOSIT,
    Bank,
    account_at_stripe,
    begin,
    charged,
    due,
    ended,
    heard,
    opened,
    serving,
    signed,
)
from tests.payments.recorded import CLOSED, INTENT, REFUND, TRANSFER, Recorded
from tests.web import sign_in


def test_paid_twice_by_two_ways_the_second_goes_back(world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    world.paid(contract, "deposit")
    bank.pay(charge.gateway_id or "")
    gateway_sync.follow(charge.key)
    assert db.session.scalars(select(Charge.surplus)).one()
    back = world.one(Payout, contract, kind="refund")
    assert (back.gateway, back.amount, back.payee_id) == ("stripe", DEPOSIT, world.organisation("buyer").id)
    tick()
    assert world.one(Payout, contract, kind="refund").state == "sent"
    assert bank.refunds(charge.gateway_id or "") == [DEPOSIT]
    assert books.balance(db.session, clearing("stripe")) == 0
    assert books.balance(db.session, books.escrow(contract)) == DEPOSIT


def test_part_of_it_is_refunded_the_way_it_came(world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = charged(world, bank, payment)
    ended(world, contract, to_agency=300_000)
    tick()
    assert bank.refunds(charge.gateway_id or "") == [DEPOSIT - 300_000]
    assert world.one(Payout, contract, kind="earned").gateway == "bank", (
        "an agency without an account there is paid by bank"
    )
    assert books.balance(db.session, clearing("stripe")) == -300_000


def test_a_refund_whose_answer_is_lost_is_done_once(
    world: World, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, payment = due(world)
    charge = charged(world, bank, payment)
    ended(world, contract, to_agency=0)
    send = StripeGateway.send

    def lost(self: StripeGateway, payout: Payout) -> str:
        send(self, payout)
        raise Unavailable("no answer")

    monkeypatch.setattr(StripeGateway, "send", lost)
    tick()
    assert world.one(Payout, contract, kind="refund").state == "sending", "nobody knows, and nobody guesses"
    monkeypatch.setattr(StripeGateway, "send", send)
    tick()
    tick()
    assert world.one(Payout, contract, kind="refund").state == "sent"
    assert bank.refunds(charge.gateway_id or "") == [DEPOSIT]


def through(app: Flask, world: World, url: str, recorded: Recorded, to_agency: int) -> str:
    """A deposit paid by Alipay, and the contract ended by both; what is owed has not left yet."""
    opened(app, url)
    contract, payment = due(world)
    begin(world, payment, "alipay")
    recorded.paid = True
    gateway_sync.follow(f"{payment}:1")
    ended(world, contract, to_agency)
    return contract


@pytest.mark.parametrize(
    ("account", "state", "gateway"), [("acct_1032D82eZvKYlo2C", "sent", "stripe"), (CLOSED, "due", "bank")]
)
def test_an_agency_with_an_account_is_paid_by_a_transfer(
    app: Flask, world: World, account: str, state: str, gateway: str
) -> None:
    account_at_stripe(world, account)
    recorded = Recorded()
    with serving(recorded) as url:
        contract = through(app, world, url, recorded, DEPOSIT)
        tick()
        tick()
    payout = world.one(Payout, contract, kind="earned")
    assert (payout.state, payout.gateway) == (state, gateway)
    ((asked, key),) = recorded.posted("transfers")
    assert (asked["amount"], asked["destination"], key) == (str(DEPOSIT), account, f"{payout.identifier}:1")
    assert books.balance(db.session, clearing("stripe")) == 2_400 - (0 if state == "sent" else DEPOSIT)
    page = sign_in(app, world, "custodian").get(f"/payouts/{payout.identifier}")
    assert ("acct_1032D82eZvKYlo2C" if state == "sent" else "6228000012345678") in page.text


@pytest.mark.parametrize("silent", ["GET", "POST"])
def test_while_nobody_knows_whether_it_left_it_leaves_by_no_other_way(
    app: Flask, world: World, silent: str
) -> None:
    """The gateway does not say whether it has the transfer, or does not say whether it has made it."""
    account_at_stripe(world, "acct_1032D82eZvKYlo2C")
    recorded = Recorded()
    with serving(recorded) as url:
        contract = through(app, world, url, recorded, DEPOSIT)
        recorded.silent = {(silent, "transfers")}
        for _ in range(3 if silent == "GET" else 1):  # what it has made it would show the second time
            tick()
            payout = world.one(Payout, contract, kind="earned")
            assert (payout.state, payout.gateway, payout.tries) == ("sending", "stripe", 1)
            assert books.balance(db.session, books.payable(world.organisation("agency").uscc)) == DEPOSIT, (
                "still owed"
            )
        with pytest.raises(RuleViolation, match="自动拨付"):  # nor by a person's hands
            payouts.send(world.actor("custodian"), payout.identifier, bank_reference="20260302-7")
        recorded.silent = set()
        tick()
        tick()
    payout = world.one(Payout, contract, kind="earned")
    assert (payout.state, payout.gateway, payout.gateway_id) == ("sent", "stripe", TRANSFER)
    assert len(recorded.made["transfers"]) == 1
    assert books.balance(db.session, books.payable(world.organisation("agency").uscc)) == 0


@pytest.mark.parametrize("late", [False, True])
def test_a_refund_that_fails_after_all_is_owed_again_and_goes_by_bank(
    app: Flask, world: World, time: Any, late: bool
) -> None:
    recorded = Recorded()
    with serving(recorded) as url:
        contract = through(app, world, url, recorded, 0)
        tick()
        assert world.one(Payout, contract, kind="refund").state == "sent"
        if late:  # weeks after it was taken to have arrived
            time.instant = workdays.add(time.instant, 20)
            run_deadlines()
            assert world.one(Payout, contract, kind="refund").state == "arrived"
        recorded.made["refunds"][0]["status"] = "failed"
        for event in ("evt_7", "evt_7", "evt_8"):
            heard(
                *signed(event, "refund.failed", {"id": REFUND, "object": "refund", "payment_intent": INTENT})
            )
        tick()
    payout = world.one(Payout, contract, kind="refund")
    assert (payout.state, payout.gateway, payout.gateway_id) == ("due", "bank", None)
    assert books.balance(db.session, books.payable(world.organisation("buyer").uscc)) == DEPOSIT
    assert books.balance(db.session, clearing("stripe")) == 2_400 - DEPOSIT, (
        "the money is with the gateway again"
    )
    assert "原路退回未成功" in sign_in(app, world, "custodian").get(f"/payouts/{payout.identifier}").text
    assert db.session.scalars(select(Charge.state)).one() == "succeeded"


@pytest.mark.parametrize("who", ["agency", "custodian"])
def test_nobodys_word_makes_the_gateway_pay_twice(app: Flask, world: World, who: str) -> None:
    account_at_stripe(world, "acct_1032D82eZvKYlo2C")
    recorded = Recorded()
    with serving(recorded) as url:
        contract = through(app, world, url, recorded, DEPOSIT)
        tick()
        with pytest.raises(RuleViolation, match="以渠道的记录为准"):
            payouts.bounce(
                world.actor(who),
                world.one(Payout, contract, kind="earned").identifier,
                reason="账上一直没有收到",
            )
        tick()
    assert len(recorded.made["transfers"]) == 1
    assert books.balance(db.session, books.payable(world.organisation("agency").uscc)) == 0
