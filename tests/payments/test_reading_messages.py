"""Statements as CAMT.053 messages: entries, charges, batches, encodings, instants."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from harness.factories import World
from market.payments.jobs import match_lines
from models.payments.payment import Payment, payments_named_in
from tests.payments.tables import read, sums
from tests.payments.test_bank import ACCOUNT, camt, csv_of, detail, entry, imported, lines
from tests.web import sign_in


def test_one_odd_entry_waits_and_the_day_comes_in(app: Flask, world: World) -> None:
    due = world.one(Payment, world.signed(), kind="deposit")
    content = csv_of(
        f"2026-03-02,8000.00,,8000.00,buyer单位,6228,{due.reference},B1",
        "2026-03-02,一千元整,,9000.00,甲,1,x,B2",
        "2026-02-30,5.00,,9005.00,甲,1,x,B3",
        "2026-03-02,1.00,2.00,9004.00,甲,1,两边都有,B4",
    )
    statement = imported(world, content)
    assert [(line.state, line.problem, line.amount) for line in lines(statement)] == [
        ("matched", "", 800_000)
    ] + [("open", "unreadable", 0)] * 3
    bank, path = sign_in(app, world, "custodian"), f"/custody/statements/{statement}"
    assert "一千元整" in bank.get(f"{path}/2").text
    assert "请填写这一项" in bank.submit(f"{path}/2", way="in", amount="").error_at("amount")
    assert bank.submit(f"{path}/2", way="in", amount="1,000.00", day="2026-03-02").status == 303
    assert bank.submit(f"{path}/3", way="none").status == 422, "what is put away has a reason"
    assert bank.submit(f"{path}/3", way="none", reason="页脚的打印说明").status == 303
    match_lines()
    assert [(line.state, line.problem, line.amount) for line in lines(statement)][1:3] == [
        ("open", "no_reference", 100_000),
        ("settled", "unreadable", 0),
    ]
    again = imported(world, content)
    assert lines(again) == [], "read by a person or not, it was told before"


def test_an_entry_that_cannot_be_read_waits_beside_the_others() -> None:
    odd = (
        entry("5.001", "CRDT", detail("x")),
        entry("5.00", "", detail("y"), reference="R3"),
        entry("9.00", "DBIT", detail("a", "1.00") + detail("b", "2.00"), reference="R4"),
    )
    found = read(camt(entry("8000.00", "CRDT", detail("M202600000180")), *odd)).lines
    assert [(line.amount, line.problem) for line in found] == [
        (800_000, ""),
        (0, "unreadable"),
        (0, "unreadable"),
        (-900, "details"),
    ]
    assert "5.001" in found[1].remark


def test_charges_and_mixed_signs_in_a_batch() -> None:
    charged = (
        '<Ntry><Amt Ccy="CNY">7995.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
        "<BookgDt><Dt>2026-03-02</Dt></BookgDt><AcctSvcrRef>R1</AcctSvcrRef><NtryDtls><TxDtls>"
        '<Amt Ccy="CNY">8000.00</Amt><Chrgs><Rcrd><Amt '
        'Ccy="CNY">5.00</Amt></Rcrd></Chrgs><RmtInf><Ustrd>M2026000</Ustrd><Ustrd>00180</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>'
    )
    found = read(camt(charged)).lines
    assert [(line.amount, payments_named_in(line.remark)[0]) for line in found] == [
        (800_000, ["M-2026-000001"]),
        (-500, []),
    ]
    mixed = (
        '<TxDtls><Amt Ccy="CNY">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls>'
        '<TxDtls><Amt Ccy="CNY">10.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls>'
    )
    assert sums(camt(entry("90.00", "CRDT", mixed))) == [10_000, -1_000]


@pytest.mark.parametrize("encoding", ["GBK", "GB2312", "gb18030", "UTF-16", "Big5", "ISO-8859-1", "utf-8"])
def test_an_xml_in_the_encoding_it_declares(encoding: str) -> None:
    text = camt(
        entry(
            "1.00",
            "CRDT",
            detail(
                "定金" if encoding != "ISO-8859-1" else "x",
                name="<Dbtr><Nm>甲</Nm></Dbtr>" if encoding != "ISO-8859-1" else "",
            ),
        ),
        account=ACCOUNT,
    ).decode()
    assert sums(text.replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)) == [100]


def test_an_instant_is_booked_on_its_day_in_beijing() -> None:
    late = entry("1.00", "CRDT", detail("x")).replace(
        "<Dt>2026-03-02</Dt>", "<DtTm>2026-03-01T16:00:00Z</DtTm>"
    )
    assert [line.day for line in read(camt(late)).lines] == [date(2026, 3, 2)]
