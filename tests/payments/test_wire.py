"""What is asked of the gateway and how its answers are read, held against the shapes of the public API reference."""

from __future__ import annotations

import pytest
from flask import Flask

from market.extensions import db
from market.payments import charging
from models import ledger
from models.ledger import clearing
from models.payments import Payment
from tests.factories import World
from tests.payments.gateway import DEPOSIT, due, opened, serving
from tests.payments.recorded import Recorded
from tests.web import sign_in


@pytest.mark.parametrize(("method", "leads"), [("alipay", "https://hooks.stripe.com/redirect/"), ("wechat_pay", "https://payments.stripe.com/qr/")])
def test_a_method_that_leads_elsewhere_needs_no_script(app: Flask, world: World, method: str, leads: str) -> None:
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
        assert (form["amount"], form["currency"], form["payment_method_data[type]"], form["confirm"]) == (str(DEPOSIT), "cny", method, "true")
        assert form["return_url"].endswith(f"/payments/{payment}/back")
        assert form.get("payment_method_options[wechat_pay][client]") == ("web" if method == "wechat_pay" else None)
        assert world.one(Payment, contract, kind="deposit").state == "due"
        recorded.paid = True
        charging.follow(key)
    assert world.one(Payment, contract, kind="deposit").state == "cleared"
    assert ledger.balance(db.session, ledger.escrow(contract)) == DEPOSIT, "the fee is the platform's, not the parties'"
    assert (ledger.balance(db.session, clearing("stripe")), ledger.balance(db.session, ledger.PLATFORM)) == (2_400 - DEPOSIT, -2_400)
