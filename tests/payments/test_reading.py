"""Statements as banks export them: every way to write a heading, a day, a sum and a direction.

What cannot be read waits for a person.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.payments.reading import cells
from market.spreadsheets import as_xlsx
from models.errors import RuleViolation
from tests.cases import case
from tests.payments.tables import HEADING, read, sums
from tests.payments.test_bank import ACCOUNT


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
    with pytest.raises(RuleViolation, match=said) as refused:
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
    with pytest.raises(RuleViolation, match="另一个账户"):
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
    except RuleViolation:
        return
    assert all(line.day >= date(2000, 1, 1) and len(line.remark) <= 200 for line in parsed.lines)
