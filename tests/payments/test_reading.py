"""Statements as banks export them: every way to write a heading, a day, a sum and a direction.

What cannot be read waits for a person.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from market.exports import as_xlsx
from market.extensions import db
from market.payments import actions as payments
from market.payments import reading
from market.payments.jobs import match_lines
from market.payments.reading import Line, cells
from models import ledger
from models.ledger import clearing
from models.payments import (
    BankLine,
    BankStatement,
    Payment,
    Payout,
    StatementLayout,
    WaitingStatement,
    named_in,
    off_by,
    reference,
)
from models.text import Problem, RuleBroken
from tests.cases import case
from tests.factories import World
from tests.payments.test_bank import ACCOUNT, camt, csv_of, detail, entry, imported, lines
from tests.web import Answer, Visitor, sign_in

OTHER = "6228000000000000011"
HEADING = "交易日期,收入,支出,余额,对方户名,对方账号,摘要,流水号"


def read(content: bytes | str) -> reading.Parsed:
    return reading.read(content.encode() if isinstance(content, str) else content, ACCOUNT, {})


def sums(content: bytes | str) -> list[int]:
    return [line.amount for line in read(content).lines]


# --- The files from the field


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        ("icbc.csv", [(1, 30_000, "利息"), (2, 800_000, "转账 M202600000180")]),
        ("cmb.csv", [(2, 800_000, "转账汇款 M202600000180"), (2, -100_000, "转账汇款 Z202600000112")]),
        ("alipay.csv", [(2, 800_000, "M202600000180")]),
        ("slash_dates.csv", [(2, 800_000, "M202600000180")]),
        ("newest_first.csv", [(1, 10_000, "a"), (2, 20_000, "b")]),
        ("same_voucher.csv", [(2, 50_000, "M202600000180"), (2, 50_000, "M202600000277")]),
        ("fullwidth_reference.csv", [(2, 800_000, "M202600000180")]),
        ("camt_two_accounts.xml", [(2, 1_000, "利息")]),
        ("camt_indicator_spaces.xml", [(2, 800_000, "M202600000180")]),
        ("camt_five_decimals.xml", [(2, 800_000, "M202600000180")]),
        ("camt_structured_ref.xml", [(2, 800_000, "M202600000180")]),
        ("camt_reversal.xml", [(2, 800_000, "退汇 Z202600000112")]),
    ],
)
def test_a_banks_own_file_is_read_as_it_comes(name: str, read_as: list[tuple[int, int, str]]) -> None:
    assert [(line.day, line.amount, line.remark) for line in read(case(name)).lines] == [
        (date(2026, 3, day), amount, remark) for day, amount, remark in read_as
    ]


PAGE = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta charset="{charset}"></head>'
    "<body><table><tr><td><table>\n"
    '<tr><td colspan="8" align=center><b>账户明细</b></td></tr>'
    "<tr><td>账号</td><td colspan=7>{account}</td></tr>\n"
    "<tr><th>交易日期</th><th>收入</th><th>支出</th><th>余额</th>"
    "<th>对方户名</th><th>对方账号</th><th>摘要</th><th>流水号</th></tr>\n"
    "<tr><td>2026-03-02<td>8,000.00<td>&nbsp;<td>8,000.00<td>青湖<br>科技</td>"
    "<td style='mso-number-format:\"\\@\"'>6228000000000000011</td><td>M202600000180</td><td>1</td></tr>\n"
    "<tr><td>2026-03-03</td><td></td><td>1,000.00</td><td>7,000.00</td>"
    "<td>高原测绘</td><td></td><td>Z202600000112</td><td>2</td></tr>"
    "</table></td></tr></table></body></html>"
)
SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
BOOK = (
    '<?xml version="1.0" encoding="{charset}"?><?mso-application progid="Excel.Sheet"?>\n'
    f'<Workbook xmlns="{SPREADSHEET}" xmlns:ss="{SPREADSHEET}"><Worksheet ss:Name="明细"><Table>\n'
    '<Row><Cell ss:MergeAcross="7"><Data ss:Type="String">账号:{account}</Data></Cell></Row>\n'
    "<Row>"
    + "".join(f'<Cell><Data ss:Type="String">{name}</Data></Cell>' for name in HEADING.split(","))
    + "</Row>\n"
    '<Row><Cell><Data ss:Type="DateTime">2026-03-02T00:00:00.000</Data></Cell>'
    '<Cell><Data ss:Type="Number">8000</Data></Cell>'
    '<Cell ss:Index="4"><Data ss:Type="Number">8000</Data></Cell>\n'
    '<Cell><Data ss:Type="String">青湖 科技</Data></Cell>'
    '<Cell><Data ss:Type="String">6228000000000000011</Data></Cell>'
    '<Cell><Data ss:Type="String"><B>M2026</B>00000180</Data></Cell></Row>\n'
    '<Row><Cell><Data ss:Type="String">2026-03-03</Data></Cell>'
    '<Cell ss:Index="3"><Data ss:Type="Number">1000</Data></Cell>'
    '<Cell><Data ss:Type="Number">7000</Data></Cell>\n'
    '<Cell ss:Index="7"><Data ss:Type="String">Z202600000112</Data></Cell></Row>'
    "</Table></Worksheet></Workbook>"
)


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "utf-16"])
@pytest.mark.parametrize("text", [PAGE, BOOK], ids=["a page", "XML of 2003"])
def test_what_is_called_xls_and_is_none_is_read(text: str, charset: str) -> None:
    found = read(
        text.format(charset=charset, account=ACCOUNT).encode("gb18030" if charset == "gb2312" else charset)
    )
    assert [(line.day, line.amount, line.remark) for line in found.lines] == [
        (date(2026, 3, 2), 800_000, "M202600000180"),
        (date(2026, 3, 3), -100_000, "Z202600000112"),
    ]
    assert (found.opening, found.closing) == (0, 700_000)
    assert (found.lines[0].counterparty, found.lines[0].counterparty_account) == (
        "青湖 科技",
        "6228000000000000011",
    )


def page(*rows: str) -> list[Line]:
    """The lines of a page's table of these rows."""
    return read(
        "<html><table><tr><td>"
        + "<td>".join(HEADING.split(","))
        + "".join(f"<tr>{row}" for row in rows)
        + "</table>"
    ).lines


