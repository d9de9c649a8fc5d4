"""What a bank's file does not say is not guessed.

The way money went, whether it did, in which unit, on which day; what its programs write besides is
understood.
"""

from __future__ import annotations

from datetime import date
from io import BytesIO

import openpyxl
import pytest

from harness.factories import World
from market.payments import reading
from market.payments.reading import cells
from models.errors import RuleViolation
from tests.payments.tables import HEADING, OTHER, read, sums
from tests.payments.test_bank import ACCOUNT, camt, detail, entry, imported, lines

BOC = (
    "交易类型[ Transaction Type ],交易日期[ Transaction Date ],交易金额[ Trade Amount ],"
    "交易后余额[ After-transaction balance ],摘要[ Reference ]\n"
)


def test_which_way_money_went_is_told_by_the_cells_or_not_at_all() -> None:
    five = (
        "来账,20260302,1000.00,1000.00,a\n"
        "往账,20260302,400.00,600.00,b\n"
        "来账,20260302,50.00,650.00,c\n"
        "往账,20260302,40.00,610.00,d\n"
        "往账,20260303,10.00,600.00,e\n"
    )
    assert sums(BOC + five) == [100_000, -40_000, 5_000, -4_000, -1_000]
    assert sums("交易日期,借贷方标志,交易金额,附言\n2026-03-02,贷,1000.00,a\n2026-03-02,借,400.00,b") == [
        100_000,
        -40_000,
    ]
    assert sums("交易日期,何向,交易金额,附言\n2026-03-02,转入,1000.00,a\n2026-03-02,转出,400.00,b") == [
        100_000,
        -40_000,
    ]
    assert sums("交易日期,交易金额,余额\n2026-03-02,100,100\n2026-03-02,40,140") == [10_000, 4_000], (
        "every balance follows, in this way only"
    )
    for unsaid in (
        "交易日期,交易类型,交易金额\n2026-03-02,网银,1000.00\n2026-03-02,柜面,400.00",
        "交易日期,交易金额\n2026-03-02,1000.00",
        "交易日期,交易金额,余额\n2026-03-02,100,100\n2026-03-02,40,60\n2026-03-02,5,65",
        "交易日期,交易金额,余额\n2026-03-02,100,100\n2026-03-02,100,200",
        "交易日期,支出,收入,余额\n2026-03-02,100,,100\n2026-03-02,50,,150\n2026-03-02,,30,120",
    ):
        with pytest.raises(reading.NotUnderstood):
            read(unsaid)


@pytest.mark.parametrize(
    "status",
    ["已撤销", "交易撤销", "作废", "Failed", "Rejected", "拒绝", "未成功", "处理中", "Pending", "已取消"],
)
def test_what_never_took_place_is_no_line(status: str) -> None:
    assert sums(
        f"交易日期,收入,支出,交易状态\n2026-03-02,100,,{status}\n2026-03-02,7,,成功\n2026-03-02,8,,已入账\n2026-03-02,9,,Booked"
    ) == [700, 800, 900]


@pytest.mark.parametrize("status", ["已冲正", "被退回", "退款成功", "复核"])
def test_what_a_status_leaves_open_waits(status: str) -> None:
    found = read(f"交易日期,收入,支出,交易状态\n2026-03-02,100,,{status}\n2026-03-02,7,,交易成功").lines
    assert [(line.amount, line.problem) for line in found] == [(0, "unreadable"), (700, "")]


def test_every_sheet_of_a_workbook_is_read() -> None:
    book, content = openpyxl.Workbook(), BytesIO()
    for n in range(90):
        book.active.append([f"说明 {n}"])
    for n, heading in enumerate((["交易日期", "收入", "支出"],) * 2, start=1):
        sheet = book.create_sheet(f"第{n}页")
        sheet.append(heading)
        sheet.append([f"2026-03-0{n}", n, None])
    book.save(content)
    assert sums(content.getvalue()) == [100, 200]


def test_a_sum_has_the_unit_its_heading_says() -> None:
    assert sums("交易日期,收入金额(万元),支出金额(万元)\n2026-03-02,1.5,\n2026-03-02,,0.2元") == [
        1_500_000,
        -20,
    ]
    assert sums("单位:万元\n交易日期,收入金额,支出金额\n2026-03-02,1.5,") == [1_500_000]
    assert sums("交易日期,收入金额(人民币元),支出金额(元)\n2026-03-02,1.5,") == [150]
    for unit in ("分", "美元", "USD", "十万元"):
        with pytest.raises(RuleViolation, match="单位"):
            read(f"交易日期,收入金额({unit}),支出金额({unit})\n2026-03-02,15,")


