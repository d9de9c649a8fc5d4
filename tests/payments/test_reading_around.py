"""What stands above, below and beside a bank's table is heeded, and no part of it."""

from __future__ import annotations

from datetime import date

import pytest

from market.payments.reading import cells
from models.errors import RuleViolation
from tests.payments.tables import HEADING, OTHER, read, sums
from tests.payments.test_bank import ACCOUNT


def test_sums_below_the_lines_are_none() -> None:
    feet = (
        "2026-03-02,0.00,1.00,,本日合计\n"
        "2026-03-31,0,1,,本月合计\n"
        "2026-03-31,0,1,1.00,期末余额\n"
        "借方笔数:0,借方金额:0.00,贷方笔数:1,贷方金额:1.00\n"
        "收入笔数,1,收入总额,1.00\n"
    )
    assert sums(f"交易日期,支出,收入,余额,摘要\n2026-03-02,,1.00,1.00,打印服务费合计\n{feet}") == [100]
    assert sums("交易日期,支出,收入,对方户名,摘要\n2026-03-02,,1.00,甲,合计\n") == [100], (
        "somebody's own word"
    )


def test_a_heading_in_two_rows_is_read_whole() -> None:
    rows = "2026-03-02,,1000,1000,M1\n2026-03-02,100,,900,M2\n2026-03-03,50,,850,M3"
    for heading in (
        "交易日期,发生额,,余额,摘要\n,借方,贷方,,",
        "交易日期,发生额,,余额,摘要\n,支出,收入,,",
        "交易日期,借方发生额,贷方发生额,余额,摘要\nDate,Debit,Credit,Balance,Remark",
    ):
        assert sums(f"{heading}\n{rows}") == [100_000, -10_000, -5_000], heading
    assert sums(
        "日期,收入,,支出,,余额\n,笔数,金额,笔数,金额,\n2026-03-02,1,900.00,,,900.00\n2026-03-03,,,2,100.00,800.00"
    ) == [90_000, -10_000]
    assert sums("日期,发生额(万元),,余额(万元)\n,借方,贷方,\n2026-03-02,,1,1") == [1_000_000]


@pytest.mark.parametrize(
    "foot", ["2026-03-03小计", "2026年3月3日合计", "2026-03-01至2026-03-31", "2026-03-01~2026-03-31"]
)
def test_a_sum_of_some_days_is_no_line(foot: str) -> None:
    found = read(f"{HEADING}\n2026-03-02,1.00,,1.00,甲,,x,1\n{foot},9.00,5.00,,,,,").lines
    assert [line.amount for line in found if not line.problem] == [100]
    for behind in (
        " 10:11:12",
        "-10.11.12.123456",
        " 星期一",
        " 上午10:11",
        "T10:11:12.000+08:00",
        " 10时11分12秒",
        "",
    ):
        assert cells.day("2026-03-02" + behind) == date(2026, 3, 2), behind


def test_another_table_below_is_not_read_as_the_first() -> None:
    first = f"{HEADING}\n2026-03-02,1.00,,1.00,甲,,x,1\n"
    for other in ("交易日期,支出,收入,余额,对方户名,对方账号,摘要,流水号", "交易日期,收入金额,支出金额,余额"):
        with pytest.raises(RuleViolation, match="另一张表"):
            read(f"{first}{other}\n2026-03-03,2.00,,3.00,乙,,x,2") if "支出,收入" in other else read(
                f"{first}日期,支出金额,收入金额,余额\n2026-03-03,2.00,,3.00"
            )
    assert sums(f"{first}{HEADING},\n2026-03-03,2.00,,3.00,乙,,x,2") == [100, 200]


@pytest.mark.parametrize(
    "said",
    [
        "交易日期,收入,支出,交易货币\n2026-03-02,1.00,,USD",
        "币种:美元\n交易日期,收入,支出\n2026-03-02,1.00,",
        "单位:元 币种:美元\n交易日期,收入,支出\n2026-03-02,1.00,",
        "我方账号,交易日期,收入,支出\n6228000000000000011,2026-03-02,1.00,",
    ],
)
def test_another_currency_or_account_is_seen_wherever_it_is_said(said: str) -> None:
    with pytest.raises(RuleViolation):
        read(said)


