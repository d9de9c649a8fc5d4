"""The gateway's own record against the books.

Every difference is found, and nothing is put right by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import requests
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.jobs import drain, tick
from market.payments import gateway_sync
from market.payments.jobs import reconcile
from models.notifications import Notification
from models.payments.charges import Discrepancy
from tests.payments.gateway import DEPOSIT, Bank, begin, booked, charged, count, due, ended, opened, serving
from tests.payments.recorded import Recorded, dispute
from tests.web import sign_in


def test_every_difference_is_found_and_nothing_is_put_right(world: World, bank: Bank) -> None:
    contract, payment = due(world)
    charge = charged(world, bank, payment)
    reconcile()
    assert count(Discrepancy) == 0
    stray = bank.api.payment_intents.create(
        params={"amount": 100, "currency": "cny", "payment_method_types": ["card"]}
    ).id
    bank.pay(stray)
    bank.api.refunds.create(params={"payment_intent": charge.gateway_id or "", "amount": 5})
    reconcile()
    db.session.rollback()
    found = {(d.kind, d.theirs, d.ours) for d in db.session.scalars(select(Discrepancy))}
    assert found == {("theirs_only", 100, 0), ("theirs_only", -5, 0)}
    reconcile()
    assert told(world) == [
        ("gateway.difference", "stripe", stray, 100),
        ("payment.difference", payment, told(world)[-1][2], 5),
    ], "each once"
    booked(world, contract)
    requests.delete(f"{bank.url}/_config/data", timeout=5)
    reconcile()
    db.session.rollback()
    standing = [
        (d.kind, d.ours) for d in db.session.scalars(select(Discrepancy).where(Discrepancy.gone_at.is_(None)))
    ]
    assert standing == [("ours_only", DEPOSIT)]


def told(world: World) -> list[tuple[str, str, str, int]]:
    """What the custodian is told of differences."""
    drain()
    db.session.rollback()
    notices = db.session.scalars(
        select(Notification).where(Notification.organisation_id == world.organisation("custodian").id)
    ).all()
    events = [each.event for each in notices if each.event.kind.endswith(".difference")]
    return sorted((e.kind, e.case_identifier, e.data["title"], e.data["amount"]) for e in events)


def found() -> set[tuple[str, int, int]]:
    reconcile()
    db.session.rollback()
    return {
        (d.kind, d.theirs, d.ours)
        for d in db.session.scalars(select(Discrepancy).where(Discrepancy.gone_at.is_(None)))
    }


def test_money_that_stays_at_the_gateway_is_told_in_time(
    app: Flask, world: World, bank: Bank, time: Any
) -> None:
    _contract, payment = due(world)
    charged(world, bank, payment)
    assert found() == set()
    time.instant += timedelta(days=81)
    assert ("held_long", DEPOSIT, DEPOSIT) in found()
    page = sign_in(app, world, "custodian").get("/custody/differences")
    assert "在渠道停留过久" in page.text
    assert told(world) == [("gateway.difference", "stripe", "stripe", 0)]
    notices = sign_in(app, world, "custodian").get("/my/notices")
    assert (
        notices.status,
        "支付渠道与账上不一致" in notices.text,
        "/custody/differences" in notices.text,
    ) == (200, True, True)
    contract, payment = due(world)
    charged(world, bank, payment)
    ended(world, contract, to_agency=0)
    tick()  # what came in lately and went back is not what stays
    assert ("held_long", DEPOSIT, DEPOSIT) in found()


def test_a_charge_the_buyers_bank_takes_back_is_found(app: Flask, world: World) -> None:
    recorded = Recorded()
    with serving(recorded) as url:
        opened(app, url)
        _contract, payment = due(world)
        begin(world, payment, "alipay")
        recorded.paid = True
        gateway_sync.follow(f"{payment}:1")
        recorded.made["disputes"].append(dispute(DEPOSIT))
        assert found() == {("theirs_only", -DEPOSIT, 0)}
        recorded.made["disputes"][0]["status"] = "won"
        assert found() == set()