@pytest.mark.parametrize("empty", ["NULL", "N/A", "---", "——", "null", "-", "/", "0.00"])
def test_a_cell_that_says_nothing(empty: str) -> None:
    [line] = read(f"交易日期,收入,支出,对方户名\n2026-03-02,1.00,{empty},甲").lines
    assert (line.amount, line.counterparty) == (100, "甲")


@pytest.mark.parametrize(
    "currency", ["CNY-人民币", "01-人民币", "人民币(CNY)", "本位币", "CNY人民币", "人民币元", "RMB", "156"]
)
def test_our_currency_in_any_name(currency: str) -> None:
    assert sums(f"交易日期,收入,支出,币种\n2026-03-02,1.00,,{currency}") == [100]
    with pytest.raises(RuleViolation, match="人民币"):
        read("交易日期,收入,支出,币种\n2026-03-02,1.00,,CNY/USD")


@pytest.mark.parametrize(
    "day",
    [
        "26/03/02",
        "26-03-02",
        "2-Mar-26",
        "02MAR2026",
        "02-3月 -26",
        "20260302.0",
        "2026 03 02",
        "Mon Mar 02 10:11:12 CST 2026",
        "2026-3月-2",
        "02-MAR-2026 10:11",
        "26/03/02 10:11",
    ],
)
def test_a_day_as_other_programs_write_it(day: str) -> None:
    assert cells.day(day) == date(2026, 3, 2)


@pytest.mark.parametrize(
    "day", ["02/03/2026", "02/03/26", "26/03/25", "Mon Mar 02 10:11:12 EST 2026", "0302", "31/02/2026"]
)
def test_a_day_that_may_be_another_is_none(day: str) -> None:
    with pytest.raises(ValueError, match="day"):
        cells.day(day)
    assert cells.day("13/03/2026") == date(2026, 3, 13)


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (["03/04/2026", "13/04/2026"], "dmy"),
        (["03/04/2026", "04/13/2026"], "mdy"),
        (["26/03/12", "26/03/25"], "ymd"),
        (["03/04/2026"], ""),
        (["3.4.26", "27.11.26 10:00"], "dmy"),
        (["2026-03-04", "x", ""], ""),
        (["13/04/2026", "04/13/2026", "02/03/2026"], ""),
        (["31/31/2026", "13/04/2026"], "dmy"),
    ],
)
def test_the_days_of_a_file_tell_their_order(days: list[str], order: str) -> None:
    assert cells.order(days) == order
    rows = "\n".join(
        f"{day},1.00,,{number}.00,公司,1,备注,{number}"
        for number, day in enumerate(["05/06/2026", "28/06/2026"], start=1)
    )
    assert [line.day for line in read(f"{HEADING}\n{rows}").lines] == [date(2026, 6, 5), date(2026, 6, 28)]


def test_a_file_whose_days_contradict_each_other_or_what_was_told_is_not_read() -> None:
    rows = (
        "打印日期,13/12/2026\n"
        + HEADING
        + "\n03/04/2026,1.00,,1.00,公司,1,备注,1\n{},1.00,,2.00,公司,1,备注,2"
    )
    with pytest.raises(reading.NotUnderstood):
        read(rows.format("02/03/2026"))
    told = reading.Layout(1, {"day": [0], "came_in": [1], "went_out": [2]}, order="mdy")
    assert [
        line.day for line in reading.read(rows.format("02/13/2026").encode(), ACCOUNT, {}, told).lines
    ] == [date(2026, 3, 4), date(2026, 2, 13)][::-1]
    with pytest.raises(reading.NotUnderstood, match="不是这样写的"):
        reading.read(rows.format("25/12/2026").encode(), ACCOUNT, {}, told)


def test_a_row_with_a_comma_in_its_sum_is_not_read_one_column_on() -> None:
    odd = read(
        f"{HEADING}\n2026-03-02,8,000.00,,8000.00,公司,1,备注,1\n2026-03-03,5.00,,8005.00,公司,1,备注,2"
    ).lines
    assert [(line.amount, line.problem) for line in odd] == [(0, "unreadable"), (500, "")]
    with pytest.raises(reading.NotUnderstood, match="多出几格"):
        read(f"{HEADING}\n2026-03-02,8,000.00,,8000.00,公司,1,备注,1")
    for split in (
        "2026-03-02,,1,234.56,,张三,,,",
        "2026-03-02,+1,234.56,,,张三,,",
        "2026-03-02,¥1,234.56,,,张三,,,",
    ):
        with pytest.raises(reading.NotUnderstood):
            read(f"{HEADING}\n{split}")
    assert [line.amount for line in read(f"{HEADING}\n2026-03-02,8.00,,8000.00,公司,1,备注,1,,").lines] == [
        800
    ], "blank cells behind say nothing"


