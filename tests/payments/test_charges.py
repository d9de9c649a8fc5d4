"""Taking money through a gateway.

Whatever is pressed twice, comes twice, comes late or stops half-way is one charge and one entry.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market import gateways
from market.batches import Unavailable
from market.extensions import db
from market.gateways import Refused
from market.jobs import tick
from market.payments import gateway_sync
from market.payments.actions import charges
from models.errors import NotFound, RuleViolation, WrongState
from models.ledger.books import Entry
from models.payments.charges import Charge, GatewayEvent
from models.payments.payment import Payment
from models.payments.payouts import Payout
from tests.faults.test_races import race
from tests.payments.gateway import Bank, begin, booked, count, due, heard, opened, serving, told
from tests.web import sign_in


def test_pressed_twice_told_twice_and_come_back_from_is_one_charge(
    app: Flask, world: World, bank: Bank
) -> None:
    contract, payment = due(world)
    buyer = sign_in(app, world, "buyer")
    assert "银行卡" in buyer.get(f"/payments/{payment}/online").text
    for _ in range(2):
        page = buyer.submit(f"/payments/{payment}/online", method="card")
        assert page.status == 200
        assert "js.stripe.com" in page.response.headers["Content-Security-Policy"]
    assert count(Charge) == 1
    intent = db.session.scalars(select(Charge.gateway_id)).one()
    assert intent is not None
    assert intent in page.text
    assert buyer.get(f"/payments/{payment}/back").location == f"/payments/{payment}"
    assert world.one(Payment, contract, kind="deposit").state == "due", "nobody has paid yet"
    bank.pay(intent)
    payload, signature = told(bank, intent)
    for event in (payload, payload):
        assert app.test_client().post("/hooks/stripe", data=event, headers=signature).status_code == 200
    buyer.get(f"/payments/{payment}/back")
    booked(world, contract)
    assert (count(GatewayEvent), count(GatewayEvent, handled_at=None)) == (1, 0)
    assert "已付款" in buyer.get(f"/payments/{payment}").text
    assert sign_in(app, world, "agency").get(f"/payments/{payment}").status == 200
    assert sign_in(app, world, "second").get(f"/payments/{payment}/online").status == 404


def test_the_gateways_own_webhook_arrives_over_http(app: Flask, world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    arrived = threading.Event()

    def listening(environ: Any, start: Any) -> Any:
        answer = list(app.wsgi_app(environ, start))
        with app.app_context():
            if count(GatewayEvent, about=charge_id):  # what it still had to tell of earlier tests comes too
                arrived.set()
        return answer

    charge_id = charge.gateway_id or ""
    with serving(listening) as url:
        bank.tell(f"{url}/hooks/stripe")
        bank.pay(charge_id)
        assert arrived.wait(20)
    booked(world, contract)


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "t=1"])
def test_an_unsigned_event_is_refused_and_not_kept(
    app: Flask, world: World, bank: Bank, signature: str
) -> None:
    payload, right = told(bank, begin(world, due(world)[1]).gateway_id or "")
    client = app.test_client()
    assert (
        client.post("/hooks/stripe", data=payload, headers={"Stripe-Signature": signature}).status_code == 422
    )
    assert client.post("/hooks/stripe", data=payload + b" ", headers=right).status_code == 422
    assert client.post("/hooks/stripe", data=b"{", headers=right).status_code == 422
    for name in ("nobody", "bank"):
        assert client.post(f"/hooks/{name}", data=payload, headers=right).status_code == 404
    assert count(GatewayEvent) == 0


def test_what_an_event_says_is_not_believed_but_looked_up(world: World, bank: Bank, app: Flask) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    payload, signature = told(bank, charge.gateway_id or "")  # signed, says succeeded, and nobody has paid
    assert app.test_client().post("/hooks/stripe", data=payload, headers=signature).status_code == 200
    assert world.one(Payment, contract, kind="deposit").state == "due"
    assert count(Entry) == 0


def test_an_event_that_comes_before_we_know_its_charge_waits(world: World, bank: Bank, time: Any) -> None:
    contract, payment = due(world)
    key = charges.ask(world.actor("buyer"), payment, gateway="stripe", method="card")
    charge = db.session.scalars(select(Charge).where(Charge.key == key)).one()
    standing = gateways.get_online_gateway("stripe").begin(
        charge, ""
    )  # the gateway has it; we stop before we keep its name
    db.session.rollback()
    bank.pay(standing.gateway_id)
    heard(*told(bank, standing.gateway_id))
    assert count(GatewayEvent, handled_at=None) == 1
    charges.note(world.actor("system"), key, gateway_id=standing.gateway_id)
    tick()
    booked(world, contract)
    assert count(GatewayEvent, handled_at=None) == 0


def test_the_page_the_webhook_and_the_jobs_at_once_book_it_once(app: Flask, world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    key, intent = charge.key, charge.gateway_id or ""
    bank.pay(intent)
    event = told(bank, intent)
    ended = race(app, *[lambda: gateway_sync.follow(key)] * 3, *[lambda: heard(*event)] * 3)
    assert ended == {"ok": 6}
    booked(world, contract)


def test_a_charge_nobody_paid_is_called_off_once_the_money_is_in(world: World, bank: Bank, time: Any) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    world.paid(contract, "deposit")
    time.instant += timedelta(minutes=2)
    tick()
    assert count(Charge, state="failed") == 1
    assert bank.api.payment_intents.retrieve(charge.gateway_id or "").status == "canceled"


def test_a_charge_asked_for_by_a_clock_that_was_ahead_is_taken_up(
    app: Flask, world: World, bank: Bank, time: Any
) -> None:
    _contract, payment = due(world)
    opened(app, "http://127.0.0.1:9")
    begun = time.instant
    time.instant += timedelta(days=400)
    with pytest.raises(Unavailable):
        begin(world, payment)
    time.instant = begun
    opened(app, bank.url)
    tick()
    charge = db.session.scalars(select(Charge)).one()
    assert charge.state == "waiting"
    time.instant += timedelta(minutes=1)
    assert charge.to_be_looked_at


def test_a_gateway_that_is_away_is_asked_again_under_the_same_key(
    app: Flask, world: World, bank: Bank, time: Any
) -> None:
    contract, payment = due(world)
    opened(app, "http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        begin(world, payment)
    answer = sign_in(app, world, "buyer").submit(f"/payments/{payment}/online", method="card")
    assert (answer.status, "不会重复扣款" in answer.text) == (503, True)
    opened(app, bank.url)
    time.instant += timedelta(minutes=2)
    tick()
    db.session.rollback()
    charge = db.session.scalars(select(Charge)).one()
    assert charge.state == "waiting"
    bank.pay(charge.gateway_id or "")
    time.instant += timedelta(minutes=2)
    tick()  # no webhook came
    booked(world, contract)


def test_a_declined_card_takes_nothing(world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    with pytest.raises(Exception, match="declined"):
        bank.pay(charge.gateway_id or "", "4000000000000341")
    gateway_sync.follow(charge.key)
    assert world.one(Payment, contract, kind="deposit").state == "due"
    assert count(Entry) == 0


def test_without_a_gateway_there_is_no_such_page(app: Flask, world: World) -> None:
    _contract, payment = due(world)
    buyer = sign_in(app, world, "buyer")
    assert buyer.get(f"/payments/{payment}/online").status == 404
    assert "在线支付" not in buyer.get(f"/payments/{payment}").text
    for name in ("stripe", "bank", "nobody"):
        with pytest.raises(NotFound):
            gateways.get_online_gateway(name)


def test_money_that_would_stay_too_long_is_not_taken_online(world: World, bank: Bank) -> None:
    _contract, payment = due(world)
    found = Payment.load(db.session, payment)
    assert [name for name, _label in gateways.get_online_gateway("stripe").offers(found)] == [
        "card",
        "alipay",
    ]
    found.contract.days = 90
    assert gateways.get_online_gateway("stripe").offers(found) == []
    db.session.rollback()
    world.paid(_contract, "deposit")
    with pytest.raises(WrongState):
        charges.ask(world.actor("buyer"), payment, gateway="stripe", method="card")


def test_refused_is_said_in_words(world: World, bank: Bank) -> None:
    _contract, payment = due(world)
    charge = begin(world, payment)
    with pytest.raises(Refused):
        gateways.get_online_gateway("stripe").look("pi_nothing")
    with pytest.raises(RuleViolation, match="没有受理"):
        gateways.get_online_gateway("stripe").send(Payout(identifier="Z-1", tries=1, amount=1, charge=charge))