def test_what_stands_above_is_heeded() -> None:
    assert sums("（单位：万元）\n交易日期,收入,支出\n2026-03-02,1.00,") == [1_000_000]
    assert sums("单位:万元 币种:人民币\n交易日期,收入,支出\n2026-03-02,1.00,") == [1_000_000]
    assert sums(f"账号,{ACCOUNT},20260301\n交易日期,收入,支出\n2026-03-02,1.00,") == [100]
    assert sums("交易日期,收入,支出,当前状态\n2026-03-02,1.00,,支付失败\n2026-03-02,2.00,,支付成功") == [200]
    assert sums(
        f"{HEADING}\n2026-03-02,1.00,,1.00,甲,,x,1\n,,,,付款人账号:6222000000000000001,,,\n2026-03-03,2.00,,3.00,乙,,x,2"
    ) == [100, 200]
    assert sums("交易日期,交易金额,记录\n2026-03-02,+100.00,借记\n2026-03-02,-40.00,借记") == [
        10_000,
        -4_000,
    ], "a sign says more than a column of one word"
    assert (
        sums("发生日期,交易时间,收入,支出\n2026-03-02,10:11:12,1.00,")
        == sums("发生时间,收入,支出\n2026-03-02 10:11:12,1.00,")
        == [100]
    )


@pytest.mark.parametrize(
    "note",
    ["户名,公信,账号,{0}", "余额,1800,笔数,3", "账号,{0}", "币种,人民币", "起始日期,2026-03-01,账号,{0}"],
)
def test_what_stands_above_a_heading_is_no_part_of_it(note: str) -> None:
    rows = "2026-03-02,1000.00,20202,,1000.00\n2026-03-03,,20203,400.00,600.00"
    found = read(f"{note.format(ACCOUNT)}\n交易日期,收入,支票号,支出,余额\n{rows}")
    assert ([line.amount for line in found.lines], found.opening, found.closing, found.left_out) == (
        [100_000, -40_000],
        0,
        60_000,
        0,
    )
    two = "交易日期,发生额,,余额,摘要\n,借方,贷方,,"
    assert sums(
        f"{note.format(ACCOUNT)}\n{two}\n2026-03-02,,1000,1000,M1\n{two}\n2026-03-02,100,,900,M2"
    ) == [100_000, -10_000], "and again on the next page"


@pytest.mark.parametrize(
    "said",
    [
        "币种,美元",
        "单位:美元",
        "货币:美元",
        "币种:美金",
        "单位,美元",
        "币种(Currency):USD",
        "币种[ Currency ]:HKD",
        "Currency Type: USD",
    ],
)
def test_another_currency_is_seen(said: str) -> None:
    with pytest.raises(RuleViolation, match="元为单位"):
        read(f"{said}\n交易日期,收入,支出\n2026-03-02,1.00,")


def test_units_reach_every_way_to_write_a_sum() -> None:
    written = ("¥1.50", "(1.50)", "−1.50", "1.50-", "1.50 CR", "3万", "+0.50")
    rows = "\n".join(f"2026-03-02,{sum_}" for sum_ in written)
    for said in ("单位,万元", "单位:万元", "金额单位:人民币万元"):
        assert sums(f"{said}\n交易日期,发生额\n{rows}") == [
            1_500_000,
            -1_500_000,
            -1_500_000,
            -1_500_000,
            1_500_000,
            3_000_000,
            500_000,
        ], said
    for said in ("单位:分行营业部", "币种:全部币种", "币种(Currency):人民币", "单位:元"):
        assert sums(f"{said}\n交易日期,收入,支出\n2026-03-02,1.00,") == [100], said


@pytest.mark.parametrize(
    "label",
    [
        "账 号:",
        "账号(卡号):",
        "对公账号:",
        "存款账号:",
        "交易账号:",
        "账户:",
        "账号:NRA",
        "户名:甲账号:",
        "本方账号:",
        "帐号:",
    ],
)
def test_whose_account_it_is_is_seen_however_it_is_called(label: str) -> None:
    with pytest.raises(RuleViolation, match="另一个账户"):
        read(f"{label}{OTHER}\n交易日期,收入,支出\n2026-03-02,1.00,")
