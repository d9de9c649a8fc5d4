"""Tables to take away: no cell of them is anything but what it says, whatever program opens them."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import update

from market.config import ROOT
from market.exports import BEGINS, as_csv, as_xlsx
from market.transaction import transaction
from models.accounts import Organisation
from tests.factories import World
from tests.web import sign_in

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "|calc",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "｜calc",
    "﹦1+1",
    "﹢1",
    "﹣1",
    "﹫SUM(A1)",
    "⁼1",
    "⁺1",
    " =1+1",
    "\u3000＝1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u202e=1+1",
    "\u2060＝1",
    "\u0300=1",
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://x")',
    "＝1\n二行",
    " " * 300 + "=1+1",
    "\u200b" * 5_000 + "＝1",
    *(f"{blank}=1+1" for blank in "\u3164\u115f\u1160\uffa0\u2800"),
    " =\u03381",
]
TEXTS = [
    "",
    "公司",
    "1+1",
    "a=b",
    "C-2026-000001",
    "—",
    "−18.2%",
    "'=1",
    "3 - 4",
    "12,345.60",
    "（甲）",
    "①号",
    "2026-03-02",
    "甲|乙",
]


def of_csv(rows: list[list[Any]], separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(rows).decode("utf-8-sig"), newline=""), delimiter=separator))


def of_xlsx(rows: list[list[Any]]) -> list[list[Any]]:
    return [list(row) for row in load_workbook(io.BytesIO(as_xlsx(rows))).active.iter_rows(values_only=True)]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_would_be_reckoned_is_marked_as_a_text(text: str) -> None:
    ((cell, heading), _) = of_csv([[text, "x"], ["y", text]])
    assert (cell[0], heading) == ("'", "x")
    book = load_workbook(io.BytesIO(as_xlsx([[text]])))
    found = book.active["A1"]
    assert (found.data_type, found.value[0]) == ("s", "'")


@pytest.mark.parametrize("text", TEXTS)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert of_csv([[text, "x"]]) == [[text, "x"]]
    assert of_xlsx([[text, "x"]]) == [[text or None, "x"]]


def test_numbers_stay_numbers() -> None:
    assert of_csv([[-1, 2.5, None, True]]) == [["-1", "2.5", "", "True"]]
    assert of_xlsx([[-1, 2.5]]) == [[-1, 2.5]]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_no_other_separator_makes_a_cell_of_a_part(separator: str) -> None:
    """Programs set up for other countries part cells by other marks."""
    (row,) = of_csv([[f"甲{separator}=1+1"]], separator)
    assert row == [f"甲{separator}=1+1"]


@given(rows=st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=4), min_size=1, max_size=5))
def test_whatever_people_write_comes_back_and_is_no_formula(rows: list[list[str]]) -> None:
    for row, found in zip(rows, of_csv(rows), strict=True):
        assert len(row) == len(found)
        for cell in found:
            seen = unicodedata.normalize("NFKC", cell).lstrip("\u200b\ufeff\u2060 \u3000")
            assert seen[:1] not in BEGINS


def test_every_table_goes_through_one_place() -> None:
    """Nothing else writes a file that a spreadsheet program opens."""
    for path in [
        *(ROOT / "market").rglob("*.py"),
        *(ROOT / "models").rglob("*.py"),
        *(ROOT / "search").rglob("*.py"),
    ]:
        if path.name not in ("exports.py",):
            assert not re.search(
                r"csv\.(writer|DictWriter)|\bWorkbook\(|to_csv|to_excel", path.read_text()
            ), path


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_name_in_full_width_goes_out_as_a_name(app: Flask, world: World, kind: str) -> None:
    with transaction() as session:
        session.execute(
            update(Organisation)
            .where(Organisation.identifier == world.identifiers["agency"])
            .values(name='＝HYPERLINK("http://x")机构')
        )
    answer = sign_in(app, world, "regulator").get(f"/oversight/agencies.{kind}").response
    content = answer.get_data()
    if kind == "csv":
        cells = [
            cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) for cell in row
        ]
    else:
        cells = [
            str(cell)
            for row in load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
            for cell in row
        ]
    (name,) = [cell for cell in cells if "HYPERLINK" in cell]
    assert name.startswith("'")
