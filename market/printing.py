"""Documents as PDF (market/sandboxed/printing.py), printed in a process of their own within a budget."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from market import sandbox
from market.access_codes import check_link
from market.sandboxed import printing
from models.i18n import N_

PLATFORM = "公信中介服务交易与信用平台"
SECONDS, MEGABYTES = 30, 768


def pdf(template: str, data: dict[str, Any], link: str = "", *, at: datetime) -> bytes:
    """The PDF of `templates/print/<template>.typ` filled with `data`.

    `link` becomes its QR code, `at` its date. Characters no font here has are 〓. OverBudget where it cannot
    be printed within its time and memory.
    """
    made: bytes = sandbox.run(
        printing.pdf,
        template,
        data,
        link,
        int(at.timestamp()),
        seconds=SECONDS,
        megabytes=MEGABYTES,
        pool=sandbox.PRINTING,
        field=None,
        over=N_(
            "这份文书太长或者太复杂,没有在限度(%(seconds)s 秒、%(megabytes)s MB 内存)内打印出来。"
            "请缩短文字,或者缩小范围。"
        ),
    )
    return made


def letter(
    identifier: str,
    title: str,
    at: datetime,
    *,
    by: str,
    to: str = "",
    before: list[str],
    rows: list[list[str]],
    after: list[str],
) -> bytes:
    """A paper of one page or more.

    What is said before and after a table of facts, and a QR code to its check page.
    """
    data = {
        "identifier": identifier,
        "title": title,
        "platform": PLATFORM,
        "to": to,
        "by": by,
        "before": before,
        "rows": rows,
        "after": after,
        "date": f"{at.year} 年 {at.month} 月 {at.day} 日",
    }
    return pdf("letter", data, check_link(identifier), at=at)
