"""Tables people take away and hand in, as CSV or as a workbook.

An export is declared as columns; what is handed in is read in a process of its own
(market/sandboxed/tables.py).
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from flask import Response
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter

from market import sandbox
from market.sandboxed import tables
from models.clock import BEIJING
from models.documents import MOST_BYTES
from models.errors import RuleViolation
from models.filekinds import XLSX
from models.i18n import N_
from models.money import FEN
from models.spelling import UNKEEPABLE, typed

T = TypeVar("T")
Rows = list[list[Any]]
Headings = tables.Headings
MOST_ROWS = 20_000
MEASURED, WIDEST = 200, 50  # the rows a column's width is taken from; its characters at most


@dataclass(frozen=True)  # no slots: Python 3.12 cannot make a generic one that is frozen, too
class Column(Generic[T]):
    """One column of an export: its heading, and its cell for a row.

    A lazy text as the heading is said in the reader's language. A number is a number in the file (a Decimal a
    sum: `yuan`; a `Rate` a share of one; a fraction has at most four places), a date or an instant one of
    those (Beijing time), anything else a text, codes of digits alone too.
    """

    label: object
    value: Callable[[T], Any]


class Rate(float):
    """A share of one, shown in percent: 0.914 is 91.4 %."""


def rate(share: float | None) -> Rate | None:
    return None if share is None else Rate(share)


def table(columns: Sequence[Column[T]], rows: Iterable[T]) -> Rows:
    """The heading, and a line of cells for each row."""
    heading: list[Any] = [str(column.label) for column in columns]
    return [heading, *([column.value(row) for column in columns] for row in rows)]


def export(name: str, title: str, kind: str, columns: Sequence[Column[T]], rows: Iterable[T]) -> Response:
    """The rows as a file of this kind, `csv` or `xlsx`, to take away under this name.

    `title` is what the sheet of a workbook is called.
    """
    cells = table(columns, rows)
    content, media_type = (
        (as_csv(cells), "text/csv; charset=utf-8") if kind == "csv" else (as_xlsx(cells, title), XLSX)
    )
    return Response(
        content, mimetype=media_type, headers={"Content-Disposition": f"attachment; filename={name}.{kind}"}
    )


def yuan(fen: int) -> Decimal:
    """A sum as a cell: an exact number of yuan with two places."""
    return (Decimal(fen) / FEN).quantize(Decimal("0.01"))


SEPARATES = frozenset(',;|\t\r\n"')  # what parts cells for some program or other
BEGINS = frozenset(
    "=+-@|\t\r\n"
)  # what makes a formula, or a command for another program, of a cell that begins with it


def _plain(value: Any) -> Any:
    """A cell no spreadsheet program takes for a formula (people choose names such as `=…`).

    Without the characters a workbook cannot hold, should any have come in from elsewhere.
    """
    if not isinstance(value, str):
        return value
    value = UNKEEPABLE.sub("\ufffd", value)
    return f"'{value}" if _is_formula(value) else value


def _is_formula(value: str) -> bool:
    """Whether a program may read a text as more than a text.

    In whatever width its first character is written (`＝1+1` is reckoned where Chinese or Japanese is
    spoken), and whatever blanks and characters that do not show stand before it, which are cut off on the way
    in.
    """
    first = (
        c
        for char in value
        for c in unicodedata.normalize("NFKC", char)
        if c in BEGINS or not (c.isspace() or unicodedata.category(c) in _UNSEEN or c in _EMPTY)
    )
    return next(first, "") in BEGINS


_UNSEEN = (
    "Cc",
    "Cf",
    "Cn",
    "Co",
    "Zl",
    "Zp",
    "Zs",
    "Mn",
    "Me",
)  # controls, formats, blanks, marks that stand over nothing
_EMPTY = frozenset(
    "\u115f\u1160\u3164\uffa0\u2800"
)  # letters that are blank: Hangul's fillers, Braille without a dot


def as_csv(rows: Rows) -> bytes:
    """UTF-8 with a byte order mark, which spreadsheet programs in China need to read Chinese.

    A text with any program's mark between two cells in it is quoted: cut there, what follows would be a cell
    of its own.
    """
    return "".join((",".join(map(_cell, row)) or '""') + "\r\n" for row in rows).encode("utf-8-sig")


def _cell(value: Any) -> str:
    """A cell of a CSV (RFC 4180)."""
    text = "" if value is None else _written(value)
    return '"{}"'.format(text.replace('"', '""')) if SEPARATES.intersection(text) else text


def _written(value: Any) -> str:
    """A value as a CSV has it: instants to the minute, in Beijing."""
    if isinstance(value, datetime):
        return f"{value.astimezone(BEIJING):%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(_plain(value))


def as_xlsx(rows: Rows, title: str = "") -> bytes:
    """A workbook of one sheet of this title, its heading standing while one scrolls."""
    book = Workbook()
    sheet = book.active
    sheet.title = re.sub(r"[][:*?/\\]", " ", title)[:31] or sheet.title
    sheet.freeze_panes = "A2"
    for place, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            if value is not None and value != "":
                _fill(sheet.cell(place, column), value)
    for column, cells in enumerate(zip(*rows[:MEASURED], strict=False), start=1):
        sheet.column_dimensions[get_column_letter(column)].width = min(WIDEST, max(map(_width, cells)) + 2)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _width(value: Any) -> int:
    """About how many digits wide a cell is; a date shows as #### in one that is too narrow."""
    if isinstance(value, date):
        return 16 if isinstance(value, datetime) else 10
    shown = "" if value is None else f"{value:.2f}" if isinstance(value, Decimal) else str(value)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in shown[:WIDEST])


def _fill(cell: Cell, value: Any) -> None:
    if isinstance(value, datetime):
        cell.value, cell.number_format = value.astimezone(BEIJING).replace(tzinfo=None), "yyyy-mm-dd hh:mm"
    elif isinstance(value, date):
        cell.value, cell.number_format = value, "yyyy-mm-dd"
    elif isinstance(value, Rate):
        cell.value, cell.number_format = round(float(value), 4), "0.0%"
    elif isinstance(value, str):
        cell.value = _plain(value)
        cell.data_type = "s"  # whatever else it looks like
        cell.number_format = "@"
    else:
        cell.value = round(value, 4) if isinstance(value, float) else value
        if isinstance(value, Decimal):
            cell.number_format = "0.00"


def read(
    content: bytes,
    headings: Headings,
    needed: tuple[str, ...],
    most: int = MOST_ROWS,
    *,
    others: bool = True,
) -> list[dict[str, str]]:
    """The rows below the heading, each cell as text by its column's name, as what is typed is kept.

    RuleViolation (field `file`) if this is no table, lacks a needed column or has one twice, is too long, or
    costs too much to read; without `others` also if it has a column of a heading that is not known. Never
    inside a transaction: it may take its whole budget.
    """
    check_size(content)
    long = most > MOST_ROWS
    rows = sandbox.run(
        tables.rows if others else tables.known_rows,
        content,
        headings,
        needed,
        most,
        seconds=60 if long else 10,
        megabytes=1024 if long else 384,
    )
    return [dict(zip(headings, map(typed, row), strict=True)) for row in rows]


def check_size(content: bytes) -> None:
    """RuleViolation (field `file`) for nothing, or over 20 MB."""
    if not content:
        raise RuleViolation(N_("文件是空的。"), "file")
    if len(content) > MOST_BYTES:
        raise RuleViolation(N_("文件超过 20 MB。"), "file")
