"""Tables to take away: the same rows as CSV or as a workbook."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response
from openpyxl import Workbook

from models.filekinds import XLSX
from models.text import UNKEEPABLE

Rows = list[list[Any]]


def _plain(value: Any) -> Any:
    """A cell no spreadsheet program takes for a formula (people choose names such as `=…`), and without the characters a workbook
    cannot hold, should any have come in from elsewhere."""
    if not isinstance(value, str):
        return value
    value = UNKEEPABLE.sub("\ufffd", value)
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def as_csv(rows: Rows) -> bytes:
    """UTF-8 with a byte order mark, which spreadsheet programs in China need to read Chinese."""
    text = io.StringIO()
    csv.writer(text).writerows([[_plain(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Rows) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append([_plain(cell) for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def answer(rows: Rows, name: str, kind: str) -> Response:
    """The rows (heading first) as a file of this kind, `csv` or `xlsx`."""
    content, media_type = (as_csv(rows), "text/csv; charset=utf-8") if kind == "csv" else (as_xlsx(rows), XLSX)
    return Response(content, mimetype=media_type, headers={"Content-Disposition": f"attachment; filename={name}.{kind}"})
