"""A line that names nothing: what it may be is proposed with the reason, and the custodian decides."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy import event
from sqlalchemy.orm import Session

from harness.factories import World
from market.extensions import db
from market.payments.actions import payouts
from market.payments.views import custody
from models.money import show
from models.payments.bank import BankLine
from models.payments.candidates import LIKE_PARTY, NAMED, SAME_PARTY, SAME_SUM, Candidate, candidates
from models.payments.payment import Payment, reference
from models.payments.payouts import Payout
from tests.payments.test_bank import csv_of, deposit, imported, lines
from tests.web import sign_in


def test_the_open_deposit_of_this_sum_and_payer_is_proposed_and_taken(app: Flask, world: World) -> None:
    _contract, due = deposit(world)
    statement = imported(world, csv_of("2026-03-02,8000.00,,8000.00,buyer单位,6228,货款,B1"))
    bank = sign_in(app, world, "custodian")
    path = f"/custody/statements/{statement}/1"
    page = bank.get(path)
    assert "金额一分不差、对方户名与应收付的单位一致" in page.text
    assert page.value_of("identifier") == "", "what is only alike is not chosen for anybody"
    [take] = [link for link in page.soup.select("main a") if link.get_text() == "就是这一笔"]
    chosen = bank.get(str(take["href"]))
    assert (chosen.value_of("way"), chosen.value_of("identifier")) == ("payment", due.identifier)
    assert "随即入账" in chosen.soup.select_one(".binds").get_text(), "what follows is said before"
    assert bank.submit(str(take["href"]), reason="与付款单位电话核实").status == 303
    db.session.expire_all()
    assert world.one(Payment, due.contract.identifier, kind="deposit").state == "cleared"
    assert candidates(db.session, lines(statement)[0]) == []


def test_why_a_payment_is_thought_of_and_which_are_not(world: World) -> None:
    _contract, due = deposit(world)
    rows = [
        f"2026-03-02,8000.00,,,路人,6228,订金 {due.identifier},B1",
        "2026-03-02,8000.00,,,buyer单位(西宁)分户,6228,货款,B2",
        "2026-03-02,7999.99,,,buyer单位,6228,货款,B3",
        "2026-03-02,,8000.00,,buyer单位,6228,货款,B4",
    ]
    found = [candidates(db.session, line) for line in lines(imported(world, csv_of(*rows)))]
    assert [[each.why for each in of_line] for of_line in found] == [
        [(SAME_SUM, NAMED)],
        [(SAME_SUM, LIKE_PARTY)],
        [],
        [],
    ]


def test_a_payout_that_left_and_one_that_comes_back(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    came = [
        f"2026-03-02,{paid.amount / 100:.2f},,,buyer单位,6228,{paid.reference},IN{n}"
        for n, paid in enumerate(world.every(Payment, contract))
    ]
    imported(world, csv_of(*came))
    payout = world.one(Payout, contract, kind="earned")
    payouts.send(world.actor("custodian"), payout.identifier, bank_reference="20260302-1")
    amount = f"{payout.amount / 100:.2f}"
    rows = [
        f"2026-03-03,,{amount},,agency单位,6228,货款,OUT",
        f"2026-03-04,{amount},,,agency单位,6228,退,BACK",
    ]
    statement = imported(world, csv_of(*rows))
    found = [candidates(db.session, line) for line in lines(statement)]
    assert [[(each.case.identifier, each.way, each.why) for each in of_line] for of_line in found] == [
        [(payout.identifier, "payment", (SAME_SUM, SAME_PARTY))],
        [(payout.identifier, "returned", (SAME_SUM, SAME_PARTY))],
    ]
    bank = sign_in(app, world, "custodian")

    def binds(number: int) -> tuple[str, str]:
        path = f"/custody/statements/{statement}/{number}?case={payout.identifier}"
        return path, bank.get(path).soup.select_one(".binds").get_text()

    path, said = binds(1)
    for fact in (payout.identifier, "agency单位", show(payout.amount), "状态变为“已到账”", "从托管账户记出"):
        assert fact in said
    assert "由资金托管机构再付一次" in binds(2)[1]
    refused = bank.submit(path, way="payment", identifier=payout.identifier, reason="")
    assert "从托管账户记出" in refused.soup.select_one(".binds").get_text(), "and where it is asked once more"
    assert not bank.submit(path, way="aside").soup.select_one(".binds"), "what else was chosen is not that"
    payouts.bounce(world.actor("custodian"), payout.identifier, reason="银行来电说已退回")
    for number, means in ((1, "从托管账户记出;不会再付一次"), (2, "只把款记回托管账户;不会再付一次")):
        said = binds(number)[1]
        assert "状态不变,仍为“待拨付”" in said
        assert means in said
    assert bank.submit(binds(2)[0], reason="与银行核对").status == 303
    db.session.expire_all()
    assert world.one(Payout, contract, kind="earned").state == "due", "as the page said"


def test_what_a_line_lacks_is_told_at_once(app: Flask, world: World) -> None:
    deposit(world)
    statement = imported(world, csv_of("2026-03-02,8000.00,,8000.00,buyer单位,6228,货款,B1"))
    answer = sign_in(app, world, "custodian").submit(
        f"/custody/statements/{statement}/1", way="payment", identifier="", reason=""
    )
    assert answer.status == 422
    assert "请填写" in answer.error_at("identifier")
    assert "理由" in answer.error_at("reason")


def test_what_is_settled_is_not_looked_for(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _contract, due = deposit(world)
    statement = imported(world, csv_of("2026-03-02,8000.00,,8000.00,buyer单位,6228,货款,B1"))
    bank, path = sign_in(app, world, "custodian"), f"/custody/statements/{statement}/1"
    looked: list[str] = []

    def looking(session: Session, line: BankLine) -> list[Candidate]:
        looked.append(request.method)
        return candidates(session, line)

    monkeypatch.setattr(custody, "candidates", looking)
    done = bank.submit(path, way="payment", identifier=due.identifier, reason="与付款单位核实")
    assert (done.status, looked) == (303, ["GET"])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the other plans by how many rows there are
@pytest.mark.parametrize(("amount", "tables"), [(1, {"payments", "payouts"}), (-1, {"payouts"})])
def test_they_are_found_by_their_sum(world: World, amount: int, tables: set[str]) -> None:
    line = BankLine(state="open", amount=amount, remark="", counterparty="")
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        asked.append((f"EXPLAIN QUERY PLAN {statement}", given))

    event.listen(db.engine, "before_cursor_execute", note)
    assert candidates(db.session, line) == []
    event.remove(db.engine, "before_cursor_execute", note)
    plans = [str(db.session.connection().exec_driver_sql(*each).all()) for each in asked]
    assert {f"ix_{table}_amount" for table in tables} == {
        index for plan in plans for index in re.findall(r"ix_pay\w+_amount", plan)
    }


def test_nothing_is_chosen_beforehand_where_a_remark_names_two(app: Flask, world: World) -> None:
    _contract, due = deposit(world)
    other = reference("M-2026-000999")
    statement = imported(world, csv_of(f"2026-03-02,8000.00,,,buyer单位,6228,{due.reference} {other},B1"))
    page = sign_in(app, world, "custodian").get(f"/custody/statements/{statement}/1")
    assert "附言写了它的编号" in page.text
    assert not page.value_of("way")
    assert page.value_of("identifier") == ""
