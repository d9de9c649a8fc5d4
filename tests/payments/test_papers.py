"""Invoices, and the statements an organisation takes away."""

from __future__ import annotations

import io
import re
from typing import Any

from flask import Flask
from openpyxl import load_workbook

from harness.factories import PDF, World
from market.extensions import db
from market.payments.actions import paying
from models.payments.invoices import Invoice
from models.payments.payment import Payment
from tests.web import sign_in

NUMBER = "25112000000012345678"


def test_an_invoice_is_recorded_received_and_voided(app: Flask, world: World) -> None:
    contract = world.started()
    payment = world.one(Payment, contract, kind="deposit").identifier
    agency, buyer, path = (
        sign_in(app, world, "agency"),
        sign_in(app, world, "buyer"),
        f"/payments/{payment}/invoice",
    )
    good: dict[str, Any] = {
        "number": NUMBER,
        "amount": "5,000",
        "tax": "283.02",
        "issued_on": "2026-03-02",
        "file": PDF,
    }
    for wrong, field in (
        ({"number": "123"}, "number"),
        ({"amount": "8000.01"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "壹万"}, "amount"),
        ({"tax": "5000"}, "tax"),
        ({"issued_on": "2026-03-03"}, "issued_on"),
        ({"issued_on": ""}, "issued_on"),
        ({"file": b"MZ"}, "file"),
    ):
        answer = agency.submit(path, **{**good, **wrong})
        assert answer.status == 422
        assert answer.error_at(field), wrong
        assert answer.value_of("number") == {**good, **wrong}["number"]
    assert buyer.get(path).status == 403
    invoice = agency.submit(path, **good).location
    assert "已经登记" in agency.submit(path, **{**good, "amount": "1"}).error_at("number")
    wide = "".join(chr(ord(char) + 0xFEE0) for char in NUMBER)
    for again in (
        wide,
        f"{NUMBER[:8]}\u200b{NUMBER[8:]}",
        f"{NUMBER[:8]}－{NUMBER[8:]}",
        f"\ufeff {NUMBER[:10]} {NUMBER[10:]}",
    ):
        assert "已经登记" in agency.submit(path, **{**good, "number": again, "amount": "1"}).error_at(
            "number"
        ), ascii(again)
    assert "3,000.00" in agency.submit(path, **{**good, "number": "1" * 20, "amount": "3000.01"}).error_at(
        "amount"
    )
    page = buyer.get(invoice)
    for said in (NUMBER, "5,000.00", "283.02"):
        assert said in page.text
    assert sign_in(app, world, "second").get(invoice).status == 404
    assert buyer.submit(f"{invoice}/receive").location == invoice
    assert agency.submit(f"{invoice}/void", reason="抬头写错,已开红字发票").location == invoice
    assert agency.submit(path, **{**good, "number": "1" * 20, "amount": "8000"}).status == 303, (
        "what was voided may be invoiced again"
    )
    db.session.rollback()
    assert sorted(i.state for i in world.every(Invoice, contract)) == ["recorded", "voided"]
    assert NUMBER in buyer.get(f"/payments/{payment}").text


def test_each_side_takes_its_own_statement_away(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    other = world.started()
    buyer, agency = sign_in(app, world, "buyer"), sign_in(app, world, "agency")
    page = buyer.get("/my/statement")
    for said in ("8,000.00", "40,000.00", contract, other):
        assert said in page.text
    assert "￥" not in page.text
    rows = buyer.get("/my/statement.csv").response.get_data().decode("utf-8-sig").splitlines()
    assert rows[-1].endswith("48000.00,40000.00,8000.00"), (
        "in, out, and what is kept for the contract that runs"
    )
    earned = agency.get("/my/statement.csv").response.get_data().decode("utf-8-sig").splitlines()
    assert earned[-1].endswith("40000.00,0.00,40000.00")
    assert not any(other in row for row in earned), "what is not earned yet is not the agency's"
    book = load_workbook(io.BytesIO(agency.get("/my/statement.xlsx").response.get_data()))
    assert book.active is not None
    assert book.active.max_row == len(earned)
    for visitor in (buyer, agency):
        paper = visitor.get("/my/statement.pdf").response.get_data()
        assert paper[:5] == b"%PDF-"
    assert buyer.get("/my/statement?since=2026-01-01&until=2026-02-01").text.count("¥ 0.00") >= 4
    for paid in world.every(Payment, contract):
        paying.receive(world.actor("custodian"), paid.identifier)
    watch = sign_in(app, world, "regulator")
    held = watch.get("/oversight/money")
    assert "8,000.00" in held.text
    assert "格尔木" in held.text
    assert contract in watch.get("/oversight/money?view=waiting").text
    world.authority("far", "regulator", region="540000")
    assert "8,000.00" not in sign_in(app, world, "far").get("/oversight/money").text
    assert watch.get("/ledger").soup.select_one(".badge-state.good")


def test_the_books_say_whose_an_account_is_in_words(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    code = world.organisation("agency").uscc
    watch = sign_in(app, world, "regulator")
    for path, said in {
        "/ledger/accounts?kind=escrow": contract,
        "/ledger/accounts?kind=payable": "agency单位",
        "/ledger/accounts?kind=clearing": "银行转账",
        f"/ledger/accounts/payable:{code}": "agency单位",
        f"/ledger/accounts/escrow:{contract}": "合同托管",
        "/ledger/entries/L-2026-000001": "银行转账",
    }.items():
        page = watch.get(path)
        assert page.status == 200, path
        text = f"{page.soup.title.get_text()} {page.soup.select_one('main').get_text()}"
        assert said in text, path
        assert not re.search(r"(escrow|payable|clearing|retention|hold):|:received|:seen", text), path
    entry = watch.get("/ledger/entries/L-2026-000001").soup
    assert entry.select_one(f"dl.facts a[href='/contracts/{contract}']")
