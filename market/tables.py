"""Tables people hand in: CSV or XLSX, read in a process of their own (market/sandboxed/tables.py)."""

from __future__ import annotations

from market import sandbox
from market.sandboxed import tables
from models.documents import MOST_BYTES
from models.text import N_, RuleBroken

MOST_ROWS = 20_000
Columns = tables.Columns


def read(
    content: bytes, columns: Columns, needed: tuple[str, ...], most: int = MOST_ROWS
) -> list[dict[str, str]]:
    """The rows below the heading, each cell as text by its column's name.

    RuleBroken (field `file`) if this is no table, lacks a needed column, is too long, or costs too much to
    read. Never inside a transaction: it may take its whole budget.
    """
    check_size(content)
    long = most > MOST_ROWS
    rows = sandbox.run(
        tables.rows,
        content,
        columns,
        needed,
        most,
        seconds=60 if long else 10,
        megabytes=1024 if long else 384,
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def check_size(content: bytes) -> None:
    """RuleBroken (field `file`) for nothing, or over 20 MB."""
    if not content:
        raise RuleBroken(N_("文件是空的。"), "file")
    if len(content) > MOST_BYTES:
        raise RuleBroken(N_("文件超过 20 MB。"), "file")
