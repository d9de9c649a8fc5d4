"""What stands in a cell of a bank's statement.

A day, a sum, a direction, in every form in which banks write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date

from models import days, money
from models.spelling import plain

FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:\s*[-/.年]\s*|\s+)(\d{1,2})(?:\s*月\s*[-/.]\s*|\s*[-/.月]\s*|\s+)(\d{1,2})(?:\s*日)?(?!\d)"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\s*[T ]?\s*\d{2}:?\d{2}(?::?\d{2})?(?:\.\d+)?)?")
_MONTH_NAMED = re.compile(
    r"(?P<d>\d{1,2})[-\s/]*(?:(?P<m>[A-Za-z]{3})[A-Za-z]*|(?P<n>\d{1,2})\s*月)[-\s/,.]*(?P<y>\d{4}|\d{2})(?!\d)"
    r"|(?:[A-Za-z]{3},?\s+)?(?P<m2>[A-Za-z]{3})[A-Za-z]*\.?\s+(?P<d2>\d{1,2})(?:,?\s+|\s+\d{1,2}:\d{2}(?::\d{2})?\s+(?:CST|GMT\+0?8:?(?:00)?\s+)?\s*)(?P<y2>\d{4})(?!\d)"
)  # CST as computers in China print it
# What may stand behind a day: a time, a weekday; `2026-03-03小计` and `2026-03-01至2026-03-31` are none.
_BEHIND = re.compile(
    r"(?!.*\d{4}[-/年])[\s\d:.,+()/\-TZCSGMUAPtzcsgmuap日号时分秒点上下午凌晨早晚中间星期周一二三四五六天]*"
)
_THREE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)(?:\s.*)?")
_LIKELY = range(2015, 2050)  # years two digits may stand for
ORDERS = ("dmy", "mdy", "ymd")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s?(?:Z|[+-]\d{2}:?\d{2})", re.IGNORECASE
)
IN, OUT = "in", "out"
_DIRECTIONS = {
    **dict.fromkeys(
        (
            "收入",
            "收",
            "收款",
            "贷",
            "贷方",
            "贷记",
            "入账",
            "存入",
            "存",
            "转入",
            "来账",
            "入",
            "c",
            "cr",
            "crdt",
            "credit",
            "in",
            "+",
        ),
        IN,
    ),
    **dict.fromkeys(
        (
            "支出",
            "支",
            "付款",
            "付",
            "借",
            "借方",
            "借记",
            "出账",
            "支取",
            "取",
            "转出",
            "往账",
            "出",
            "付出",
            "d",
            "dr",
            "dbit",
            "debit",
            "out",
            "-",
        ),
        OUT,
    ),
}
_NOTHING = re.compile(r"[-\s‐‒–—―−_/*]*|-?0+(?:\.0*)?|无")
_DONE = frozenset(
    [
        "",
        "成功",
        "交易成功",
        "已成功",
        "支付成功",
        "付款成功",
        "收款成功",
        "转账成功",
        "汇款成功",
        "处理成功",
        "入账成功",
        "记账成功",
        "提交成功并入账",
        "完成",
        "已完成",
        "交易完成",
        "处理完成",
        "正常",
        "已入账",
        "已记账",
        "入账",
        "已到账",
        "到账",
        "已存入",
        "已存入零钱",
        "已收款",
        "已收钱",
        "已付款",
        "已支付",
        "已支出",
        "已转账",
        "已扣款",
        "对方已收钱",
        "朋友已收钱",
        "提现已到账",
        "充值完成",
        "充值成功",
        "提现成功",
        "转入成功",
        "转出成功",
        "ok",
        "success",
        "successful",
        "succeeded",
        "complete",
        "completed",
        "done",
        "settled",
        "book",
        "booked",
        "posted",
        "processed",
        "paid",
        "cleared",
        "normal",
    ]
)
_VOID = re.compile(
    r"失败|关闭|等待|未支付|未付款|未成功|未入账|未完成|处理中|待付款|待支付|作废|拒绝|撤销|取消|无效|超时|fail|reject|declin|cancel|void|pending|closed|expired|unpaid"
)
_SAYS_NOTHING = re.compile(r"(?:null|nil|none|n/a|#n/a|nan|[-‐‒–—―−]{2,})", re.IGNORECASE)
_SIDED = re.compile(r"(.*\d)\s*(?:(-)|(CR|DR)\.?)", re.IGNORECASE)


def day(text: str, order: str = "") -> date:
    """The day in Beijing.

    `2026/3/2`, `20260302`, `2026年3月2日`, `2026-03-02 10:11:12`, an instant with its offset, a spreadsheet's
    `46083`; one of three numbers without a year in front in this `order` (of ORDERS), or, without one, if it
    can be read in one way only. ValueError for what is no day of our time.
    """
    found = days.day(_bare(_told(text), order))
    if not FIRST <= found <= LAST:
        raise ValueError(f"not a day of our time: {found}")
    return found


def _told(text: str) -> str:
    return plain(text[:60]).strip("[]'\" ")


def order(texts: Iterable[str]) -> str:
    """The one order in which all of these that are days can be.

    Empty where there is none, or more than one.
    """
    left = set(ORDERS)
    for text in texts:
        if left and (possible := _orders(text)):
            left &= possible
    return left.pop() if len(left) == 1 else ""


def against(text: str, order: str) -> bool:
    """Whether a text is a day in another order, and in this one none."""
    possible = _orders(text)
    return bool(possible) and order not in possible


def _orders(text: str) -> set[str]:
    match = _THREE.fullmatch(_told(text))
    return {each for each in ORDERS if _ordered((match[1], match[3], match[4]), each)} if match else set()


def _bare(told: str, order: str) -> str:
    """A day without what banks write around it, as `days` reads it."""
    if _INSTANT.fullmatch(told):
        return f"{told[:10]}T{told[11:].upper().replace(' ', '')}"
    if (match := _YEAR_FIRST.match(told) or _COMPACT.fullmatch(told)) and _BEHIND.fullmatch(
        told[match.end() :]
    ):
        return "-".join(match.groups())
    if (match := _MONTH_NAMED.match(told)) and _BEHIND.fullmatch(told[match.end() :]):
        number, name, year = match["d"] or match["d2"], match["m"] or match["m2"], match["y"] or match["y2"]
        return (
            f"{year if len(year) == 4 else '20' + year}-{match['n'] or _MONTHS.get(name.lower(), 0)}-{number}"
        )
    if match := _THREE.fullmatch(told):
        found = {
            _ordered((match[1], match[3], match[4]), each) for each in ([order] if order else ORDERS)
        } - {None}
        if len(found) != 1:  # the year, the month or the day may be another one
            raise ValueError(f"not a day for certain: {told}")
        return str(found.pop())
    return re.sub(r"^(\d{8})\.0+$", r"\1", told)


def _ordered(numbers: tuple[str, ...], order: str) -> date | None:
    """The day of three numbers in this order; None where they are none."""
    year, month, number = (numbers[order.index(part)] for part in "ymd")
    full = int(year) + (2000 if len(year) == 2 else 0)
    if full not in _LIKELY and len(year) != 4:
        return None
    with suppress(ValueError):
        return date(full, int(month), int(number))
    return None


def fen(text: str) -> int:
    """A sum in fen, below zero where it is written so, before or behind it (`1,234.50-`, `1234.50 DR`).

    Nothing, a dash and a zero are 0. ValueError for anything else, and for a part of a fen.
    """
    told = plain(text[:60]).strip()
    if _NOTHING.fullmatch(told):
        return 0
    if side := _SIDED.fullmatch(told):
        return money.parse(side[1], exact=True) * (1 if (side[3] or "").upper() == "CR" else -1)
    return money.parse(text, signed=True, exact=True)


def signed(text: str) -> bool:
    """Whether a sum says which way it went."""
    told = plain(text[:60]).strip()
    return (
        bool(told)
        and not _NOTHING.fullmatch(told)
        and (told[0] in "+-−–(" or _SIDED.fullmatch(told) is not None)
    )


def said(text: str) -> str:
    """What stands in a cell; nothing for what programs write where there is nothing: `NULL`, `N/A`, `---`."""
    return "" if _SAYS_NOTHING.fullmatch(plain(text[:20]).strip()) else text


def unclear(text: str) -> bool:
    """Whether a status says neither that it took place, nor nothing."""
    return _status(text) not in _DONE


def void(text: str) -> bool:
    """Whether a status says plainly that nothing took place.

    What was taken back after it did is for a person.
    """
    return unclear(text) and _VOID.search(_status(text)) is not None


def _status(text: str) -> str:
    return plain(text[:60]).strip("[]()。.! -—/").lower()


def direction(text: str) -> str:
    """`IN`, `OUT`, or an empty text for what says neither."""
    return _DIRECTIONS.get(plain(text[:20]).strip("[]() ").lower(), "")
