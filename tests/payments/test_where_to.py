"""Where money goes back to is said before it is sent: the account it came from, or what its owner tells."""

from __future__ import annotations

import pytest
from flask import Flask

from harness.factories import World
from market.extensions import db
from market.payments.actions import payouts
from market.settlement.payouts import create_payouts
from market.transaction import transaction
from models.contracts.agreement import Contract
from models.errors import RuleViolation
from models.payments import postings
from models.payments.payouts import Payout
from tests.payments.test_bank import csv_of, deposit, imported
from tests.web import Visitor, sign_in

TOLD = "buyer单位 演示银行格尔木支行 6228480000001"


def _refund(world: World, *accounts: str) -> str:
    """A deposit that goes back to its buyer, whose bank was seen to pay from these accounts."""
    contract, due = deposit(world)
    for number, account in enumerate(accounts):
        paid = "8000.00" if number == 0 else "1.00"
        imported(world, csv_of(f"2026-03-02,{paid},,,buyer单位,{account},{due.reference},B{number}"))
    with transaction() as session:
        found = Contract.lock(session, contract)
        buyer = world.organisation("buyer")
        postings.post(session, "refunded", "test", contract, 100_000, contract=contract, owed=buyer.uscc)
        create_payouts(session, found, buyer, "refund", 100_000)
    return world.one(Payout, contract, kind="refund").identifier


def _confirmed(custodian: Visitor, payout: str) -> str:
    return custodian.get(f"/payouts/{payout}/send").soup.select_one("main").get_text(" ")


def test_a_refund_goes_to_the_account_its_money_came_from(app: Flask, world: World) -> None:
    payout = _refund(world, "62281234567")
    custodian = sign_in(app, world, "custodian")
    for page in (custodian.get(f"/payouts/{payout}").text, _confirmed(custodian, payout)):
        for said in ("buyer单位", "62281234567", "B0", "¥ 1,000.00"):
            assert said in page, said
    said = _confirmed(custodian, payout)
    assert "不能撤销" in said or "可以用" in said
    assert custodian.get(f"/payouts/{payout}/send").soup.select_one("[name=account]") is None
    assert custodian.submit(f"/payouts/{payout}/send", bank_reference="20260303-1").status == 303


def test_what_nobody_knows_is_waited_for_and_then_said(app: Flask, world: World) -> None:
    payout = _refund(world, "")
    custodian = sign_in(app, world, "custodian")
    for reader in (custodian, sign_in(app, world, "buyer")):
        page = reader.get(f"/payouts/{payout}").text
        assert "还不知道付到哪个账户,要等buyer单位告诉资金托管机构" in page
    assert "还不知道" in _confirmed(custodian, payout)
    with pytest.raises(RuleViolation, match="还不知道付到哪个账户") as refused:
        payouts.send(world.actor("custodian"), payout, bank_reference="20260303-1")
    assert refused.value.field == "account"
    assert custodian.submit(f"/payouts/{payout}/send", bank_reference="20260303-1").error_at("account")
    sent = custodian.submit(f"/payouts/{payout}/send", bank_reference="20260303-1", account=TOLD)
    assert sent.status == 303
    assert TOLD in sign_in(app, world, "buyer").get(f"/payouts/{payout}").text, "its owner sees where it went"


def test_an_agency_is_paid_to_the_account_it_entered(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    payout = world.one(Payout, contract, kind="earned")
    (account,) = payouts.accounts_of(db.session, payout)
    assert [label for label, _value in account] == ["户名", "开户银行", "账号"]
    assert all(value for _label, value in account)
