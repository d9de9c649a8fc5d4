"""What is asked of the gateway and how its answers are read.

Held against the shapes of the public API reference.
"""

from __future__ import annotations

import pytest
from flask import Flask

from harness.factories import World
from market.extensions import db
from market.gateways import gateways
from market.payments import gateway_sync
from models.ledger import books
from models.ledger.books import clearing
from models.payments.payment import Payment
from models.payments.payouts import Account
from tests.payments.gateway import DEPOSIT, Bank, account_at_stripe, due, opened, serving
from tests.payments.recorded import Recorded
from tests.web import sign_in


@pytest.mark.parametrize(
    ("method", "leads"),
    [("alipay", "https://hooks.stripe.com/redirect/"), ("wechat_pay", "https://payments.stripe.com/qr/")],
)
def test_a_method_that_leads_elsewhere_needs_no_script(
    app: Flask, world: World, method: str, leads: str
) -> None:
    app.config["STRIPE_METHODS"] = "card,alipay,wechat_pay"
    recorded = Recorded()
    with serving(recorded) as url:
        opened(app, url)
        contract, payment = due(world)
        page = sign_in(app, world, "buyer").submit(f"/payments/{payment}/online", method=method)
        assert page.soup.select_one(f"a[href^='{leads}']") is not None
        assert "js.stripe.com" not in page.response.headers["Content-Security-Policy"]
        ((form, key),) = recorded.posted("payment_intents")
        assert key == f"{payment}:1"
        assert (form["amount"], form["currency"], form["payment_method_data[type]"], form["confirm"]) == (
            str(DEPOSIT),
            "cny",
            method,
            "true",
        )
        assert form["return_url"].endswith(f"/payments/{payment}/back")
        assert form.get("payment_method_options[wechat_pay][client]") == (
            "web" if method == "wechat_pay" else None
        )
        assert world.one(Payment, contract, kind="deposit").state == "due"
        recorded.paid = True
        gateway_sync.follow(key)
    assert world.one(Payment, contract, kind="deposit").state == "cleared"
    assert books.balance(db.session, books.escrow(contract)) == DEPOSIT, (
        "the fee is the platform's, not the parties'"
    )
    assert (books.balance(db.session, clearing("stripe")), books.balance(db.session, books.PLATFORM)) == (
        2_400 - DEPOSIT,
        -2_400,
    )


def test_every_way_offers_pays_out_and_is_reconciled(app: Flask, world: World, bank: Bank) -> None:
    contract, payment = due(world)
    account_at_stripe(world, "acct_1032D82eZvKYlo2C")
    asked, agency, buyer = (
        Payment.load(db.session, payment),
        world.organisation("agency"),
        world.organisation("buyer"),
    )
    assert {way.name: [method for method, _label in way.offers(asked)] for way in gateways()} == {
        "bank": ["transfer"],
        "stripe": ["card", "alipay"],
    }
    assert {way.name: way.account_of(agency) for way in gateways()} == {
        "bank": Account("agency单位", "演示银行", "6228000012345678"),
        "stripe": Account(number="acct_1032D82eZvKYlo2C"),
    }
    assert all(way.account_of(buyer) is None for way in gateways()), (
        "a buyer's money goes back the way it came"
    )
    assert [way.find_discrepancies() for way in gateways()] == [[], []]
    world.paid(contract, "deposit")
    assert all(way.offers(world.one(Payment, contract, kind="deposit")) == [] for way in gateways())