def test_what_a_page_shows_is_read_and_nothing_else() -> None:
    plain = "<td>2026-03-03<td>5.00<td><td>5.00<td>甲<td><td>z<td>2"
    for odd in (
        "<td>2026-03-02<td>100<br>50<td><td>",
        "<td>2026-03-02<td><div>100</div><div>50</div><td><td>",
        "<td>2026-03-02<td>100<sup>2</sup><td><td>",
    ):
        assert [(line.amount, line.problem) for line in page(f"{odd}<td>甲<td><td>y<td>1", plain)] == [
            (0, "unreadable"),
            (500, ""),
        ]
    seen = (
        "<td>2026/3/1<br>8:11:12<td>1<b>00</b><span style='display: none'>9</span><td hidden>1"
        "<td><!-- 7 --><td>0.00<script>1</script><td>甲<td><td>y<td>1"
    )
    assert [(line.day, line.amount) for line in page(seen, plain)] == [
        (date(2026, 3, 1), 10_000),
        (date(2026, 3, 3), 500),
    ]
    inside = "<form><td>2026-03-02<td><table><tr><td>8.00</table><td><td>8.00<td>乙<td><td>y<td>1</form>"
    assert [line.amount for line in page(inside, plain)] == [800, 500]


def test_where_things_stand_on_a_page_is_no_part_of_the_table() -> None:
    """Text above it, tables behind its end, one table in a line, a head whose cells go down into nothing."""
    rows = "<tr><td>2026-03-02<td>8.00<td><td>8.00<td>甲<td><td>x<td>1"
    head = (
        "<thead><tr>" + "".join(f"<th rowspan=2>{each}</th>" for each in HEADING.split(",")) + "</tr></thead>"
    )
    assert [line.amount for line in read(f"<html><table>{head}<tbody>{rows}</tbody></table>").lines] == [800]
    assert [
        line.amount
        for line in read(
            f"<html><table>{head}<tbody>{rows}</tbody></table></html><html><table><tr><td>2026-03-03<td>9.00<td><td>17.00<td>乙<td><td>x<td>2</table></html>"
        ).lines
    ] == [800, 900]
    for above in (
        f"<p>账号:{OTHER}</p>",
        f"<div><div>账号:{OTHER}</div></div>",
        f"账号:{OTHER}",
        f"<span>账号:</span><b>{OTHER}</b><br>",
        f"<form>账号:{OTHER}",
    ):
        with pytest.raises(RuleBroken, match="另一个账户"):
            read(f"<html>{above}<table>{head}<tbody>{rows}</tbody></table>")
    with pytest.raises(RuleBroken, match="另一个账户"):
        read(f"<html><table><caption>账号:{OTHER}</caption>{head}<tbody>{rows}</tbody></table>")
    with pytest.raises(RuleBroken, match="另一个账户"):
        read(f"<html><table><tr><td>账号:{OTHER}<table>{head}<tbody>{rows}{rows}</tbody></table></table>")
    inside = rows.replace("<td>x", "<td><table><tr><td>订单<td>M202600000180</table>")
    (line,) = read(f"<html><table>{head}<tbody>{inside}</tbody></table>").lines
    assert (line.amount, line.remark) == (800, "订单 M202600000180")
    swapped = (
        "<html><table><tr><td>交易日期<td>摘要<td>收入<td>支出"
        "<tr><td>2026-03-02<td style='visibility:hidden'>x<td><td>9.00</table>"
    )
    assert sums(swapped) == [-900]
    assert [
        line.amount
        for line in page(
            "<td>2026-03-02<td rowspan=2>8.00<td><td>8.00<td>甲<td><td>x<td>1",
            "<td style='display:none'>x",
            "<td>2026-03-03<td><td>9.00<td>1.00<td>乙<td><td>x<td>2",
        )
    ] == [800, -900]


