"""A gateway to pay through: localstripe, a process of its own, spoken to by the real client.

What buyers do there, and what it tells us.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time as real
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import stripe
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import Headers
from werkzeug.serving import make_server

from harness.factories import World
from harness.server import free_port
from market import gateways
from market.contracts.actions import changing
from market.extensions import db
from market.gateways import StripeGateway
from market.payments import gateway_sync
from market.transaction import transaction
from models.agencies.entry import profile_of
from models.ledger import books
from models.ledger.books import Entry, clearing
from models.payments.charges import Charge
from models.payments.payment import Payment

KEY = "sk_test_12345"
DEPOSIT = 800_000


@contextmanager
def localstripe_at(folder: Path) -> Iterator[str]:
    """A gateway of its own, its data in a folder; its address."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "localstripe", "--port", str(port), "--from-scratch"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    assert "Running on" in server.stdout.readline()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.communicate()


class Bank:
    """What happens at the gateway and not with us: a buyer pays there, somebody looks into it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.api = stripe.StripeClient(
            KEY, base_addresses={"api": url}, http_client=stripe.RequestsClient()
        ).v1

    def pay(self, intent: str, number: str = "4242424242424242") -> None:
        """A buyer types a card number into the gateway's own form."""
        card: Any = {
            "type": "card",
            "card": {"number": number, "exp_month": 12, "exp_year": 2035, "cvc": "123"},
        }
        self.api.payment_intents.update(
            intent, params={"payment_method": self.api.payment_methods.create(params=card).id}
        )
        self.api.payment_intents.confirm(intent)

    def refunds(self, intent: str) -> list[int]:
        return [
            refund.amount
            for refund in self.api.refunds.list(params={"payment_intent": intent}).auto_paging_iter()
        ]

    def tell(self, url: str) -> None:
        requests.post(
            f"{self.url}/_config/webhooks/market", json={"url": url, "secret": "whsec_test"}, timeout=5
        ).raise_for_status()


def gateway_at(app: Flask, url: str) -> StripeGateway:
    return StripeGateway({**app.config, "STRIPE_KEY": KEY, "STRIPE_API": url})


@contextmanager
def serving(application: Any) -> Iterator[str]:
    port = free_port()
    server = make_server("127.0.0.1", port, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def opened(app: Flask, url: str) -> StripeGateway:
    """The market uses the gateway at this address from now on."""
    app.extensions["gateways"]["stripe"] = gateway = gateway_at(app, url)
    return gateway


def due(world: World) -> tuple[str, str]:
    contract = world.signed()
    return contract, world.one(Payment, contract, kind="deposit").identifier


def begin(world: World, payment: str, method: str = "card") -> Charge:
    key, _standing = gateway_sync.begin(world.actor("buyer"), payment, method, "http://market.test/back")
    db.session.rollback()
    return db.session.scalars(select(Charge).where(Charge.key == key)).one()


def charged(world: World, bank: Bank, payment: str) -> Charge:
    """A charge begun, paid by the buyer at the gateway, and seen."""
    charge = begin(world, payment)
    bank.pay(charge.gateway_id or "")
    gateway_sync.follow(charge.key)
    return charge


def ended(world: World, contract: str, to_agency: int) -> None:
    """Both sides end the contract; what is kept goes to the agency in part, and the rest back."""
    change = changing.propose(
        world.actor("buyer"),
        contract,
        kind="termination",
        terms={"to_agency": to_agency},
        reason="项目已经停止",
    )
    changing.agree(world.actor("agency"), change)


def account_at_stripe(world: World, account: str) -> None:
    """The agency can be paid by a transfer."""
    with transaction() as session:
        profile_of(session, world.organisation("agency")).stripe_account = account


def count(table: Any, **where: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(table.id)).filter_by(**where)) or 0


def told(
    bank: Bank, intent: str, event: str = "evt_1", kind: str = "payment_intent.succeeded"
) -> tuple[bytes, dict[str, str]]:
    """An event about a payment intent as the gateway signs it."""
    return signed(event, kind, bank.api.payment_intents.retrieve(intent).to_dict())


def signed(event: str, kind: str, thing: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """An event, and the headers it comes with."""
    payload = json.dumps(
        {"id": event, "object": "event", "type": kind, "data": {"object": thing}}, default=str
    ).encode()
    at = int(real.time())
    signature = hmac.new(b"whsec_test", f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return payload, {"Stripe-Signature": f"t={at},v1={signature}"}


def heard(payload: bytes, headers: dict[str, str]) -> None:
    """The market is told."""
    gateway_sync.take("stripe", gateways.get_online_gateway("stripe").read(payload, Headers(headers)))


def booked(world: World, contract: str) -> None:
    """One charge, one entry, and the money where it belongs."""
    assert world.one(Payment, contract, kind="deposit").state == "cleared"
    assert (
        count(Entry, case_identifier=contract)
        == count(Entry, case_identifier=contract, kind="deposit_received")
        == 1
    )
    assert books.balance(db.session, books.escrow(contract)) == DEPOSIT
    assert books.balance(db.session, clearing("stripe")) == -DEPOSIT * count(Charge, state="succeeded")
    assert world.one(Payment, contract, kind="deposit").gateway == "stripe"
