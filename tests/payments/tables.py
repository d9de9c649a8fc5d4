"""Tables as banks export them, and what is read of one."""

from __future__ import annotations

from market.payments import reading
from market.payments.reading import Line
from tests.payments.test_bank import ACCOUNT

OTHER = "6228000000000000011"
HEADING = "交易日期,收入,支出,余额,对方户名,对方账号,摘要,流水号"


def read(content: bytes | str) -> reading.Parsed:
    return reading.read(content.encode() if isinstance(content, str) else content, ACCOUNT, {})


def sums(content: bytes | str) -> list[int]:
    return [line.amount for line in read(content).lines]


def page(*rows: str) -> list[Line]:
    """The lines of a page's table of these rows."""
    return read(
        "<html><table><tr><td>"
        + "<td>".join(HEADING.split(","))
        + "".join(f"<tr>{row}" for row in rows)
        + "</table>"
    ).lines
