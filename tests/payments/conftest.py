"""A gateway to pay through: localstripe, a process of its own, spoken to by the real client."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import stripe
from flask import Flask
from werkzeug.serving import make_server

from bench.server import free_port
from market.payments.gateways.stripe import StripeGateway

KEY = "sk_test_12345"


@pytest.fixture(scope="session")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, folder = free_port(), tmp_path_factory.mktemp("localstripe")
    server = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
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
        self.api = stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=stripe.RequestsClient()).v1

    def pay(self, intent: str, number: str = "4242424242424242") -> None:
        """A buyer types a card number into the gateway's own form."""
        card: Any = {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2035, "cvc": "123"}}
        self.api.payment_intents.update(intent, params={"payment_method": self.api.payment_methods.create(params=card).id})
        self.api.payment_intents.confirm(intent)

    def refunds(self, intent: str) -> list[int]:
        return [refund.amount for refund in self.api.refunds.list(params={"payment_intent": intent}).auto_paging_iter()]

    def tell(self, url: str) -> None:
        requests.post(f"{self.url}/_config/webhooks/market", json={"url": url, "secret": "whsec_test"}, timeout=5).raise_for_status()


def gateway_at(app: Flask, url: str) -> StripeGateway:
    return StripeGateway({**app.config, "STRIPE_KEY": KEY, "STRIPE_API": url})


@pytest.fixture
def bank(app: Flask, localstripe: str) -> Bank:
    """The gateway, empty, and the market that uses it."""
    requests.delete(f"{localstripe}/_config/data", timeout=5)
    app.extensions["stripe"] = gateway_at(app, localstripe)
    return Bank(localstripe)


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
