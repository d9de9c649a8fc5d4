"""A bank's statement as a file.

CSV, XLSX, XLS or what is called so, as banks in China export them, or CAMT.053 (ISO 20022) in any of its
versions.
"""

from __future__ import annotations

from collections.abc import Mapping

from market.payments.reading import camt, tabular
from market.payments.reading.headings import ROLES, Layout, guessed, of_width, signature
from market.payments.reading.lines import Line, Parsed
from market.payments.reading.sums import NotUnderstood
from market.payments.reading.tabular import MOST_LINES, grid, same_account
from market.sandboxed import markup
from models.errors import RuleViolation
from models.i18n import N_

__all__ = [
    "MOST_LINES",
    "ROLES",
    "Layout",
    "Line",
    "NotUnderstood",
    "Parsed",
    "grid",
    "guessed",
    "of_width",
    "read",
    "same_account",
    "signature",
]
_XML_BEGIN = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"


def read(content: bytes, ours: str, remembered: Mapping[str, Layout], told: Layout | None = None) -> Parsed:
    """The statement of our account in the bytes of a file.

    A table in the layout just `told`, one `remembered` of its heading's signature, or one we know.
    RuleViolation (field `file`) for anything else, naming the line it could not read; NotUnderstood for a
    table whose columns a person may tell. Never inside a transaction: a file may take its whole budget.
    """
    xml = content[:400].lstrip(_XML_BEGIN + b"\xfe\xff")[:1] == b"<" and not markup.is_table(content)
    parsed = camt.read(content, ours) if xml else tabular.read(grid(content), ours, remembered, told)
    if not parsed.lines:
        raise RuleViolation(N_("对账单里没有记账的流水。"), "file")
    if len(parsed.lines) > MOST_LINES:
        raise RuleViolation(
            N_("一次最多 %(most)s 行,这个文件有 %(count)s 行。"),
            "file",
            most=MOST_LINES,
            count=len(parsed.lines),
        )
    return parsed
