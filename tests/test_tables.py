"""Tables people hand in: what is read of them, and which limit stops those that would cost too much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import pytest

from market import spreadsheets
from market.payments import reading
from market.sandbox import OverBudget
from market.spreadsheets import as_csv, as_xlsx
from models.errors import RuleViolation
from tests.hostile import ENTRY, camt, far, row, workbook

COLUMNS: spreadsheets.Headings = {"name": ("名称",), "sum": ("金额",)}
HEAD = row(1, "名称", "金额")
ATTRIBUTE = 'a{}="1"'
STRING = '<row r="{0}"><c r="A{0}" t="s"><v>0</v></c></row>'


def read(content: bytes) -> list[list[str]]:
    return [list(each.values()) for each in spreadsheets.read(content, COLUMNS, ("name",), most=5_000)]


def test_a_workbook_says_what_was_typed() -> None:
    rows = [
        ["*名称", None, "金额"],
        ["甲", "", 12],
        ["乙", "x", 12.5],
        [date(2026, 3, 2), "", datetime.combine(date(2026, 3, 2), time(9, 30))],
        ["", "", ""],
        [None, None, True],
        [" 丙 ", "", -3.0],
        ["007", "", 0.1],
    ]
    assert read(as_xlsx(rows)) == [
        ["甲", "12"],
        ["乙", "12.5"],
        ["2026-03-02", "2026-03-02"],
        ["", "True"],
        ["丙", "-3"],
        ["007", "0.1"],
    ]
    assert read(as_xlsx([["名称", "金额"], *([f"{n}", n] for n in range(5_000))]))[-1] == ["4999", "4999"]


def test_numbers_are_what_was_typed_or_refused() -> None:
    """A spreadsheet keeps 15 digits.

    What it adds behind them is not anybody's, and what it lost of a longer one is lost.
    """
    assert read(
        workbook(
            HEAD + row(2, "甲", 69204.44999999998) + row(3, "乙", 1e-7) + row(4, "丙", 999999999999999.0)
        )
    ) == [
        ["甲", "69204.45"],
        ["乙", "0.0000001"],
        ["丙", "999999999999999"],
    ]
    with pytest.raises(RuleViolation, match=r"第 3 行的“金额”.*文本"):
        read(workbook(HEAD + row(2, "甲", 1.0) + row(3, "乙", 6222021234567890123.0)))
    assert read(workbook(row(1, "名称", "备注") + row(2, "甲", 6222021234567890123.0))) == [["甲", ""]], (
        "a column nobody asked for may hold anything"
    )


def test_a_table_of_another_encoding_and_a_quoted_line_break_are_read() -> None:
    assert read('名称,金额\r\n甲,"1\n2"\r\n\r\n'.encode("gb18030")) == [["甲", "1\n2"]]
    assert read(as_csv([["金额", "名称"], ["1", "甲"]])) == [["甲", "1"]]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: b"", "空的"),
        (lambda: b"\n" * 18_000_000, "空行也算"),
        (lambda: b"\r" * 18_000_000, "空行也算"),
        (lambda: "名称,金额\r\n".encode() + b"\r\n" * 9_000_000, "空行也算"),
        (lambda: b"x" * 19_000_000, "第 1 行超过"),
        (lambda: "名称\n".encode() + b"," * 1_000_000, "第 2 行超过"),
        (lambda: "名称\n".encode() + b"," * 1_000, "一行最多 256 格"),
        (lambda: '名称\n"'.encode() + b"a\n" * 9_000_000, "空行也算"),
        (lambda: "名称\n".encode() + b"x\n" * 5_001, "一次最多 5000 行"),
        (lambda: b"\0" * 19_000_000, "看不懂"),
        (lambda: b"PK\x03\x04" + b"PK\x01\x02" * 2_000_000, "看不懂"),
        (lambda: b"PK\x03\x04", "看不懂"),
        (lambda: "名称\n".encode() + b"x" * 40_000, "一格超过"),
        (lambda: b"x" * 21_000_000, "20 MB"),
    ],
    ids=range(14),
)
def test_a_long_table_is_read_no_further_than_its_limit(made: Callable[[], bytes], said: str) -> None:
    with pytest.raises(RuleViolation, match=said) as refused:
        read(made())
    assert refused.value.field == "file"
    assert not isinstance(refused.value, OverBudget)


def test_a_small_workbook_of_many_strings_is_read_or_refused_before_it_is_unpacked() -> None:
    many = workbook(HEAD + STRING.format(2), "<si><t>a</t></si>" * (20_000_000 // 16))
    assert len(many) < 60_000
    assert read(many) == [["a", ""]]
    more = workbook(HEAD, "<si><t>a</t></si>" * (100_000_000 // 16))
    assert len(more) < 300_000
    with pytest.raises(RuleViolation, match="解压之后有 101 MB"):
        read(more)
    with pytest.raises(RuleViolation, match="一格超过"):
        read(workbook(HEAD + STRING.format(2), f"<si><t>{'a' * 20_000_000}</t></si>"))


@pytest.mark.parametrize(
    ("rows", "shared", "said"),
    [
        (far(1_048_576, "B"), "", "空行也算"),
        (far(2, "XFD"), "", "一行最多 256 格"),
        (far(1_048_576, "XFD"), "", "没有在限度"),
        (far(20_000, "IV"), "", "空格也算"),
        (
            "".join(STRING.format(n) for n in range(2, 5_002)),
            f"<si><t>{'字' * 32_000}</t></si>",
            "没有在限度",
        ),
        ("".join(STRING.format(n) for n in range(2, 5_003)), "<si><t>a</t></si>", "一次最多 5000 行"),
    ],
    ids=["rows", "columns", "both", "cells", "one long string", "one row too many"],
)
def test_a_workbook_over_a_limit_says_which(rows: str, shared: str, said: str) -> None:
    with pytest.raises(RuleViolation, match=said):
        read(workbook(HEAD + rows, shared))
    assert read(as_csv([["名称"], ["甲"]])) == [["甲", ""]], "whoever comes next is served"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: camt(ENTRY * 62_000), "一次最多 5000 行"),
        (lambda: camt("<x/>" * 4_000_000), "太大或者套得太深"),
        (lambda: camt("<x>" * 2_000_000), "太大或者套得太深"),
        (lambda: camt(f"<x>{'a' * 18_000_000}</x>"), "没有记账"),
        (lambda: camt(f"<x {' '.join(map(ATTRIBUTE.format, range(1_000_000)))}/>"), "看不懂"),
        (lambda: camt(ENTRY.replace("<Ustrd>x</Ustrd>", "<Ustrd>x</Ustrd>" * 600_000)), "太大或者套得太深"),
        (lambda: camt(ENTRY.replace("<TxDtls>", "<TxDtls/>" * 10_001 + "<TxDtls>")), "一次最多"),
        (lambda: b'<!DOCTYPE l [<!ENTITY a "aaaa">]><l>&a;</l>', "看不懂"),
        (lambda: b"<" * 19_000_000, "看不懂"),
    ],
    ids=range(9),
)
def test_a_statement_in_xml_is_read_no_further_than_its_limit(made: Callable[[], bytes], said: str) -> None:
    with pytest.raises(RuleViolation, match=said) as refused:
        reading.read(made(), "6300000000000018", {})
    assert not isinstance(refused.value, OverBudget)


def test_a_statement_of_the_most_lines_is_read_whole() -> None:
    parsed = reading.read(camt(ENTRY * reading.MOST_LINES), "6300000000000018", {})
    assert (len(parsed.lines), parsed.lines[-1].amount, parsed.lines[-1].remark) == (5_000, 100, "x")


def test_the_memory_of_who_asks_does_not_grow() -> None:
    content = workbook(HEAD + STRING.format(2), "<si><t>a</t></si>" * (20_000_000 // 16))
    read(content)
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark begins anew

    def held(what: str) -> int:
        return next(
            int(line.split()[1])
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith(what)
        )

    before = held("VmRSS")
    read(content)
    with pytest.raises(RuleViolation):
        read(workbook(HEAD + far(50_000, "IV")))
    assert held("VmHWM") - before < 32 * 1024
