"""Paying through Stripe: whatever is pressed twice, comes twice, comes late or stops half-way is one charge and one entry."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
import time as real
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from bench.server import ROOT
from market.batches import Away
from market.contracts import actions as contracts
from market.extensions import db
from market.jobs import tick
from market.payments import actions as payments
from market.payments import charging
from market.payments.gateways.stripe import Refused, StripeGateway
from market.payments.jobs import reconcile
from market.transaction import transaction
from models import ledger
from models.agencies import profile_of
from models.ledger import Entry, clearing
from models.payments import Charge, Difference, GatewayEvent, Payment, Payout
from models.text import NotFound, RuleBroken, WrongState
from tests.factories import World
from tests.faults.test_races import race
from tests.payments.conftest import KEY, Bank, gateway_at, serving
from tests.web import sign_in

DEPOSIT = 800_000


def due(world: World) -> tuple[str, str]:
    contract = world.signed()
    return contract, world.one(Payment, contract, kind="deposit").identifier


def begin(world: World, payment: str, method: str = "card") -> Charge:
    key, _standing = charging.begin(world.actor("buyer"), payment, method, "http://market.test/back")
    db.session.rollback()
    return db.session.scalars(select(Charge).where(Charge.key == key)).one()


def count(table: Any, **where: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(table.id)).filter_by(**where)) or 0


def told(bank: Bank, intent: str, event: str = "evt_1", kind: str = "payment_intent.succeeded") -> tuple[bytes, str]:
    """An event as the gateway signs it."""
    thing = bank.api.payment_intents.retrieve(intent).to_dict() if intent.startswith("pi_") and bank else {"id": intent, "object": "payment_intent"}
    payload = json.dumps({"id": event, "object": "event", "type": kind, "data": {"object": thing}}, default=str).encode()
    at = int(real.time())
    signature = hmac.new(b"whsec_test", f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return payload, f"t={at},v1={signature}"


def booked(world: World, contract: str) -> None:
    """One charge, one entry, and the money where it belongs."""
    assert world.one(Payment, contract, kind="deposit").state == "cleared"
    assert count(Entry) == 1
    assert ledger.balance(db.session, ledger.escrow(contract)) == DEPOSIT == -ledger.balance(db.session, clearing("stripe"))
    assert world.one(Payment, contract, kind="deposit").gateway == "stripe"


def test_pressed_twice_told_twice_and_come_back_from_is_one_charge(app: Flask, world: World, bank: Bank) -> None:
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
        assert app.test_client().post("/hooks/stripe", data=event, headers={"Stripe-Signature": signature}).status_code == 200
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

    def heard(environ: Any, start: Any) -> Any:
        answer = list(app.wsgi_app(environ, start))
        arrived.set()
        return answer

    with serving(heard) as url:
        bank.tell(f"{url}/hooks/stripe")
        bank.pay(charge.gateway_id or "")
        assert arrived.wait(20)
    booked(world, contract)


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "t=1"])
def test_an_unsigned_event_is_refused_and_not_kept(app: Flask, world: World, bank: Bank, signature: str) -> None:
    payload, right = told(bank, begin(world, due(world)[1]).gateway_id or "")
    client = app.test_client()
    assert client.post("/hooks/stripe", data=payload, headers={"Stripe-Signature": signature}).status_code == 422
    assert client.post("/hooks/stripe", data=payload + b" ", headers={"Stripe-Signature": right}).status_code == 422
    assert client.post("/hooks/stripe", data=b"{", headers={"Stripe-Signature": right}).status_code == 422
    assert count(GatewayEvent) == 0


def test_what_an_event_says_is_not_believed_but_looked_up(world: World, bank: Bank, app: Flask) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    payload, signature = told(bank, charge.gateway_id or "")  # signed, says succeeded, and nobody has paid
    assert app.test_client().post("/hooks/stripe", data=payload, headers={"Stripe-Signature": signature}).status_code == 200
    assert world.one(Payment, contract, kind="deposit").state == "due"
    assert count(Entry) == 0


def test_an_event_that_comes_before_we_know_its_charge_waits(world: World, bank: Bank, time: Any) -> None:
    contract, payment = due(world)
    key = payments.ask_charge(world.actor("buyer"), payment, gateway="stripe", method="card")
    charge = db.session.scalars(select(Charge).where(Charge.key == key)).one()
    standing = charging.stripe().begin(charge, "")  # the gateway has it; we stop before we keep its name
    db.session.rollback()
    bank.pay(standing.gateway_id)
    charging.take(charging.stripe().read(*told(bank, standing.gateway_id)))
    assert count(GatewayEvent, handled_at=None) == 1
    payments.note_charge(world.actor("system"), key, gateway_id=standing.gateway_id)
    tick()
    booked(world, contract)
    assert count(GatewayEvent, handled_at=None) == 0


def test_the_page_the_webhook_and_the_jobs_at_once_book_it_once(app: Flask, world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    key, intent = charge.key, charge.gateway_id or ""
    bank.pay(intent)
    event = charging.stripe().read(*told(bank, intent))
    ended = race(app, *[lambda: charging.follow(key)] * 3, *[lambda: charging.take(event)] * 3)
    assert ended == {"ok": 6}
    booked(world, contract)


def test_paid_twice_by_two_ways_the_second_goes_back(world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    world.paid(contract, "deposit")
    bank.pay(charge.gateway_id or "")
    charging.follow(charge.key)
    assert db.session.scalars(select(Charge.surplus)).one()
    back = world.one(Payout, contract, kind="refund")
    assert (back.gateway, back.amount, back.payee_id) == ("stripe", DEPOSIT, world.organisation("buyer").id)
    tick()
    assert world.one(Payout, contract, kind="refund").state == "sent"
    assert bank.refunds(charge.gateway_id or "") == [DEPOSIT]
    assert ledger.balance(db.session, clearing("stripe")) == 0
    assert ledger.balance(db.session, ledger.escrow(contract)) == DEPOSIT


def test_a_charge_nobody_paid_is_called_off_once_the_money_is_in(world: World, bank: Bank, time: Any) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    world.paid(contract, "deposit")
    time.instant += timedelta(minutes=2)
    tick()
    assert count(Charge, state="failed") == 1
    assert bank.api.payment_intents.retrieve(charge.gateway_id or "").status == "canceled"


def test_part_of_it_is_refunded_the_way_it_came(world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    bank.pay(charge.gateway_id or "")
    charging.follow(charge.key)
    change = contracts.propose_change(world.actor("buyer"), contract, kind="termination", terms={"to_agency": 300_000}, reason="项目已经停止")
    contracts.agree_change(world.actor("agency"), change)
    tick()
    assert bank.refunds(charge.gateway_id or "") == [DEPOSIT - 300_000]
    assert world.one(Payout, contract, kind="earned").gateway == "bank", "an agency without an account there is paid by bank"
    assert ledger.balance(db.session, clearing("stripe")) == -300_000


def test_a_refund_whose_answer_is_lost_is_done_once(world: World, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    bank.pay(charge.gateway_id or "")
    charging.follow(charge.key)
    contracts.agree_change(
        world.actor("agency"), contracts.propose_change(world.actor("buyer"), contract, kind="termination", terms={"to_agency": 0}, reason="项目已经停止")
    )
    send = StripeGateway.send

    def lost(self: StripeGateway, payout: Payout, account: str) -> str:
        send(self, payout, account)
        raise Away("no answer")

    monkeypatch.setattr(StripeGateway, "send", lost)
    tick()
    assert world.one(Payout, contract, kind="refund").state == "sending", "nobody knows, and nobody guesses"
    monkeypatch.setattr(StripeGateway, "send", send)
    tick()
    tick()
    assert world.one(Payout, contract, kind="refund").state == "sent"
    assert bank.refunds(charge.gateway_id or "") == [DEPOSIT]


def test_a_gateway_that_is_away_is_asked_again_under_the_same_key(app: Flask, world: World, bank: Bank, time: Any) -> None:
    contract, payment = due(world)
    there, app.extensions["stripe"] = app.extensions["stripe"], gateway_at(app, "http://127.0.0.1:9")
    with pytest.raises(Away):
        begin(world, payment)
    answer = sign_in(app, world, "buyer").submit(f"/payments/{payment}/online", method="card")
    assert (answer.status, "不会重复扣款" in answer.text) == (503, True)
    app.extensions["stripe"] = there
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
    charging.follow(charge.key)
    assert world.one(Payment, contract, kind="deposit").state == "due"
    assert count(Entry) == 0


def test_every_difference_is_found_and_nothing_is_put_right(world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = begin(world, payment)
    bank.pay(charge.gateway_id or "")
    charging.follow(charge.key)
    reconcile()
    assert count(Difference) == 0
    stray = bank.api.payment_intents.create(params={"amount": 100, "currency": "cny", "payment_method_types": ["card"]}).id
    bank.pay(stray)
    bank.api.refunds.create(params={"payment_intent": charge.gateway_id or "", "amount": 5})
    reconcile()
    db.session.rollback()
    found = {(d.kind, d.theirs, d.ours) for d in db.session.scalars(select(Difference))}
    assert found == {("theirs_only", 100, 0), ("theirs_only", -5, 0)}
    booked(world, contract)
    requests.delete(f"{bank.url}/_config/data", timeout=5)
    reconcile()
    db.session.rollback()
    standing = [(d.kind, d.ours) for d in db.session.scalars(select(Difference).where(Difference.gone_at.is_(None)))]
    assert standing == [("ours_only", DEPOSIT)]


def test_without_a_gateway_there_is_no_such_page(app: Flask, world: World) -> None:
    _contract, payment = due(world)
    assert sign_in(app, world, "buyer").get(f"/payments/{payment}/online").status == 404
    with pytest.raises(NotFound):
        charging.stripe()


# --- what localstripe has not: Connect, and methods that lead elsewhere. Answers after the shapes of the public API reference.


class Recorded:
    """A gateway that answers with recorded shapes and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.transfers: list[dict[str, Any]] = []

    def __call__(self, environ: Any, start: Any) -> list[bytes]:
        from urllib.parse import parse_qsl

        size = int(environ.get("CONTENT_LENGTH") or 0)
        form = dict(parse_qsl(environ["wsgi.input"].read(size).decode() if size else environ.get("QUERY_STRING", "")))
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append((method, path, form, environ.get("HTTP_IDEMPOTENCY_KEY", "")))
        answer = self.answer(method, path, form)
        start("200 OK" if "error" not in answer else "400 Bad Request", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def answer(self, method: str, path: str, form: dict[str, str]) -> dict[str, Any]:
        if path == "/v1/transfers" and method == "POST":
            if form["destination"] == "acct_closed000":
                return {"error": {"type": "invalid_request_error", "code": "account_invalid", "message": "No such destination"}}
            made = {
                "id": "tr_1MiN3gLkdIwHu7ixNCZvFdgA", "object": "transfer", "amount": int(form["amount"]), "amount_reversed": 0, "currency": form["currency"],
                "destination": form["destination"], "livemode": False, "reversed": False, "transfer_group": form["transfer_group"], "created": 1_795_000_000,
                "metadata": {"payout": form["metadata[payout]"]},
            }  # fmt: skip
            self.transfers.append(made)
            return made
        if path == "/v1/transfers":
            listed = [t for t in self.transfers if t["transfer_group"] == form.get("transfer_group", t["transfer_group"])]
            return {"object": "list", "url": "/v1/transfers", "has_more": False, "data": listed}
        paid = {"object": "charge", "id": "ch_3M", "balance_transaction": {"object": "balance_transaction", "id": "txn_1M", "fee": 2_400}} if method == "GET" else None
        intent = {
            "latest_charge": paid, "id": "pi_3MtwBwLkdIwHu7ix28a3tqPa", "object": "payment_intent", "amount": DEPOSIT, "currency": "cny", "status": "succeeded" if paid else "requires_action",
            "client_secret": "pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_x", "livemode": False,
            "next_action": {"type": "alipay_handle_redirect", "alipay_handle_redirect": {"url": "https://hooks.stripe.com/redirect/authenticate/src_1", "return_url": "x"}},
        }  # fmt: skip
        return intent


def test_alipay_leads_to_its_own_page_without_a_script(app: Flask, world: World) -> None:
    contract, payment = due(world)
    recorded = Recorded()
    with serving(recorded) as url:
        app.extensions["stripe"] = gateway_at(app, url)
        page = sign_in(app, world, "buyer").submit(f"/payments/{payment}/online", method="alipay")
    link = page.soup.select_one("a[href^='https://hooks.stripe.com/']")
    assert link is not None
    assert "js.stripe.com" not in page.response.headers["Content-Security-Policy"]
    _method, path, form, key = next(each for each in recorded.asked if each[0] == "POST")
    assert (path, key) == ("/v1/payment_intents", f"{payment}:1")
    assert (form["amount"], form["currency"], form["payment_method_data[type]"], form["confirm"]) == (str(DEPOSIT), "cny", "alipay", "true")
    assert form["return_url"].endswith(f"/payments/{payment}/back")
    assert world.one(Payment, contract, kind="deposit").state == "due"
    with serving(recorded) as url:
        app.extensions["stripe"] = gateway_at(app, url)
        charging.follow(f"{payment}:1")
    assert world.one(Payment, contract, kind="deposit").state == "cleared"
    assert ledger.balance(db.session, ledger.escrow(contract)) == DEPOSIT, "the fee is the platform's, not the parties'"
    assert (ledger.balance(db.session, clearing("stripe")), ledger.balance(db.session, ledger.PLATFORM)) == (2_400 - DEPOSIT, -2_400)


@pytest.mark.parametrize(("account", "state", "gateway"), [("acct_1032D82eZvKYlo2C", "sent", "stripe"), ("acct_closed000", "due", "bank")])
def test_an_agency_with_an_account_is_paid_by_a_transfer(app: Flask, world: World, bank: Bank, account: str, state: str, gateway: str) -> None:
    contract, payment = due(world)
    with transaction() as session:
        profile_of(session, world.organisation("agency")).stripe_account = account
    charge = begin(world, payment)
    bank.pay(charge.gateway_id or "")
    charging.follow(charge.key)
    contracts.agree_change(
        world.actor("agency"), contracts.propose_change(world.actor("buyer"), contract, kind="termination", terms={"to_agency": DEPOSIT}, reason="项目已经停止")
    )
    recorded = Recorded()
    with serving(recorded) as url:
        app.extensions["stripe"] = gateway_at(app, url)
        tick()
        tick()
    payout = world.one(Payout, contract, kind="earned")
    assert (payout.state, payout.gateway) == (state, gateway)
    asked = [each for each in recorded.asked if each[:2] == ("POST", "/v1/transfers")]
    assert len(asked) == 1
    assert (asked[0][2]["amount"], asked[0][2]["destination"], asked[0][3]) == (str(DEPOSIT), account, f"{payout.identifier}:1")
    assert ledger.balance(db.session, clearing("stripe")) == (0 if state == "sent" else -DEPOSIT)


def test_money_that_would_stay_too_long_is_not_taken_online(world: World, bank: Bank) -> None:
    _contract, payment = due(world)
    found = Payment.load(db.session, payment)
    assert [name for name, _label in charging.stripe().offers(found)] == ["card", "alipay"]
    found.contract.days = 90
    assert charging.stripe().offers(found) == []
    db.session.rollback()
    world.paid(_contract, "deposit")
    with pytest.raises(WrongState):
        payments.ask_charge(world.actor("buyer"), payment, gateway="stripe", method="card")


# A process struck by SIGKILL at a step of a payment: it begins the charge, or follows it up after the buyer has paid.
KILLED = """
import os, signal, sys
from wsgi import app
from sqlalchemy.orm import Session
from market.payments import charging
from market.payments.gateways.stripe import StripeGateway
from models.actors import Actor
from models.accounts import User, actor_for
from market.extensions import db
what, at, argument = sys.argv[1], int(sys.argv[2]), sys.argv[3]
step = 0
def perhaps():
    global step
    if step == at:
        os.kill(os.getpid(), signal.SIGKILL)
    step += 1
commit = Session.commit
def committing(session):
    perhaps()
    commit(session)
    perhaps()
Session.commit = committing
ask = StripeGateway._ask
def asking(self, how, *a, **k):
    perhaps()
    answer = ask(self, how, *a, **k)
    perhaps()
    return answer
StripeGateway._ask = asking
with app.test_request_context():
    if what == "begin":
        buyer = actor_for(db.session.query(User).filter_by(email="buyer@example.cn").one())
        charging.begin(buyer, argument, "card", "http://market.test/back")
    else:
        charging.take(charging.Told("evt_9", "payment_intent.succeeded", argument, {}))
"""
STEPS = [*(("begin", at) for at in range(6)), *(("take", at) for at in range(10))]


@pytest.mark.parametrize(("what", "at"), STEPS)
def test_killed_at_any_step_it_is_one_charge_and_one_entry(
    app: Flask, world: World, bank: Bank, database: str, tmp_path: Path, time: Any, what: str, at: int
) -> None:
    contract, payment = due(world)
    argument = payment
    if what == "take":
        argument = begin(world, payment).gateway_id or ""
        bank.pay(argument)
    db.session.rollback()
    (tmp_path / "clock").write_text(time.instant.isoformat())
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")},
        "GONGXIN_HOME": str(tmp_path), "DATABASE_URL": database, "SEALING_SECRET": "test", "KEEPER_SECRET": "keeper's own", "JOBS": "manual", "DEMO": "0",
        "CLOCK_FILE": str(tmp_path / "clock"), "PYTHONPATH": str(ROOT), "STRIPE_KEY": KEY, "STRIPE_API": bank.url, "STRIPE_WEBHOOK_SECRET": "whsec_test",
    }  # fmt: skip
    struck = subprocess.run([sys.executable, "-c", KILLED, what, str(at), argument], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert struck.returncode == -signal.SIGKILL, struck.stderr.decode()
    time.instant += timedelta(minutes=2)
    tick()
    begin_again = begin(world, payment) if world.one(Payment, contract, kind="deposit").state == "due" else None
    if begin_again is not None and what == "begin":
        bank.pay(begin_again.gateway_id or "")
    if what == "take" and not count(GatewayEvent):
        charging.take(charging.stripe().read(*told(bank, argument)))  # the gateway, which heard nothing, tells it again
    for _ in range(2):
        time.instant += timedelta(minutes=5)
        tick()
    booked(world, contract)
    assert count(Charge, state="succeeded") == 1 == count(Charge)
    assert count(GatewayEvent, handled_at=None) == 0


def test_refused_is_said_in_words(world: World, bank: Bank) -> None:
    _contract, payment = due(world)
    charge = begin(world, payment)
    with pytest.raises(Refused):
        charging.stripe().look("pi_nothing")
    with pytest.raises(RuleBroken, match="没有受理"):
        charging.stripe().send(Payout(identifier="Z-1", tries=1, amount=1, charge=charge), "")
