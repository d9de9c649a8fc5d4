"""What becomes of a statement's lines: references found, like lines told apart, payouts that come back."""

from __future__ import annotations

from itertools import pairwise

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import World
from market.extensions import db
from market.payments.actions import paying, payouts
from models.ledger import books
from models.ledger.books import clearing
from models.payments.bank import statement_discrepancy
from models.payments.payment import Payment, payments_named_in, reference
from models.payments.payouts import Payout
from tests.cases import case
from tests.payments.tables import HEADING, read
from tests.payments.test_bank import TOLD, camt, csv_of, detail, entry, imported, lines
from tests.web import sign_in


@given(
    st.integers(0, 999_999),
    st.lists(st.integers(1, 12), max_size=4),
    st.sampled_from([" ", "-", " - ", "\u200b", "  "]),
)
def test_a_reference_is_found_wherever_a_bank_breaks_it(number: int, places: list[int], gap: str) -> None:
    identifier = f"M-2026-{number:06d}"
    written = reference(identifier)
    cuts = [0, *sorted(set(places)), len(written)]
    broken = gap.join(written[a:b] for a, b in pairwise(cuts))
    assert payments_named_in(f"转账 {broken} 谢谢 20260302") == ([identifier], False)


def test_a_reference_behind_a_long_remark_is_kept() -> None:
    [line] = read(f"{HEADING}\n2026-03-02,1.00,,1.00,甲,1,{'说明' * 150} M202600000180,T1").lines
    assert (len(line.remark), payments_named_in(line.remark)[0]) == (200, ["M-2026-000001"])


def test_like_lines_are_two_and_what_overlaps_adds_nothing(world: World) -> None:
    first = imported(world, case("same_voucher.csv"))
    assert len(lines(first)) == 2
    same = "2026-03-02,5.00,,5.00,甲,1,x,00000000"
    files = [
        csv_of(same),
        csv_of(same, same),
        csv_of(same, same),
        csv_of("2026-03-02,5.00,,5.00,乙,1,y,00000000", same),
        csv_of("2026-03-02,5.00,,5.00,甲,1,x,"),
    ]
    added = [len(lines(imported(world, content))) for content in (case("same_voucher.csv"), *files)]
    assert added == [0, 1, 1, 0, 1, 0], (
        "none of the first again; one, its twin, nothing, only the other payer's; no voucher "
        "says as much as a filler"
    )
    genuine = [
        csv_of("2026-03-04,7.00,,7.00,甲,1,x,V1"),
        csv_of("2026-03-04,7.00,,7.00,乙,2,y,V1", "2026-03-04,7.00,,7.00,甲,1,x,V1"),
        csv_of("2026-03-04,7.00,,7.00,甲,1,x,V1"),
    ]
    assert [[line.counterparty for line in lines(imported(world, content))] for content in genuine] == [
        ["甲"],
        ["乙"],
        [],
    ]


def test_a_payout_that_comes_back_is_owed_and_sent_again_and_both_are_matched(
    app: Flask, world: World
) -> None:
    contract = world.settled_unrated()
    bank = world.actor("custodian")
    came = [
        f"2026-03-02,{paid.amount / 100:.2f},,,buyer单位,6228,{paid.reference},IN{n}"
        for n, paid in enumerate(world.every(Payment, contract))
    ]
    imported(world, csv_of(*came))
    payout = world.one(Payout, contract, kind="earned")
    mine, amount = reference(payout.identifier), f"{payout.amount / 100:.2f}"
    payouts.send(bank, payout.identifier, bank_reference="20260302-1")
    imported(world, csv_of(f"2026-03-02,,{amount},,agency单位,6228,{mine},OUT1"))
    assert world.one(Payout, contract, kind="earned").state == "arrived"
    back = imported(
        world,
        camt(
            entry(amount, "CRDT", f"<RvslInd>true</RvslInd>{detail(f'退汇 {mine}')}", reference="BACK1"),
            closing="0.00",
        ),
    )
    assert [(line.state, line.problem) for line in lines(back)] == [("open", "returned")]
    custodian = sign_in(app, world, "custodian")
    page = custodian.get(f"/custody/statements/{back}/1")
    assert (page.value_of("way"), page.value_of("identifier")) == ("returned", payout.identifier)
    assert custodian.submit(f"/custody/statements/{back}/1", reason="账号已销户").status == 303
    owed = world.one(Payout, contract, kind="earned")
    assert (owed.state, [line.case_identifier for line in lines(back)]) == ("due", [payout.identifier])
    assert books.balance(db.session, clearing("bank")) == 0
    payouts.send(bank, payout.identifier, bank_reference="20260303-1", **TOLD)
    second = imported(world, csv_of(f"2026-03-03,,{amount},,agency单位,6228,{mine},OUT2"))
    assert [(line.state, line.case_identifier) for line in lines(second)] == [("matched", payout.identifier)]
    assert (
        world.one(Payout, contract, kind="earned").state,
        books.balance(db.session, clearing("bank")),
        books.balance(db.session, books.BANK),
    ) == ("arrived", 0, 0)
    third = imported(world, csv_of(f"2026-03-04,,{amount},,agency单位,6228,{mine},OUT3"))
    assert [line.problem for line in lines(third)] == ["done"], "sent twice, it is not there a third time"


