"""What a gateway tells us, whatever it is: looked up, or ignored and noted.

Never an error, which would only make it come again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time as real
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.jobs import drain
from models.payments.charges import Discrepancy, GatewayEvent
from models.payments.payment import Payment
from models.payments.payouts import Payout
from tests.cases import case
from tests.machines import examples
from tests.payments.gateway import DEPOSIT, Bank, charged, count, due, opened, serving, signed
from tests.payments.recorded import Recorded
from tests.web import sign_in


def send(app: Flask, payload: bytes) -> int:
    """The answer to a payload with the right signature."""
    at = int(real.time())
    signature = hmac.new(b"whsec_test", f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return (
        app.test_client()
        .post("/hooks/stripe", data=payload, headers={"Stripe-Signature": f"t={at},v1={signature}"})
        .status_code
    )


THING = {"id": "pi_x", "object": "payment_intent"}
WHOLE = {"id": "evt_x", "object": "event", "type": "payment_intent.succeeded", "data": {"object": THING}}


@pytest.mark.parametrize(
    "payload",
    [
        case("stripe_balance_available.json"),
        b"[]",
        b"[1, 2]",
        b"null",
        b"1",
        b'"x"',
        b"{",
        b"",
        b"{}",
        b"NaN",
        b"\xff",
        b"[" * 100_000,
        b'{"id": 1e999}',
        b"9" * 5_000,
        json.dumps({**WHOLE, "data": {"object": None}}).encode(),
        json.dumps({**WHOLE, "data": None}).encode(),
        json.dumps({**WHOLE, "data": []}).encode(),
        json.dumps({**WHOLE, "data": {"object": [THING]}}).encode(),
        json.dumps({**WHOLE, "data": {"object": {"object": "charge"}}}).encode(),
        json.dumps({**WHOLE, "id": None}).encode(),
        json.dumps({**WHOLE, "id": "x" * 5_000}).encode(),
        json.dumps({**WHOLE, "type": {}}).encode(),
        json.dumps({**WHOLE, "data": {"object": {**THING, "id": "a\x00b"}}}).encode(),
        json.dumps({**WHOLE, "note": "a\x00b"}).encode(),
        json.dumps({**WHOLE, "more": [{"a\x00b": 1}]}).encode(),
        json.dumps({**WHOLE, "more": [["a\x00b"]]}).encode(),
        json.dumps({**WHOLE, "id": "\ud800"}).encode(),
        json.dumps({**WHOLE, "sum": float("inf")}).encode(),
    ],
    ids=range(28),
)
def test_what_says_nothing_is_ignored_and_noted(
    app: Flask, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    opened(app, "http://127.0.0.1:9")
    if payload == b"\xff":  # no text at all
        assert send(app, payload) == 422
        return
    assert send(app, payload) == 200
    assert "is ignored" in caplog.text
    assert count(GatewayEvent) == 0


@pytest.mark.parametrize("note", ["Infinity 无限公司", "-Infinity", "NaN", "a\\u0000b", "\\x00"])
def test_an_event_is_kept_whatever_its_texts_are(app: Flask, note: str) -> None:
    opened(app, "http://127.0.0.1:9")
    assert send(app, json.dumps({**WHOLE, "note": note, note: [note]}).encode()) == 200
    db.session.rollback()
    assert [event.content["note"] for event in db.session.scalars(select(GatewayEvent))] == [note]


def test_an_event_of_a_kind_nobody_knows_is_kept(app: Flask) -> None:
    opened(app, "http://127.0.0.1:9")
    assert (
        send(
            app,
            json.dumps(
                {
                    **WHOLE,
                    "type": "capability.updated",
                    "data": {"object": {"id": "cap_1", "object": "capability"}},
                }
            ).encode(),
        )
        == 200
    )
    assert count(GatewayEvent) == 1


def _without(thing: Any, path: tuple[str, ...]) -> Any:
    if not path or not isinstance(thing, dict):
        return thing
    if len(path) == 1:
        return {key: value for key, value in thing.items() if key != path[0]}
    return {**thing, path[0]: _without(thing.get(path[0]), path[1:])}


_any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=100),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@examples(60)
@given(
    st.sampled_from(
        [
            (),
            ("id",),
            ("type",),
            ("data",),
            ("data", "object"),
            ("data", "object", "id"),
            ("data", "object", "object"),
            ("object",),
        ]
    ),
    st.sampled_from(
        ["charge.refunded", "refund.failed", "payment_intent.succeeded", "charge.dispute.created", "x"]
    ),
    st.sampled_from(["charge", "refund", "dispute", "payment_intent", ""]),
    _any,
)
def test_keys_may_be_missing_or_anything(
    app: Flask, gone: tuple[str, ...], kind: str, what: str, value: Any
) -> None:
    opened(app, "http://127.0.0.1:9")
    whole = {
        **WHOLE,
        "type": kind,
        "data": {"object": {"id": "re_1", "object": what, "payment_intent": value}},
    }
    missing = _without(whole, gone)
    replaced = whole if not gone else {**missing, gone[0]: value}
    for thing in (missing, replaced, value):
        assert send(app, json.dumps(thing).encode()) == 200


def test_a_refund_on_the_gateways_own_pages_tells_the_custodian(app: Flask, world: World, bank: Bank) -> None:
    _contract, payment = due(world)
    charge = charged(world, bank, payment)
    refund = bank.api.refunds.create(params={"payment_intent": charge.gateway_id or "", "amount": 500})
    payload, signature = signed(
        "evt_9", "charge.refunded", {"id": "ch_1", "object": "charge", "payment_intent": charge.gateway_id}
    )
    for _ in range(2):
        assert app.test_client().post("/hooks/stripe", data=payload, headers=signature).status_code == 200
    db.session.rollback()
    found = db.session.scalars(select(Discrepancy)).one()
    assert (found.kind, found.about, found.theirs, found.ours, found.case_identifier) == (
        "theirs_only",
        refund.id,
        -500,
        0,
        payment,
    )
    drain()
    notices = sign_in(app, world, "custodian").get("/my/notices")
    assert notices.text.count("支付渠道与账上不一致") == 1
    assert f"/payments/{payment}" in notices.text


def test_a_refund_that_fails_later_is_owed_again(app: Flask, world: World) -> None:
    """The event from the field, about our own charge."""
    from market.payments import gateway_sync
    from tests.payments.gateway import begin, ended

    recorded = Recorded()
    with serving(recorded) as url:
        opened(app, url)
        contract, payment = due(world)
        begin(world, payment, "alipay")
        recorded.paid = True
        gateway_sync.follow(f"{payment}:1")
        intent = db.session.scalars(select(Payment).where(Payment.identifier == payment)).one()
        assert intent.state == "cleared"
        ended(world, contract, to_agency=0)
        gateway_sync.work()
        owed = world.one(Payout, contract, kind="refund")
        assert (owed.state, owed.amount) == ("sent", DEPOSIT)
        for refund in recorded.made["refunds"]:
            refund["status"] = "failed"
        event = json.loads(case("stripe_refund_failed.json"))
        event["data"]["object"] |= {
            "id": recorded.made["refunds"][0]["id"],
            "payment_intent": owed.charge.gateway_id if owed.charge else "",
        }
        db.session.rollback()
        assert send(app, json.dumps(event).encode()) == 200
        assert world.one(Payout, contract, kind="refund").state == "due"
