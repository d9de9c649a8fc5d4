"""Where money goes back to is said before it is sent: the account it came from, or what its owner tells."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from harness.person import current_values
from market.agencies.actions import accounts
from market.extensions import db
from market.jobs import run_deadlines
from market.payments.actions import paying, payouts
from market.settlement.payouts import create_payouts
from market.transaction import transaction
from models.agencies.account_changes import AccountChange
from models.contracts.agreement import Contract
from models.errors import RuleViolation
from models.events import Event
from models.payments import postings
from models.payments.payment import Payment
from models.payments.payouts import Account, Payout
from tests.payments.test_bank import csv_of, deposit, imported
from tests.web import Visitor, sign_in

TOLD = {"holder": "buyer单位", "bank_name": "演示银行格尔木支行", "number": "6228480000001"}
ELSEWHERE = {"bank_name": "别的银行", "account_name": "agency单位", "account_number": "9999000011112222"}
MOVED = Account("agency单位", "别的银行", "9999000011112222")


def _refund(world: World, *accounts: str) -> str:
    """A deposit that goes back to its buyer, whose bank was seen to pay from these accounts.

    Before an account another holder's name may stand, with a colon.
    """
    contract, due = deposit(world)
    for number, account in enumerate(accounts):
        paid = "8000.00" if number == 0 else "1.00"
        holder, _colon, code = account.rpartition(":")
        row = f"2026-03-02,{paid},,,{holder or 'buyer单位'},{code},{due.reference},B{number}"
        imported(world, csv_of(row))
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
    assert "不能撤销" in said
    assert custodian.get(f"/payouts/{payout}/send").soup.select_one("[name=number]") is None
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
    assert refused.value.field == "holder"
    assert custodian.submit(f"/payouts/{payout}/send", bank_reference="20260303-1").error_at("number")
    sent = custodian.submit(f"/payouts/{payout}/send", bank_reference="20260303-1", **TOLD)
    assert sent.status == 303
    page = sign_in(app, world, "buyer").get(f"/payouts/{payout}").text
    assert all(said in page for said in TOLD.values()), "its owner sees where it went"
    assert "还不知道付到哪个账户" not in page


def test_an_agency_is_paid_to_the_account_it_entered(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    payout = world.one(Payout, contract, kind="earned")
    (found,) = payouts.destinations_of(db.session, payout)
    assert found.account == Account("agency单位", "演示银行", "6228000012345678")
    assert payouts.known(db.session, payout) == found


def _earned(world: World) -> str:
    """What an agency is owed whose money was seen."""
    contract = world.settled_unrated()
    for paid in world.every(Payment, contract):
        paying.receive(world.actor("custodian"), paid.identifier)
    return world.one(Payout, contract, kind="earned").identifier


def _moves_account(world: World, time: Any) -> None:
    change = accounts.change_account(world.actor("agency"), **ELSEWHERE)
    db.session.rollback()
    ends = AccountChange.load(db.session, change).due_at
    time.instant = ends
    db.session.rollback()
    run_deadlines()


def _now(payout: str) -> Payout:
    db.session.rollback()
    return Payout.load(db.session, payout)


def test_what_was_paid_keeps_the_account_it_went_to(app: Flask, world: World, time: Any) -> None:
    payout = _earned(world)
    payouts.send(world.actor("custodian"), payout, bank_reference="20260303-1")
    _moves_account(world, time)
    for reader in ("custodian", "agency"):
        page = sign_in(app, world, reader).get(f"/payouts/{payout}").text
        assert "6228000012345678" in page
        assert MOVED.number not in page


def test_an_account_that_changed_since_it_was_shown_is_told_and_nothing_is_sent(
    app: Flask, world: World, time: Any
) -> None:
    payout = _earned(world)
    path = f"/payouts/{payout}/send"
    seen = sign_in(app, world, "custodian").get(path).value_of("shown")
    _moves_account(world, time)
    custodian = sign_in(app, world, "custodian")
    fresh = current_values(custodian.get(path).soup.select_one("main form[method=post]"))
    answer = custodian.post(path, {**fresh, "shown": seen, "bank_reference": "20260303-1"})
    assert answer.status == 409
    assert "收款账户的资料刚有变动" in answer.text
    assert MOVED.number in answer.text
    assert _now(payout).state == "due"
    again = current_values(answer.soup.select_one("main form[method=post]"))
    assert custodian.post(path, {**again, "bank_reference": "20260303-1"}).status == 303
    assert _now(payout).sent_to == MOVED


def test_what_came_back_says_from_where_and_asks_where_to(app: Flask, world: World, time: Any) -> None:
    payout = _earned(world)
    payouts.send(world.actor("custodian"), payout, bank_reference="20260303-1")
    payouts.bounce(world.actor("custodian"), payout, reason="账号已销户,银行退回")
    custodian, path = sign_in(app, world, "custodian"), f"/payouts/{payout}/send"
    page = custodian.get(f"/payouts/{payout}").soup.select_one("main").get_text(" ")
    for said in ("上次拨付被退回", "退回时间", "账号已销户,银行退回", "上次就是从这个账户退回的"):
        assert said in page, said
    asked = custodian.get(path)
    assert "账号已销户,银行退回" in asked.text
    assert asked.value_of("number") == "", "not where it has just come back from"
    assert custodian.submit(path, bank_reference="20260304-1").error_at("number")
    with pytest.raises(RuleViolation, match="还不知道付到哪个账户"):
        payouts.send(world.actor("custodian"), payout, bank_reference="20260304-1")
    _moves_account(world, time)
    custodian = sign_in(app, world, "custodian")
    assert custodian.get(path).value_of("number") == MOVED.number, "it has another by now"
    assert custodian.submit(path, bank_reference="20260304-1").status == 303
    assert _now(payout).sent_to == MOVED


def test_a_strangers_account_is_shown_and_asked_about(app: Flask, world: World) -> None:
    payout = _refund(world, "路人甲公司:62281234567")
    custodian, path = sign_in(app, world, "custodian"), f"/payouts/{payout}/send"
    said = _confirmed(custodian, payout)
    for known in ("路人甲公司", "62281234567", "户名与收款单位的名称不一致"):
        assert known in said, known
    assert custodian.get(path).value_of("number") == ""
    assert custodian.submit(path, bank_reference="20260303-1").error_at("number")
    with pytest.raises(RuleViolation, match="还不知道付到哪个账户"):
        payouts.send(world.actor("custodian"), payout, bank_reference="20260303-1")
    assert custodian.submit(path, bank_reference="20260303-1", **TOLD).status == 303


def test_the_other_side_reads_that_it_was_sent_and_not_where_to(app: Flask, world: World) -> None:
    payout = _refund(world, "62281234567")
    other, path = sign_in(app, world, "agency"), f"/payouts/{payout}"
    for page in (other.get(path), other.get(f"{path}/send"), other.post(f"{path}/send", {"shown": "1"})):
        assert "62281234567" not in page.text
    payouts.send(world.actor("custodian"), payout, bank_reference="20260303-1", **TOLD)
    for reader, seen in (("agency", False), ("buyer", True), ("custodian", True), ("regulator", True)):
        assert (TOLD["number"] in sign_in(app, world, reader).get(path).text) == seen, reader
    told = db.session.scalars(select(Event).where(Event.kind == "payout.send")).one()
    assert TOLD["number"] not in str(told.data)


def test_the_bank_of_an_account_the_statement_does_not_name_can_be_written_down(
    app: Flask, world: World
) -> None:
    payout = _refund(world, "62281234567")
    custodian, path = sign_in(app, world, "custodian"), f"/payouts/{payout}/send"
    assert "开户银行 对账单上没有写" in " ".join(_confirmed(custodian, payout).split())
    done = custodian.submit(path, bank_reference="20260303-1", bank_name="演示银行西宁支行")
    assert done.status == 303
    assert _now(payout).sent_to == Account("buyer单位", "演示银行西宁支行", "62281234567")