def test_a_return_in_a_table_after_somebody_said_so(app: Flask, world: World) -> None:
    """The agency says that it did not arrive before the bank's line of it is read: it is owed once."""
    contract = world.settled_unrated()
    bank = world.actor("custodian")
    for paid in world.every(Payment, contract):
        paying.receive(bank, paid.identifier)
    payout = world.one(Payout, contract, kind="earned")
    mine, amount = reference(payout.identifier), f"{payout.amount / 100:.2f}"
    payouts.send(bank, payout.identifier, bank_reference="20260302-1")
    payouts.bounce(world.actor("agency"), payout.identifier, reason="账号写错,银行退回")
    both = imported(
        world,
        csv_of(
            f"2026-03-02,,{amount},,agency单位,6228,{mine},OUT1",
            f"2026-03-03,{amount},,,agency单位,6228,退款 {mine},BACK1",
        ),
    )
    assert [(line.state, line.problem) for line in lines(both)] == [("matched", ""), ("open", "returned")]
    assert (
        sign_in(app, world, "custodian").submit(f"/custody/statements/{both}/2", reason="与银行核实").status
        == 303
    )
    owed = world.one(Payout, contract, kind="earned")
    assert (owed.state, owed.tries) == ("due", 1)
    assert books.balance(db.session, books.payable(world.organisation("agency").uscc)) == payout.amount
    assert statement_discrepancy(db.session) is None


def test_a_payout_on_its_way_again_is_not_sent_a_third_time(app: Flask, world: World) -> None:
    """It bounced, somebody said so, it was sent again.

    Only then the bank's lines of the first try are read, both at once.
    """
    contract = world.settled_unrated()
    bank = world.actor("custodian")
    for paid in world.every(Payment, contract):
        paying.receive(bank, paid.identifier)
    payout = world.one(Payout, contract, kind="earned")
    mine, amount = reference(payout.identifier), f"{payout.amount / 100:.2f}"
    payouts.send(bank, payout.identifier, bank_reference="20260302-1")
    payouts.bounce(world.actor("agency"), payout.identifier, reason="账号写错,银行退回")
    payouts.send(bank, payout.identifier, bank_reference="20260303-1", **TOLD)
    both = imported(
        world,
        csv_of(
            f"2026-03-02,,{amount},,agency单位,6228,{mine},OUT1",
            f"2026-03-03,{amount},,,agency单位,6228,退款 {mine},BACK1",
        ),
    )
    assert world.one(Payout, contract, kind="earned").state == "sent", (
        "the first try left; nothing says that the second arrived"
    )
    custodian, path = sign_in(app, world, "custodian"), f"/custody/statements/{both}/2"
    assert custodian.get(path).value_of("way") == "returned_before"
    assert "以免重复拨付" in custodian.submit(path, way="returned", reason="与银行核实").error_at("way")
    assert custodian.submit(path, reason="与银行核实").status == 303
    db.session.rollback()
    assert (
        world.one(Payout, contract, kind="earned").state,
        books.balance(db.session, books.payable(world.organisation("agency").uscc)),
    ) == ("sent", 0)
    second = imported(
        world,
        csv_of(
            f"2026-03-03,,{amount},,agency单位,6228,{mine},OUT2",
            f"2026-03-04,{amount},,,agency单位,6228,退汇 {mine},BACK2",
        ),
    )
    assert [(line.state, line.problem) for line in lines(second)] == [("matched", ""), ("open", "returned")]
    assert world.one(Payout, contract, kind="earned").state == "arrived"
    path = f"/custody/statements/{second}/2"
    assert custodian.get(path).value_of("way") == "returned"
    assert "重新待拨付" in custodian.submit(path, way="returned_before", reason="与银行核实").error_at("way")
    assert custodian.submit(path, reason="与银行核实").status == 303
    db.session.rollback()
    assert (
        world.one(Payout, contract, kind="earned").state,
        books.balance(db.session, clearing("bank")),
    ) == ("due", 0)


def test_what_the_bank_calls_a_return_is_never_booked_by_itself(world: World) -> None:
    due = world.one(Payment, world.signed(), kind="deposit")
    mine = due.reference
    table = csv_of(
        *(
            f'2026-03-02,"8,000.00",,,buyer单位,6228,{said} {mine},B{n}'
            for n, said in enumerate(("退汇", "冲正", "退款", "撤销"))
        )
    )
    flagged = camt(
        entry("8000.00", "CRDT", detail(mine), reference="R7").replace(
            "<Sts>", "<RvslInd>true</RvslInd><Sts>"
        ),
        closing="0.00",
    )
    because = camt(
        entry(
            "8000.00",
            "CRDT",
            detail(mine).replace("<RmtInf>", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf><RmtInf>"),
            reference="R8",
        ),
        closing="0.00",
    )
    waiting = [
        (line.state, line.problem)
        for content in (table, flagged, because)
        for line in lines(imported(world, content))
    ]
    assert waiting == [("open", "returned")] * 6
    assert world.one(Payment, due.contract.identifier, kind="deposit").state == "due"
    assert [line.returned for line in read(csv_of("2026-03-02,,5.00,,甲,1,退款 Z202600000112,B1")).lines] == [
        False
    ], "our own refunds are called so"


def test_where_a_balance_does_not_follow_a_line_may_be_missing_and_the_custodian_is_told(
    app: Flask, world: World
) -> None:
    rows = [f"2026-03-02,1.00,,{balance}.00,甲,,x,{balance}" for balance in (1, 2, 3, 5, 6)]
    assert read("\n".join([HEADING, *rows])).gaps == read("\n".join([HEADING, *reversed(rows)])).gaps == 1
    assert read("\n".join([HEADING, *rows[:3]])).gaps == 0
    assert read("\n".join([HEADING, *(row.replace(",1.00,,", ",1.50,,") for row in rows)])).gaps == 0, (
        "the balance of a day, not of a line"
    )
    bank = sign_in(app, world, "custodian")
    for some, told in ((rows, True), (rows[:3], False)):
        done = bank.submit("/custody/import", file="\n".join([HEADING, *some]).encode())
        assert ("余额有 1 处和上一笔接不上" in bank.get(done.location).text) == told
