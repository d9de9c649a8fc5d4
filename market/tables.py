"""Tables people hand in: CSV (UTF-8 or GB 18030, as office programs in China write it) and XLSX, read row by row."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

from models.documents import MOST_BYTES
from models.text import N_, RuleBroken

MOST_ROWS = 20_000
Columns = dict[str, tuple[str, ...]]  # a column's name to the headings it is known by


def read(content: bytes, columns: Columns, needed: tuple[str, ...], most: int = MOST_ROWS) -> list[dict[str, str]]:
    """The rows below the heading, each cell as text by its column's name. RuleBroken (field `file`) if this is no table,
    lacks a needed column, or is too long."""
    if not content:
        raise RuleBroken(N_("文件是空的。"), "file")
    if len(content) > MOST_BYTES:
        raise RuleBroken(N_("文件超过 20 MB。"), "file")
    rows = _workbook(content) if content[:2] == b"PK" else _csv(content)
    rows = [row for row in rows if any(row)]
    if not rows:
        raise RuleBroken(N_("文件是空的。"), "file")
    heading = [cell.strip().lstrip("*") for cell in rows[0]]
    places = {name: next((i for i, cell in enumerate(heading) if cell in (name, *known)), None) for name, known in columns.items()}
    lacking = [columns[name][0] for name in needed if places[name] is None]
    if lacking:
        raise RuleBroken(N_("表头缺少:%(columns)s。请用模板填写。"), "file", columns="、".join(lacking))
    if len(rows) - 1 > most:
        raise RuleBroken(N_("一次最多 %(most)s 行,这个文件有 %(count)s 行。"), "file", most=most, count=len(rows) - 1)
    return [
        {name: row[place].strip() if place is not None and place < len(row) else "" for name, place in places.items()} for row in rows[1:]
    ]


def _csv(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise RuleBroken(N_("看不懂这个文件:请用 CSV 或 XLSX。"), "file")
    if "\x00" in text:
        raise RuleBroken(N_("看不懂这个文件:请用 CSV 或 XLSX。"), "file")
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise RuleBroken(N_("看不懂这个文件:请用 CSV 或 XLSX。"), "file") from error


def _workbook(content: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > 400 * 1024 * 1024:  # a small file that unpacks without end
                raise RuleBroken(N_("文件超过 20 MB。"), "file")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = [[_text(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True, max_row=MOST_ROWS + 2)]
        book.close()
        return rows
    except RuleBroken:
        raise
    except Exception as error:  # a torn workbook raises whatever its bytes happen to mean
        raise RuleBroken(N_("看不懂这个文件:请用 CSV 或 XLSX。"), "file") from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
