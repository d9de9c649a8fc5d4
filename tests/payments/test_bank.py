"""The bank's side: statements read, lines matched or left to a person, money paid out once seen.

Lines are matched to the fen, and money is paid out only once it was really seen.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import PDF, World
from market.extensions import db
from market.jobs import run_deadlines, tick
from market.payments import reading
from market.payments.actions import importing, paying, payouts
from market.payments.jobs import match_lines, reconcile
from models import workdays
from models.credit import records
from models.errors import NotAllowed, WrongState
from models.ledger import books
from models.ledger.books import clearing
from models.payments.bank import BankLine
from models.payments.charges import Discrepancy
from models.payments.payment import Payment, payments_named_in, reference
from models.payments.payouts import Payout
from tests.web import sign_in

ACCOUNT = "6300000000000018"
HEAD = "交易日期,收入金额,支出金额,余额,对方户名,对方账号,附言,交易流水号\n"


TOLD = {"holder": "agency单位", "bank_name": "演示银行", "number": "6228000087654321"}  # after a return


def csv_of(*rows: str, encoding: str = "utf-8") -> bytes:
    return (HEAD + "\n".join(rows)).encode(encoding)


def imported(world: World, content: bytes) -> str:
    identifier = importing.import_statement(world.actor("custodian"), file_name="对账单.csv", content=content)
    match_lines()
    db.session.rollback()
    return identifier


def lines(statement: str) -> list[BankLine]:
    db.session.rollback()
    query = (
        select(BankLine)
        .join(BankLine.statement)
        .where(BankLine.statement.property.mapper.class_.identifier == statement)
    )
    return list(db.session.scalars(query.order_by(BankLine.number)))


def deposit(world: World) -> tuple[str, Payment]:
    contract = world.signed()
    return contract, world.one(Payment, contract, kind="deposit")


def test_a_reference_in_the_remark_books_the_payment_once(world: World) -> None:
    contract, due = deposit(world)
    row = f'2026-03-02,"8,000.00",,"8,000.00",buyer单位,6228,定金 {due.reference} 谢谢,B1'
    first = imported(world, csv_of(row))
    paid = world.one(Payment, contract, kind="deposit")
    assert (paid.state, [line.state for line in lines(first)]) == ("cleared", ["matched"])
    assert (
        books.balance(db.session, books.escrow(contract)) == 800_000 == -books.balance(db.session, books.BANK)
    )
    assert books.balance(db.session, clearing("bank")) == 0
    again = imported(world, csv_of(row, "2026-03-02,1.00,,8001.00,某人,1,误汇,B2"))
    assert [(line.bank_reference, line.state) for line in lines(again)] == [("B2", "open")], (
        "what the bank told of before is left alone"
    )
    assert db.session.query(books.Entry).count() == 2


def test_both_sides_first_and_the_statement_after(world: World) -> None:
    contract, due = deposit(world)
    world.paid(contract, "deposit")
    assert books.balance(db.session, clearing("bank")) == -800_000, "said to be in, and not seen yet"
    imported(
        world, csv_of(f"20260302,8000.00,,8000.00,buyer单位,6228,{due.reference},B1", encoding="gb18030")
    )
    assert world.one(Payment, contract, kind="deposit").state == "cleared"
    assert (books.balance(db.session, clearing("bank")), books.balance(db.session, books.BANK)) == (
        0,
        -800_000,
    )


@pytest.mark.parametrize(
    ("remark", "amount", "problem"),
    [
        ("货款", "8000.00", "no_reference"),
        ("M-2026-000001", "8000.00", "no_reference"),
        ("{slip}", "8000.00", "check_digits"),
        ("{right}", "7999.99", "amount"),
        ("{right} {other}", "8000.00", "several"),
        ("{other}", "8000.00", "unknown"),
        ("{payout}", "8000.00", "unknown"),
    ],
)
def test_what_does_not_match_is_left_to_a_person(
    world: World, remark: str, amount: str, problem: str
) -> None:
    contract, due = deposit(world)
    right = due.reference
    slip = right[:-1] + str((int(right[-1]) + 1) % 10)
    said = remark.format(
        right=right, slip=slip, other=reference("M-2026-009999"), payout=reference("Z-2026-009999")
    )
    statement = imported(world, csv_of(f"2026-03-02,{amount},,{amount},某单位,6228,{said},B1"))
    assert [(line.state, line.problem) for line in lines(statement)] == [("open", problem)]
    assert db.session.query(books.Entry).count() == 0
    assert world.one(Payment, contract, kind="deposit").state == "due"


def test_the_custodian_settles_what_did_not_match(app: Flask, world: World) -> None:
    contract, due = deposit(world)
    statement = imported(
        world,
        csv_of(
            "2026-03-02,8000.00,,8000.00,buyer单位,6228,定金,B1",
            "2026-03-02,50.00,,8050.00,路人,1,误汇,B2",
            "2026-03-03,,50.00,8000.00,路人,1,退回,B3",
        ),
    )
    bank = sign_in(app, world, "custodian")
    path = f"/custody/statements/{statement}"
    assert "没有找到" in bank.submit(
        f"{path}/1", way="payment", identifier="M-2026-000999", reason="电话核实过"
    ).error_at("identifier")
    assert "理由" in bank.submit(f"{path}/1", way="payment", identifier=due.identifier, reason="").error_at(
        "reason"
    )
    assert "不符" in bank.submit(f"{path}/2", way="back", reason="电话核实过").error_at("way")
    assert "应收付" in bank.submit(
        f"{path}/2", way="payment", identifier=due.identifier, reason="电话核实过"
    ).error_at("identifier")
    assert (
        bank.submit(f"{path}/1", way="payment", identifier=due.identifier, reason="与付款单位电话核实").status
        == 303
    )
    assert bank.submit(f"{path}/2", way="aside", reason="与平台业务无关").status == 303
    assert bank.submit(f"{path}/3", way="back", reason="已按原路退回").status == 303
    assert bank.submit(f"{path}/3", way="back", reason="已按原路退回").status == 409
    db.session.rollback()
    assert world.one(Payment, contract, kind="deposit").state == "cleared"
    assert (books.balance(db.session, books.BANK), books.balance(db.session, books.PLATFORM)) == (
        -800_000,
        0,
    )
    assert {line.state for line in lines(statement)} == {"settled"}
    for suffix in ("csv", "xlsx"):
        assert bank.get(f"{path}.{suffix}").status == 200
    assert "与付款单位电话核实" in bank.get(f"{path}.csv").text
    assert "一致" in bank.get("/custody").text
    assert sign_in(app, world, "agency").get("/custody").status == 403
    with pytest.raises(NotAllowed):
        importing.import_statement(
            world.actor("agency"), file_name="x.csv", content=csv_of("2026-03-02,1.00,,1.00,a,1,b,B9")
        )


def test_nothing_is_paid_out_before_its_money_was_seen(world: World, time: Any) -> None:
    """Two sides that only say they paid cannot take what others paid in."""
    honest, due = deposit(world)
    imported(world, csv_of(f"2026-03-02,8000.00,,8000.00,buyer单位,6228,{due.reference},B1"))
    contract = world.settled_unrated()
    payout = world.one(Payout, contract, kind="earned")
    bank = world.actor("custodian")
    with pytest.raises(WrongState, match="等来款核对"):
        payouts.send(bank, payout.identifier, bank_reference="20260302-1")
    for paid in world.every(Payment, contract):
        paying.receive(bank, paid.identifier)
    with pytest.raises(NotAllowed):
        payouts.send(world.actor("agency"), payout.identifier, bank_reference="20260302-1")
    payouts.send(bank, payout.identifier, bank_reference="20260302-1")
    with pytest.raises(WrongState):
        payouts.send(bank, payout.identifier, bank_reference="20260302-1")
    assert books.balance(db.session, clearing("bank")) == 4_000_000
    payouts.bounce(world.actor("agency"), payout.identifier, reason="账号写错,银行退回")
    assert books.balance(db.session, books.payable(world.organisation("agency").uscc)) == 4_000_000
    payouts.send(bank, payout.identifier, bank_reference="20260303-1", **TOLD)
    imported(
        world, csv_of(f'2026-03-03,,"40,000.00","8,000.00",agency单位,6228,{reference(payout.identifier)},B2')
    )
    left = world.one(Payout, contract, kind="earned")
    assert (left.state, left.bank_reference, left.tries) == ("sent", "20260303-1", 2), (
        "the first line of two tries does not say that the second arrived"
    )
    assert (books.balance(db.session, clearing("bank")), books.balance(db.session, books.BANK)) == (
        0,
        -800_000,
    )
    assert books.balance(db.session, books.escrow(honest)) == 800_000
    db.session.rollback()
    reconcile()
    assert db.session.query(Discrepancy).count() == 0


def test_silence_says_it_arrived(world: World, time: Any) -> None:
    contract = world.settled_unrated()
    bank = world.actor("custodian")
    for paid in world.every(Payment, contract):
        paying.receive(bank, paid.identifier)
    payout = world.one(Payout, contract, kind="earned").identifier
    payouts.send(bank, payout, bank_reference="20260302-1")
    time.instant = workdays.add(time.instant, 4)
    run_deadlines()
    assert world.one(Payout, contract, kind="earned").state == "arrived"


def test_a_bank_that_says_other_than_the_books_is_reported_until_it_agrees(app: Flask, world: World) -> None:
    _contract, due = deposit(world)
    imported(world, csv_of(f"2026-03-02,8000.00,,9000.00,buyer单位,6228,{due.reference},B1"))
    reconcile()
    found = db.session.scalars(select(Discrepancy)).one()
    assert (found.kind, found.theirs, found.ours, found.gone_at) == ("balance", 900_000, 800_000, None)
    assert "9,000.00" in sign_in(app, world, "regulator").get("/custody/differences").text
    imported(world, csv_of("2026-03-03,0.01,,8000.01,利息,1,结息,B2"))
    reconcile()
    db.session.rollback()
    assert db.session.scalars(select(Discrepancy.gone_at)).one() is not None, (
        "the books and the line to explain make what the bank says"
    )


def camt(
    *entries: str, closing: str = "8000.00", version: str = "08", account: str = "6300000000000018"
) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt><Stmt>'
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>"
        "<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt "
        'Ccy="CNY">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
        "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="CNY">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
        f"{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def entry(
    amount: str,
    side: str,
    details: str,
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    currency: str = "CNY",
    reference: str = "R1",
) -> str:
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{status}'
        "<BookgDt><Dt>2026-03-02</Dt></BookgDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(remark: str, amount: str = "", name: str = "<Dbtr><Pty><Nm>buyer单位</Nm></Pty></Dbtr>") -> str:
    summed = f'<Amt Ccy="CNY">{amount}</Amt>' if amount else ""
    return f"<TxDtls>{summed}<RltdPties>{name}</RltdPties><RmtInf><Ustrd>{remark}</Ustrd></RmtInf></TxDtls>"


def test_camt_053_is_read_in_its_versions(world: World) -> None:
    contract, due = deposit(world)
    pending = entry("5.00", "CRDT", detail("x"), "<Sts>PDNG</Sts>")
    content = camt(entry("8000.00", "CRDT", detail(due.reference)), pending)
    statement = imported(world, content)
    found = lines(statement)
    assert [(line.amount, line.counterparty, line.state) for line in found] == [
        (800_000, "buyer单位", "matched")
    ]
    assert found[0].statement.closing == 800_000
    old = reading.read(
        camt(
            entry(
                "30.00",
                "DBIT",
                detail("a", "10.00", "<Cdtr><Nm>乙</Nm></Cdtr>")
                + detail("b", "20.00", "<Cdtr><Nm>丙</Nm></Cdtr>"),
                "<Sts>BOOK</Sts>",
            ),
            version="02",
        ),
        ACCOUNT,
        {},
    )
    assert [(line.amount, line.counterparty, line.remark, line.bank_reference) for line in old.lines] == [
        (-1000, "乙", "a", "R1/1"),
        (-2000, "丙", "b", "R1/2"),
    ]
    assert world.one(Payment, contract, kind="deposit").state == "cleared"


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Document>&b;</Document>'
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "空的"),
        (b"<Document/>", "CAMT.053"),
        (b"<Document", "CAMT.053"),
        (BOMB, "CAMT.053"),
        (b"\x89PNG\r\n", "表头看不懂"),
        (HEAD.encode(), "没有"),
        ("日期,对方\n2026-03-02,1".encode(), "表头看不懂"),
        (csv_of("2026-13-02,1.00,,1.00,a,1,b,B"), "日期"),
        (csv_of("2026-03-02,一元,,1.00,a,1,b,B"), "金额"),
        (csv_of("2026-03-02,1.00,1.00,1.00,a,1,b,B"), "只填一项"),
        (camt(entry("1.00", "CRDT", detail("x"), currency="EUR")), "人民币"),
        (camt(entry("1.00", "CRDT", detail("x")), account="999"), "另一个账户"),
    ],
)
def test_what_is_no_statement_is_answered_at_the_field(
    app: Flask, world: World, content: bytes, said: str
) -> None:
    answer = sign_in(app, world, "custodian").submit("/custody/import", file=content)
    assert answer.status == 422
    assert said in (answer.error_at("file") or answer.text)
    assert db.session.query(BankLine).count() == 0


@pytest.mark.parametrize("other", ["full", "unseen", "dashes", "small"])
def test_a_reference_is_found_however_it_is_written(other: str) -> None:
    written = reference("M-2026-000001")
    said = {
        "full": "".join(chr(ord(char) + 0xFEE0) for char in written),
        "unseen": "\u200b".join(written),
        "dashes": f"{written[0]}－{written[1:5]}–{written[5:11]}‐{written[11:]}",
        "small": written.lower(),
    }[other]
    assert payments_named_in(f"货款 {said} 定金") == (["M-2026-000001"], False)


@given(st.integers(0, 999_999), st.integers(0, 19), st.integers(1, 9))
def test_one_wrong_digit_never_names_another_payment(number: int, place: int, by: int) -> None:
    identifier = f"M-2026-{number:06d}"
    written = reference(identifier)
    assert payments_named_in(f"货款{written}定金") == ([identifier], False)
    place = 1 + place % (len(written) - 1)
    slipped = written[:place] + str((int(written[place]) + by) % 10) + written[place + 1 :]
    assert identifier not in payments_named_in(slipped)[0]
    assert payments_named_in(slipped) == ([], True)


def test_who_does_not_pay_in_time_is_told_and_a_record_put_forward(
    app: Flask, world: World, time: Any
) -> None:
    contract, due = deposit(world)
    time.instant = workdays.add(time.instant, 6)
    tick()
    tick()
    assert world.one(Payment, contract, kind="deposit").state == "overdue"
    record = db.session.scalars(select(records.CreditRecord)).one()
    assert (record.subject_id, record.kind, record.state, record.source_identifier) == (
        world.organisation("buyer").id,
        "late_payment",
        "proposed",
        due.identifier,
    )
    watch = sign_in(app, world, "regulator")
    page = watch.get("/oversight/money?view=overdue").text
    assert due.identifier in page
    assert record.identifier in page
    world.paid(contract, "deposit")
    penalty = world.one(Payment, contract, kind="penalty")
    assert penalty.amount == 800_000 // 1000, "one working day at 0.1 %"
    paying.pay(
        world.actor("buyer"), penalty.identifier, bank_reference="20260312-1", file_name="v.pdf", content=PDF
    )
    paying.confirm(world.actor("agency"), penalty.identifier)
    assert world.one(Payout, contract, kind="penalty").payee_id == world.organisation("agency").id
