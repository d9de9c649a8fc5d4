"""Tables to take away: the same rows as CSV or as a workbook."""

from __future__ import annotations

import io
import unicodedata
from typing import Any

from flask import Response
from openpyxl import Workbook

from models.filekinds import XLSX
from models.text import UNKEEPABLE

Rows = list[list[Any]]


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
    if value[:1] in BEGINS:
        return True
    seen = (
        c
        for char in value
        for c in unicodedata.normalize("NFKC", char)
        if not c.isspace() and unicodedata.category(c) not in _UNSEEN and c not in _EMPTY
    )
    return next(seen, "") in BEGINS


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
    text = "" if value is None else str(_plain(value))
    return '"{}"'.format(text.replace('"', '""')) if SEPARATES.intersection(text) else text


def as_xlsx(rows: Rows) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append([_plain(cell) for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def answer(rows: Rows, name: str, kind: str) -> Response:
    """The rows (heading first) as a file of this kind, `csv` or `xlsx`."""
    content, media_type = (
        (as_csv(rows), "text/csv; charset=utf-8") if kind == "csv" else (as_xlsx(rows), XLSX)
    )
    return Response(
        content, mimetype=media_type, headers={"Content-Disposition": f"attachment; filename={name}.{kind}"}
    )