def test_a_quotation_mark_that_is_never_closed_takes_no_line_with_it() -> None:
    rows = (
        '2026-03-02,1.00,,1.00,甲,,"青湖测,1\n2026-03-03,2.00,,3.00,乙,,z,2\n2026-03-04,3.00,,6.00,丙,,z,3\n'
    )
    assert sums(f"{HEADING}\n{rows}")[1:] == [200, 300]
    assert sums(f'{HEADING}\n2026-03-02,"1,000.00",,"1,000.00",甲,,"两行\n附言",1') == [100_000]


def test_a_sign_before_some_sums_does_not_turn_the_others() -> None:
    assert sums(
        "交易日期,收入/支出,交易金额\n2026-03-02,收入,1000\n2026-03-02,支出,400\n2026-03-02,支出,-5"
    ) == [100_000, -40_000, 500]
    assert sums("交易日期,标记,交易金额,余额\n2026-03-02,贷,1000,1000\n2026-03-02,借,400,600") == [
        100_000,
        -40_000,
    ]


def test_what_is_said_beside_a_line_takes_none_away() -> None:
    assert sums('交易日期,收入,支出,余额,附言\n2026-03-02,1.00,,1.00,"货款\n2026-03-03,2.00,,3.00,尾款"')[
        1:
    ] == [200]
    assert sums("交易日期,收入,支出,商品说明,支付方式\n2026-03-02,1.00,,a,余额\n2026-03-02,2.00,,b,余额") == [
        100,
        200,
    ]
    with pytest.raises(reading.NotUnderstood):
        read("交易日期,收入,支出,余额\n2026-03-02,1,000.00,")
    assert sums(
        f"{HEADING}\n2026-03-02,1.00,,1.00,甲,,x,1\n,,,,,,账号{OTHER},\n2026-03-03,2.00,,3.00,乙,,x,2"
    ) == [100, 200]
    assert sums(
        "日期 Date,收入 Credit,支出 Debit\n`2026-03-02 10:11:12,1.00,\n2026-03-02 凌晨01:02,2.00,"
    ) == [100, 200]


def test_a_file_that_is_no_table_is_not_asked_about() -> None:
    for content in (b"%PDF-1.7\n" + b"1 0 obj\n" * 50, b"\n%PDF-1.4"):
        with pytest.raises(RuleViolation, match="看不懂这个文件"):
            reading.read(content, ACCOUNT, {})


def test_a_side_behind_a_sum() -> None:
    assert [cells.fen(text) for text in ("1,234.50-", "1234.50CR", "1,234.50 DR", "-1.00")] == [
        -123_450,
        123_450,
        -123_450,
        -100,
    ]
    assert sums('日期,金额,摘要\n2026-03-02,"1,234.50-",x\n2026-03-03,1234.50CR,y\n2026-03-03,5,z') == [
        -123_450,
        123_450,
        500,
    ]


def test_our_account_with_its_name_and_one_a_spreadsheet_cut() -> None:
    assert sums(f"账号,交易日期,收入,支出\n{ACCOUNT}-托管专户,2026-03-02,1.00,") == [100]
    for column, row in (("账号", "6.3E+15"), ("交易流水号", "2.02603E+16")):
        with pytest.raises(RuleViolation, match="设为文本"):
            read(f"{column},交易日期,收入,支出\n{row},2026-03-02,1.00,")


def test_an_odd_balance_of_a_message_refuses_nothing() -> None:
    for odd in (
        camt(entry("1.00", "CRDT", detail("x")), closing="100.005"),
        camt(entry("1.00", "CRDT", detail("x"))).replace(
            b'<Amt Ccy="CNY">8000.00', b'<Amt Ccy="HKD">8000.00'
        ),
    ):
        found = read(odd)
        assert ([line.amount for line in found.lines], found.opening, found.closing) == ([100], 0, None)


def test_a_number_of_the_row_is_no_reference(world: World) -> None:
    head = "交易序号,交易日期,收入,支出,对方户名,摘要\n"
    one, two = "2026-03-02,1.00,,甲,x", "2026-03-02,2.00,,乙,y"
    added = [
        lines(imported(world, (head + body).encode()))
        for body in (f"1,{one}\n2,{two}", f"1,{two}\n2,{one}", f"0001,{one}\n0002,{one}")
    ]
    assert list(map(len, added)) == [2, 0, 1]
