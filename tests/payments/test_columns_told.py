"""A table whose columns nobody knows is told once, remembered, shown and forgotten."""

from __future__ import annotations

from datetime import date

from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.payments.jobs import match_lines
from models.payments.bank import BankLine, BankStatement
from models.payments.layouts import BankStatementLayout, UnreadBankStatement
from models.payments.payment import Payment
from tests.cases import case
from tests.payments.test_bank import imported
from tests.web import Answer, Visitor, sign_in

ODD = "报表\n何时,进,出,剩,谁,写了什么\n2026-03-02,8000.00,,8000.00,甲,{reference}\n"


def test_a_table_nobody_knows_is_told_once_and_remembered(app: Flask, world: World) -> None:
    due = world.one(Payment, world.signed(), kind="deposit")
    bank = sign_in(app, world, "custodian")
    answer = bank.submit("/custody/import", file=ODD.format(reference=due.reference).encode())
    assert (answer.status, "表头看不懂" in answer.error_at("file")) == (422, True)
    told = next(a["href"] for a in answer.soup.select("main a[href]") if "/custody/import/" in str(a["href"]))
    page = bank.get(str(told))
    assert "写了什么" in page.text
    assert bank.submit(str(told), heading="2", role_0="day").status == 422
    assert bank.submit(str(told), heading="99", role_0="day", role_1="amount").error_at("heading")
    done = bank.submit(
        str(told),
        heading="2",
        role_0="day",
        role_1="came_in",
        role_2="went_out",
        role_3="balance",
        role_4="counterparty",
        role_5="remark",
    )
    assert done.status == 303
    match_lines()
    db.session.rollback()
    assert [(line.amount, line.state) for line in db.session.scalars(select(BankLine))] == [
        (800_000, "matched")
    ]
    assert db.session.scalars(select(BankStatementLayout)).one().places["remark"] == [5]
    assert db.session.scalars(select(UnreadBankStatement)).all() == [], "what was taken in waits no longer"
    again = bank.submit(
        "/custody/import",
        file="说明在前\n何时,进,出,剩,谁,写了什么\n2026年3月3日,,1.00,7999.00,乙,z\n".encode(),
    )
    assert again.status == 303, "the heading is remembered, wherever it stands"
    assert sign_in(app, world, "regulator").get(str(told)).status == 403
    assert bank.get("/custody/import/99999").status == 404


def pressed(visitor: Visitor, path: str) -> Answer:
    """A button on a page, with what any form of the visitor's carries."""
    return visitor.post(
        path, {"csrf_token": str(visitor.get("/my").soup.select_one("input[name=csrf_token]")["value"])}
    )


def test_what_was_said_of_a_heading_is_shown_and_forgotten(app: Flask, world: World) -> None:
    bank = sign_in(app, world, "custodian")
    sums_ = "何时,进,出,写了什么\n03/04/2026,5.00,,a\n05/04/2026,,6.00,b\n"
    told = "/custody/import/1"
    assert bank.submit("/custody/import", file=sums_.encode()).status == 422
    assert "等着指明各列的文件" in bank.get("/custody/import").text
    columns = {"heading": "1", "role_0": "day", "role_1": "came_in", "role_2": "went_out", "role_3": "remark"}
    assert bank.submit(told, **columns).status == 422, "a day that may be another"
    assert bank.submit(told, **columns, order="mdy").status == 303
    db.session.rollback()
    assert [line.day for line in db.session.scalars(select(BankLine).order_by(BankLine.number))] == [
        date(2026, 3, 4),
        date(2026, 5, 4),
    ]
    assert "等着指明各列的文件" not in bank.get("/custody/import").text
    shown = bank.get("/custody/layouts")
    assert all(said in shown.text for said in ("何时、进、出、写了什么", "第 2 列", "custodian", "月/日/年"))
    assert (
        bank.submit("/custody/import", file="何时,进,出,写了什么\n06/07/2026,7.00,,c\n".encode()).status
        == 303
    )
    for who, status in (("regulator", 403), ("buyer", 403), ("custodian", 303), ("custodian", 404)):
        assert pressed(sign_in(app, world, who), "/custody/layouts/1/forget").status == status
    assert (
        bank.submit("/custody/import", file="何时,进,出,写了什么\n08/09/2026,7.00,,d\n".encode()).status
        == 422
    )
    waits = db.session.scalars(select(UnreadBankStatement.id)).one()
    db.session.rollback()
    assert pressed(bank, f"/custody/import/{waits}/drop").status == 303
    assert db.session.scalars(select(UnreadBankStatement)).all() == []


def test_a_table_without_a_heading_is_told_by_its_width(app: Flask, world: World) -> None:
    bank = sign_in(app, world, "custodian")
    answer = bank.submit("/custody/import", file=b"2026-03-02;x;-5.00;y\n2026-03-03;x;6.00;y")
    told = next(a["href"] for a in answer.soup.select("main a[href]") if "/custody/import/" in str(a["href"]))
    assert bank.submit(str(told), heading="0", role_0="day", role_2="amount", flipped="y").status == 303
    db.session.rollback()
    assert [line.amount for line in db.session.scalars(select(BankLine).order_by(BankLine.number))] == [
        500,
        -600,
    ]
    known = "交易日期,支出金额,收入金额,摘要\n2026-03-05,400.00,,付款\n2026-03-05,,700.00,收款\n"
    assert bank.submit("/custody/import", file=known.encode()).status == 303
    db.session.rollback()
    assert [line.amount for line in db.session.scalars(select(BankLine).order_by(BankLine.id))] == [
        500,
        -600,
        -40_000,
        70_000,
    ], "a heading says more than a width"
    assert (
        bank.submit("/custody/import", file="何日;谁;几何;何事\n2026-03-02;x;5.00;y".encode()).status == 422
    ), "a heading nobody knows is one all the same"


def test_left_out_lines_are_counted_on_the_page(app: Flask, world: World) -> None:
    statement = imported(world, case("camt_two_accounts.xml"))
    db.session.rollback()
    assert db.session.scalars(select(BankStatement.left_out)).one() == 1
    assert "其他账户" in sign_in(app, world, "custodian").get(f"/custody/statements/{statement}").text