def test_cells_that_go_down_over_rows_move_nothing() -> None:
    down = (
        "<td rowspan=2>2026-03-02<td>8.00<td><td>8.00<td>甲<td><td>x<td>1",
        "<td>9.00<td><td>17.00<td>乙<td><td>y<td>2",
    )
    assert [(line.amount, line.counterparty) for line in page(*down)] == [(800, "甲"), (0, "")], (
        "a row without a day waits"
    )
    mid = (
        "<td>2026-03-02<td>8.00<td rowspan=2><td>8.00<td>甲<td><td>x<td>1",
        "<td>2026-03-03<td>9.00<td>17.00<td>乙<td><td>y<td>2",
    )
    assert [line.amount for line in page(*mid)] == [800, 900]
    name = f'xmlns="{SPREADSHEET}" xmlns:ss="{SPREADSHEET}"'
    cell = '<Cell{}><Data ss:Type="{}">{}</Data></Cell>'.format
    head = "".join(cell("", "String", each) for each in HEADING.split(",")[:4])
    first = (
        cell("", "String", "2026-03-02")
        + cell("", "Number", "1234.5599999999999")
        + '<Cell ss:MergeDown="1"/>'
        + cell("", "Number", "1234.56")
    )
    second = (
        cell("", "String", "2026-03-03") + cell("", "Number", "1.2345E4") + cell("", "Number", "13579.56")
    )
    assert sums(
        f"<Workbook {name}><Table><Row>{head}</Row><Row>{first}</Row><Row>{second}</Row></Table></Workbook>"
    ) == [123_456, 1_234_500]


def test_a_long_page_is_read_to_its_end_and_a_message_is_no_page() -> None:
    style = "<style>" + "td { mso-number-format: x } " * 2_000 + "</style>"
    rows = "".join(
        f"<tr><td>2026-03-02<td><div>1.00<td><td>{number}.00<td>甲<td><td>x<td>{number}"
        for number in range(1, 600)
    )
    assert (
        len(
            read(
                f"<!-- made -->{style}<html><table><tr><td>{'<td>'.join(HEADING.split(','))}{rows}</table>"
            ).lines
        )
        == 599
    )
    message = camt(entry("1.00", "CRDT", detail("office:spreadsheet &lt;table"))).decode()
    assert (
        len(
            read(
                message.replace(
                    "<BkToCstmrStmt>",
                    "<!-- <table urn:schemas-microsoft-com:office:spreadsheet --><BkToCstmrStmt>",
                )
            ).lines
        )
        == 1
    )


@pytest.mark.parametrize(
    "text",
    [
        "<html><p>会话已超时,请重新登录</p></html>",
        "<html>",
        "<table></table>",
        f"<html><table><tr><td colspan='{'9' * 5_000}'>x</td></tr></table>",
        "<html><table>" + "<tr><td>x</td></tr>" * 300_000,
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Table><Row>',
        '<!DOCTYPE x [<!ENTITY a "b">]><Workbook xmlns="urn:schemas-microsoft-com:office:'
        'spreadsheet">&a;</Workbook>',
        "<table>" * 5_000 + "<tr><td>" * 5_000,
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Row><Cell '
        'Index="٣"/><Cell Index="99999999999"/><Cell MergeAcross="0"/></Row></Workbook>',
    ],
)
def test_a_page_that_is_no_table_is_refused_as_such(text: str) -> None:
    with pytest.raises(Problem):
        read(text)


