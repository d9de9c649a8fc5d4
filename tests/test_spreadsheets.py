"""Every export: no cell of it is anything but what it says, whatever program opens it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell import Cell
from sqlalchemy import literal, update

from harness.factories import World
from market import batches
from market.agencies.actions import shortlist
from market.config import ROOT
from market.extensions import db
from market.jobs import run_deadlines
from market.oversight.contracts import GROUPS
from market.oversight.money import VIEWS
from market.payments.actions import importing
from market.spreadsheets import BEGINS, as_csv, as_xlsx, rate, yuan
from market.transaction import transaction
from models.accounts import Organisation
from tests.every_case import name_the_cases
from tests.web import Visitor, sign_in

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
    assert of_csv([[4.699999999999999, 0.1 + 0.2, 2.0]]) == [["4.7", "0.3", "2"]]
    assert of_xlsx([[4.699999999999999, 0.1 + 0.2]]) == [[4.7, 0.3]]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_no_other_separator_makes_a_cell_of_a_part(separator: str) -> None:
    """Programs set up for other countries part cells by other marks."""
    (row,) = of_csv([[f"甲{separator}=1+1"]], separator)
    assert row == [f"甲{separator}=1+1"]


@example(rows=[[" \r", "\u3000\t", "\u200b\n"]])
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
        if path.name != "spreadsheets.py":
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


# Every export: the endpoint, who takes it away, and what is asked for.
EXPORTS = {
    "agencies.import_template": ("agency", ["/imports/fees", "/imports/agencies"]),
    "agencies.export_batch": ("agency", ["/batches/{batch}"]),
    "agencies.export_checks": ("regulator", ["/oversight/checks"]),
    "agencies.export_shortlist": ("buyer", ["/my/agencies"]),
    "credit.export_listed": ("visitor", ["/credit/listings"]),
    "credit.export_unranked": ("visitor", ["/credit/unranked"]),
    "oversight.export_reports": ("regulator", ["/oversight/reports"]),
    "oversight.export_complaints": ("regulator", ["/oversight/complaints"]),
    "oversight.export_handling": ("visitor", ["/handling"]),
    "ratings.export_followed": ("regulator", ["/oversight/follow-ups"]),
    "ratings.export_appealed": ("regulator", ["/oversight/rating-appeals"]),
    "contracts.export_reviews": ("department", ["/reviews?standing=passed", "/reviews"]),
    "oversight.export_agencies": ("regulator", ["/oversight/agencies"]),
    "oversight.export_agency": ("regulator", ["/oversight/agencies/{agency}"]),
    "contracts.export_contracts": ("regulator", ["/contracts"]),
    "contracts.export_deliverables": ("regulator", ["/deliverables"]),
    "oversight.export_restricted": ("regulator", ["/oversight/restricted"]),
    "credit.export_own": ("regulator", ["/my/records"]),
    "credit.export_ranking": ("regulator", ["/credit"]),
    "credit.export_records": ("regulator", ["/credit/records"]),
    "credit.export_signals": ("regulator", ["/credit/signals"]),
    "oversight.export_red_flags": ("regulator", ["/oversight/red-flags"]),
    "credit.export_external": ("regulator", ["/credit/external"]),
    "credit.export_fetches": ("regulator", ["/credit/fetches"]),
    "credit.external_table": ("regulator", ["/credit/external/table"]),
    "oversight.export_months": ("regulator", ["/oversight/months"]),
    "oversight.export_clauses": ("regulator", ["/oversight/clauses"]),
    "oversight.export_reviews": ("regulator", [f"/oversight/first-pass?by={by}" for by in GROUPS]),
    "oversight.export_permit_times": (
        "regulator",
        [f"/oversight/permit-times?by={by}" for by in ("item", "department", "region")],
    ),
    "oversight.export_permit_matters": ("regulator", ["/oversight/permit-times/matters"]),
    "oversight.export_money": ("regulator", [f"/oversight/money?view={view}" for view in VIEWS]),
    "payments.export_own": ("agency", ["/my/statement"]),
    "payments.export_statement": ("custodian", ["/custody/statements/{statement}"]),
    "payments.export_trial": ("custodian", ["/ledger"]),
    "payments.export_accounts": ("custodian", ["/ledger/accounts"]),
    "payments.export_account": ("custodian", ["/ledger/accounts/escrow:{contract}"]),
}
EMPTY = {
    "/oversight/clauses",
    "/oversight/restricted",
    "/credit/signals",
    "/reviews",
}  # nothing of the kind happened in this market


def test_every_export_has_one_heading_numbers_that_are_numbers_and_no_formula(
    app: Flask, world: World, time: Any
) -> None:
    exporting = {rule.endpoint for rule in app.url_map.iter_rules() if "any(csv, xlsx" in rule.rule}
    assert exporting == EXPORTS.keys(), "every export is walked here"
    names = name_the_cases(world, time)
    names["statement"] = importing.import_statement(
        world.actor("custodian"),
        file_name="s.csv",
        content="交易日期,收入金额,支出金额,对方户名,附言\n2026-03-02,,5.00,=cmd(),@SUM(A1)".encode(),
    )
    shortlist.add(world.actor("buyer"), agency=world.identifiers["agency"])
    db.session.rollback()
    with transaction() as session:
        session.execute(update(Organisation).values(name=literal("=1+1 ").concat(Organisation.name)))
    time.instant += timedelta(days=30)
    run_deadlines()
    batches.run()
    for role, paths in EXPORTS.values():
        visitor = sign_in(app, world, role)
        for path in (path.format(**names) for path in paths):
            written, kept = _taken(visitor, path)
            assert [len(row) for row in written] == [len(written[0])] * len(written), path
            assert len(written) > 1 or path in EMPTY, path
            for row, cells in zip(written, kept, strict=True):
                for text, cell in zip(row, cells, strict=True):
                    _same(text, cell)


def _taken(visitor: Visitor, path: str) -> tuple[list[list[str]], list[tuple[Cell, ...]]]:
    """The rows of an export as CSV, and as a workbook."""
    where, _, query = path.partition("?")
    text, book = (visitor.get(f"{where}.{kind}?{query}").response.get_data() for kind in ("csv", "xlsx"))
    return (
        list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))),
        list(load_workbook(io.BytesIO(book)).active.iter_rows()),
    )


def _same(text: str, cell: Cell) -> None:
    """Both files say the same; what begins like a formula is a number in both."""
    if isinstance(cell.value, date):
        pattern = "%Y-%m-%d %H:%M" if "hh" in cell.number_format else "%Y-%m-%d"
        assert text == cell.value.strftime(pattern)
    elif isinstance(cell.value, int | float):
        assert Decimal(text) == Decimal(str(cell.value))
    else:
        assert (cell.value or "") == text
        assert cell.data_type in ("s", "n"), "no formula, no error"
        assert text[:1] not in BEGINS


def test_sums_are_exact_numbers_below_zero_too() -> None:
    cells = [[yuan(fen) for fen in (-800_000, -1, 0, 123_456_789_012_345)]]
    assert of_csv(cells) == [["-8000.00", "-0.01", "0.00", "1234567890123.45"]]
    assert of_xlsx(cells) == [[-8000, -0.01, 0, 1234567890123.45]]
    sheet = load_workbook(io.BytesIO(as_xlsx(cells))).active
    assert {cell.number_format for cell in sheet[1]} == {"0.00"}


@pytest.mark.parametrize("text", ["#N/A", "TRUE", "12", "1e5", "2026-03-02"])
def test_a_text_stays_a_text_in_a_workbook(text: str) -> None:
    cell = load_workbook(io.BytesIO(as_xlsx([[text]]))).active["A1"]
    assert (cell.data_type, cell.value) == ("s", text)


def test_a_heading_is_said_in_the_readers_language_in_both_kinds(app: Flask, world: World) -> None:
    said = {}
    for language in ("zh", "en"):
        visitor = Visitor(app, world.emails["regulator"], language=language)
        written, kept = _taken(visitor, "/oversight/months")
        assert written[0] == [cell.value for cell in kept[0]]
        said[language] = written[0]
    assert said["zh"][:2] == ["月份", "签订合同"]
    assert not any(char > "\u2e80" for title in said["en"] for char in title)


def test_days_instants_shares_and_codes_are_cells_of_their_kind() -> None:
    """A day is a day, an instant one of Beijing, a share a percentage, a code of digits alone a text."""
    row = [date(2026, 3, 2), datetime(2026, 3, 1, 16, 5, tzinfo=UTC), rate(0.9137), rate(None), "632801"]
    assert of_csv([row]) == [["2026-03-02", "2026-03-02 00:05", "0.9137", "", "632801"]]
    book = load_workbook(io.BytesIO(as_xlsx([row], "辖区机构:一/二"))).active
    day, instant, share, none, code = book[1]
    assert (day.value.isoformat(), day.number_format) == ("2026-03-02T00:00:00", "yyyy-mm-dd")
    assert (instant.value.isoformat(), instant.number_format) == ("2026-03-02T00:05:00", "yyyy-mm-dd hh:mm")
    assert (share.value, share.number_format, none.value) == (0.9137, "0.0%", None)
    assert (code.value, code.data_type, code.number_format) == ("632801", "s", "@")
    assert book.title == "辖区机构 一 二"


def test_columns_are_wide_enough_for_what_stands_in_them() -> None:
    """A spreadsheet program shows #### for a date that has no room."""
    signed = datetime(2026, 3, 2, tzinfo=UTC)
    rows = [["编号", "签订时间", "说明"], ["C-1", signed, "字" * 100], ["", None, ""]]
    sheet = load_workbook(io.BytesIO(as_xlsx(rows))).active
    widths = [sheet.column_dimensions[letter].width for letter in "ABC"]
    assert widths == [6, 18, 50]
    assert as_xlsx([]), "an empty table is a table"