def test_balances_are_those_before_and_after_whatever_the_order() -> None:
    assert [
        (p.opening, p.closing)
        for p in (read(case("newest_first.csv")), read(case("icbc.csv")), read(case("cmb.csv")))
    ] == [(0, 30_000), (0, 830_000), (30_000, 730_000)]
    two = read(case("camt_two_accounts.xml"))
    assert (two.account, two.opening, two.closing, two.left_out) == (ACCOUNT, 0, 1_000, 1)
    assert [(line.counterparty, line.counterparty_account) for line in read(case("cmb.csv")).lines] == [
        ("青湖测试科技有限公司", "6228000000000000011"),
        ("高原测绘有限公司", ""),
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("camt_no_indicator.xml", "第 1 笔没有说明"),
        ("camt054.xml", "CAMT.053"),
        ("float_artefact.xlsx", "设为文本"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(name: str, said: str) -> None:
    with pytest.raises(RuleBroken, match=said) as refused:
        read(case(name))
    assert refused.value.field == "file"


def test_what_a_spreadsheet_added_to_a_sum_is_not_anybodys() -> None:
    assert sums(
        as_xlsx(
            [
                ["交易日期", "收入", "支出"],
                ["2026-03-02", 69204.44999999998, None],
                [date(2026, 3, 2), None, 0.1 + 0.2],
            ]
        )
    ) == [6_920_445, -30]


# --- Encodings, separators, headings


TABLE = f'{HEADING}\n2026-03-02,"8,000.00",,8000.00,甲,1,M202600000180,T1\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["", "\x1a", "\r\n\x1a", "\0\0"])
def test_a_table_in_any_encoding_and_with_the_end_old_systems_write(encoding: str, end: str) -> None:
    if end == "\0\0" and encoding.startswith("utf-16"):
        end = ""
    assert sums((TABLE + end).encode(encoding)) == [800_000]


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
def test_a_table_with_anything_between_its_cells(separator: str) -> None:
    rows = [
        HEADING.split(","),
        ["2026-03-02", "8,000.00", "", "8,000.00", "甲,乙", "1", "x,y", "T1"],
        ["2026-03-03", "", "1,000.00", "7,000.00", "甲", "1", "", "T2"],
    ]
    assert sums("\n".join(separator.join(row) for row in rows)) == [800_000, -100_000]


@pytest.mark.parametrize(
    ("heading", "row"),
    [
        ("记账日期,借方发生额(支取),贷方发生额(收入),余额", "20260302,,8000.00,8000.00"),
        ("日期,借方发生额（支取）,贷方发生额（收入）", "2026年3月2日,0.00,8000.00"),
        ("Date,Debit Amount,Credit Amount,Balance", "2026-03-02,,8000.00,1.00"),
        ("交易日,支出(元),收入(元)", "2026.3.2,-,8000.00元"),
        (" 交易时间 ,*支出金额:,*收入金额:", "2026-03-02 10:11:12,,＋８，０００．００"),
        ("交易日期,交易金额(元)", "46083,+8000.00"),
        ("交易日期,借贷标志,发生额", "2026/3/2,贷,8000.00"),
        ("交易时间,收/支,金额", "2026-03-01T18:00:00Z,收入,8000"),
        ("记账日,Dr/Cr,交易金额", "2026-03-02,C,8000.00"),
        ("交易日期,借/贷,金额(元)", "2026-3-2,贷方,人民币8000.00元"),
        ('="交易日期",="收入",="支出"', '="2026-03-02",="8000.00",=""'),
    ],
)
def test_headings_days_and_sums_in_every_usual_form(heading: str, row: str) -> None:
    [line] = read(
        f"某某银行账户明细\n打印时间:2026-03-03\n\n{heading}\n{row}\n合计,,8000.00,8000.00\n本页共 1 笔\n"
    ).lines
    assert (line.day, line.amount, line.problem) == (date(2026, 3, 2), 800_000, "")


@pytest.mark.parametrize(
    ("rows", "amounts"),
    [
        ("2026-03-02,,-100.00,900.00,a", [-10_000]),  # every sum that went out has a minus
        (
            "2026-03-02,,100.00,900.00,a\n2026-03-02,,-100.00,1000.00,冲正",
            [-10_000, 10_000],
        ),  # one was taken back
        (
            "2026-03-01,100.00,,1100.00,a\n2026-03-02,,-100.00,1200.00,红字",
            [10_000, 10_000],
        ),  # and the balances say so
        ("2026-03-02,-5.00,,5.00,红字", [-500]),
        ('2026-03-02,,"1,234.50元",1.00,a', [-123_450]),
        ("2026-03-02,0.00,100.00,1.00,a", [-10_000]),
        ("2026-03-02,（100.00）,,1.00,a", [-10_000]),
    ],
)
def test_a_minus_means_what_the_column_and_the_balances_say(rows: str, amounts: list[int]) -> None:
    assert sums(f"交易日期,收入,支出,余额,摘要\n{rows}") == amounts


def test_one_signed_column_may_be_the_other_way_round() -> None:
    assert sums("日期,金额,余额\n2026-03-01,-100,100\n2026-03-02,40,60\n2026-03-03,10,50") == [
        10_000,
        -4_000,
        -1_000,
    ]
    assert sums(
        "日期,收支,金额,余额\n2026-03-01,收入,100,100\n2026-03-02,支出,-40,60\n2026-03-02,支出,-10,50"
    ) == [10_000, -4_000, -1_000]


def test_other_accounts_and_what_never_took_place_are_left_out() -> None:
    mixed = read(
        f"账号,交易日期,收入,支出\n{ACCOUNT},2026-03-02,1.00,\n"
        "9999888877776666,2026-03-02,2.00,\n6300 0000 0000 0018,2026-03-02,3.00,"
    )
    assert ([line.amount for line in mixed.lines], mixed.left_out) == ([100, 300], 1)
    parts = read(
        f"账号:{ACCOUNT}\n交易日期,收入,支出\n2026-03-02,1.00,\n账号:9999888877776666\n交易日期,收入,支出\n2026-03-02,2.00,\n"
    )
    assert ([line.amount for line in parts.lines], parts.left_out) == ([100], 1)
    assert sums(
        "交易时间,收/支,金额,交易状态\n2026-03-02,收入,1.00,交易成功\n2026-03-02,收入,2.00,交易关闭"
    ) == [100]
    with pytest.raises(RuleBroken, match="另一个账户"):
        read("账号:9999888877776666\n交易日期,收入,支出\n2026-03-02,2.00,\n")
    assert sums("卡号: 6300****0018\n交易日期,收入,支出\n2026-03-02,2.00,\n") == [200]


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)))
def test_a_day_is_read_in_every_form(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    forms = [
        f"{day:%Y-%m-%d}",
        f"{day:%Y/%m/%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y%m%d}",
        f"{day:%Y%m%d%H%M%S}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y.%m.%d}",
        f"{day:%Y-%m-%d} 10:11:12",
        f"[{day:%Y-%m-%d} 00:00:00]",
        f"{serial}",
        f"{serial}.5",
        f"{day:%Y-%m-%d}T10:11:12+08:00",
        f"{day - timedelta(days=1):%Y-%m-%d}T16:00:00Z",
        f"{day.day}-{day:%b}-{day.year}",
        f"{day:%Y-%m-%d}-10.11.12.000000",
    ]
    assert {cells.day(form) for form in forms} == {day}


# --- Odd lines


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
    assert "请填写金额" in bank.submit(f"{path}/2", way="in", amount="").error_at("amount")
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


# --- CAMT


def test_charges_and_mixed_signs_in_a_batch() -> None:
    charged = (
        '<Ntry><Amt Ccy="CNY">7995.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
        "<BookgDt><Dt>2026-03-02</Dt></BookgDt><AcctSvcrRef>R1</AcctSvcrRef><NtryDtls><TxDtls>"
        '<Amt Ccy="CNY">8000.00</Amt><Chrgs><Rcrd><Amt '
        'Ccy="CNY">5.00</Amt></Rcrd></Chrgs><RmtInf><Ustrd>M2026000</Ustrd><Ustrd>00180</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>'
    )
    found = read(camt(charged)).lines
    assert [(line.amount, named_in(line.remark)[0]) for line in found] == [
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
    assert named_in(f"转账 {broken} 谢谢 20260302") == ([identifier], False)


def test_a_reference_behind_a_long_remark_is_kept() -> None:
    [line] = read(f"{HEADING}\n2026-03-02,1.00,,1.00,甲,1,{'说明' * 150} M202600000180,T1").lines
    assert (len(line.remark), named_in(line.remark)[0]) == (200, ["M-2026-000001"])


# --- Twice


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


# --- What came back


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
    payments.send(bank, payout.identifier, bank_reference="20260302-1")
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
    assert ledger.balance(db.session, clearing("bank")) == 0
    payments.send(bank, payout.identifier, bank_reference="20260303-1")
    second = imported(world, csv_of(f"2026-03-03,,{amount},,agency单位,6228,{mine},OUT2"))
    assert [(line.state, line.case_identifier) for line in lines(second)] == [("matched", payout.identifier)]
    assert (
        world.one(Payout, contract, kind="earned").state,
        ledger.balance(db.session, clearing("bank")),
        ledger.balance(db.session, ledger.BANK),
    ) == ("arrived", 0, 0)
    third = imported(world, csv_of(f"2026-03-04,,{amount},,agency单位,6228,{mine},OUT3"))
    assert [line.problem for line in lines(third)] == ["done"], "sent twice, it is not there a third time"


def test_a_return_in_a_table_after_somebody_said_so(app: Flask, world: World) -> None:
    """The agency says that it did not arrive before the bank's line of it is read: it is owed once."""
    contract = world.settled_unrated()
    bank = world.actor("custodian")
    for paid in world.every(Payment, contract):
        payments.receive(bank, paid.identifier)
    payout = world.one(Payout, contract, kind="earned")
    mine, amount = reference(payout.identifier), f"{payout.amount / 100:.2f}"
    payments.send(bank, payout.identifier, bank_reference="20260302-1")
    payments.bounce(world.actor("agency"), payout.identifier, reason="账号写错,银行退回")
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
    assert ledger.balance(db.session, ledger.payable(world.organisation("agency").uscc)) == payout.amount
    assert off_by(db.session) is None


def test_a_payout_on_its_way_again_is_not_sent_a_third_time(app: Flask, world: World) -> None:
    """It bounced, somebody said so, it was sent again.

    Only then the bank's lines of the first try are read, both at once.
    """
    contract = world.settled_unrated()
    bank = world.actor("custodian")
    for paid in world.every(Payment, contract):
        payments.receive(bank, paid.identifier)
    payout = world.one(Payout, contract, kind="earned")
    mine, amount = reference(payout.identifier), f"{payout.amount / 100:.2f}"
    payments.send(bank, payout.identifier, bank_reference="20260302-1")
    payments.bounce(world.actor("agency"), payout.identifier, reason="账号写错,银行退回")
    payments.send(bank, payout.identifier, bank_reference="20260303-1")
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
    assert "以免重复付出" in custodian.submit(path, way="returned", reason="与银行核实").error_at("way")
    assert custodian.submit(path, reason="与银行核实").status == 303
    db.session.rollback()
    assert (
        world.one(Payout, contract, kind="earned").state,
        ledger.balance(db.session, ledger.payable(world.organisation("agency").uscc)),
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
    assert "重新待付出" in custodian.submit(path, way="returned_before", reason="与银行核实").error_at("way")
    assert custodian.submit(path, reason="与银行核实").status == 303
    db.session.rollback()
    assert (
        world.one(Payout, contract, kind="earned").state,
        ledger.balance(db.session, clearing("bank")),
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


# --- A table nobody knows


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
    assert db.session.scalars(select(StatementLayout)).one().places["remark"] == [5]
    assert db.session.scalars(select(WaitingStatement)).all() == [], "what was taken in waits no longer"
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
    waits = db.session.scalars(select(WaitingStatement.id)).one()
    db.session.rollback()
    assert pressed(bank, f"/custody/import/{waits}/drop").status == 303
    assert db.session.scalars(select(WaitingStatement)).all() == []


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


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(str.encode)
    | st.text(alphabet='日期收入支出余额,;\t|"\n0123456789.-+年月%', max_size=300).map(
        lambda body: (HEADING + "\n" + body).encode()
    )
)
def test_whatever_bytes_come_are_a_statement_or_refused(content: bytes) -> None:
    from market.payments.reading import headings, tabular
    from market.sandboxed import Refused
    from market.sandboxed import tables as sandboxed

    try:
        rows: list[list[str]] = sandboxed.grid(content, headings.WORDS, 500)
    except Refused:
        return
    try:
        parsed: Any = tabular.read(rows, ACCOUNT, {})
    except RuleBroken:
        return
    assert all(line.day >= date(2000, 1, 1) and len(line.remark) <= 200 for line in parsed.lines)
