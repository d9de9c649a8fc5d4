"""A statement in rows and columns, as banks export them.

Titles above the heading, sums below the lines, and every way to say which way money went. A row that cannot
be read is a line that waits for a person; only where no row can be, the file is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

from market import sandbox, spreadsheets
from market.payments.reading import cells, headings
from market.payments.reading.headings import Layout
from market.payments.reading.lines import Line, Parsed, follow, line, oldest_first
from market.payments.reading.sums import (
    NotUnderstood,
    _check_ways,
    _directed,
    _Odd,
    _read,
    _Row,
    _Signs,
    _signs,
)
from market.sandboxed import tables
from models import spelling
from models.errors import RuleViolation
from models.i18n import N_

MOST_LINES, MOST_BESIDE = 5_000, 300  # lines, and rows that are none
_FOOT = re.compile(
    r"[-=_*\s]*(?:本页|当页|人民币|币种)?(?:合计|总计|小计|汇总|总笔数|总金额|共\d*笔|共计|期末|期初|上期|承前|过次|累计|打印|制表|备注|说明|温馨提示|注[::]|total|opening|closing|(?:总|累计)?(?:借方|贷方|收入|支出|存入|支取|转入|转出|入账|出账|debit|credit)(?:总|累计|合计)?(?:笔数|次数|金额|总额|合计|发生额|total|count))"
)
_SUMMED = re.compile(
    "(?:本|当|上|前)?[日月年季页期次]?(?:发生额)?(?:合计|总计|小计|累计|总额|汇总|结余|余额|期初|期末)|承前页?|过次页?|(?:期初|期末|昨日|上日|上期)(?:余额|结余)|[日月年]计|(?:sub)?total|(?:opening|closing)balance"
)
_OWN = re.compile(
    r"(?:本方|我方|存款|(?<![子方手人汇款]))(?:[账帐]\s?号|[账帐]\s?户(?:号码)?|卡\s?号|户口号|account\s?(?:number|no\.?)?)(?:[(/\[][^:\d|]{0,12})?[::\s|]*\[?(?:[A-Z]{2,4})?([0-9*][0-9*\s-]{6,40})",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"(.*[^\d*\s/|-])[\s/|-]*([\d*]{8,30})")  # a name and an account in one cell
_RENMINBI = re.compile(
    r"(?:人民币|本位币|本币|CNY|RMB|CNH|(?<!\d)(?:0*1|0?156)(?!\d)|[¥元圆钞汇]|[-/()\[\]【】|:_])*"
)
_THOUSANDS = re.compile(r"[-+(]?[¥]?[1-9][0-9]{0,2},[0-9]{3}(?:\.[0-9]{1,2})?\)?")
_TOLD_APART = ("day", "came_in", "went_out", "amount", "direction", "balance")
_BARE = re.compile(
    r"(\(?[-+−–]?\s*¥?\s*[-+−–]?[\d,.]*[1-9][\d,.]*)(\)|\s*-|\s*(?:CR|DR)\.?)?", re.IGNORECASE
)  # a sum without a unit of its own
_ENDS = re.compile("(?:小计|合计|总计|累计)$")
_LOST = re.compile(rf"{tables.LOST}.*|\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)  # a number a spreadsheet has cut
LOST = N_("第 %(number)s 行的“%(column)s”是按数字存的,超过 15 位就已经不准了:请把这一列设为文本,重新填写。")


def grid(content: bytes) -> list[list[str]]:
    """Every row of a table. RuleViolation at `file` for what is none."""
    spreadsheets.check_size(content)
    rows: list[list[str]] = sandbox.run(tables.grid, content, headings.WORDS, MOST_LINES + MOST_BESIDE)
    if not rows:
        raise RuleViolation(N_("文件是空的。"), "file")
    return rows


def same_account(written: str, ours: str) -> bool:
    """Whether an account as a file writes it can be ours.

    Blanks, dashes and a name beside it say nothing, stars stand for any digits.
    """
    plain, own = (
        re.sub(r"\*+", "*", re.sub(r"[^0-9A-Z*]", "", spelling.code(each))) for each in (written, ours)
    )
    return re.fullmatch(plain.replace("*", r"\d*"), own) is not None


def read(
    rows: list[list[str]], ours: str, remembered: Mapping[str, Layout], told: Layout | None = None
) -> Parsed:
    """The statement in these rows.

    In the layout just `told`, one `remembered` of its heading's signature, one we know, or one remembered of
    tables without a heading. RuleViolation at `file` for one of other accounts only; NotUnderstood.
    """
    by_a_person = told or _recalled(rows, remembered)
    layout = by_a_person or headings.find(rows) or (by_a_person := _headless(rows, remembered))
    if layout is None:
        raise NotUnderstood(N_("表头看不懂:要有日期,以及收入和支出,或者一列金额。"), "file")
    layout = _ordered(rows, layout)
    found, left_out = _of_ours(rows, layout, ours, by_a_person is not None)
    layout = _directed(layout, found)
    lines, balances, first_fault = max(
        (_made(found, layout, signs) for signs in _signs(layout, found)),
        key=lambda made: follow(made[0], made[1]),
    )
    if left_out and not lines:
        raise RuleViolation(
            N_("这是另一个账户(%(account)s)的对账单。"),
            "file",
            account=next(iter(_accounts(rows, layout)), "")[:40],
        )
    if lines and all(each.problem for each in lines) and first_fault is not None:
        raise NotUnderstood(first_fault.message, "file", **first_fault.params)
    _check_ways(layout, found, lines, balances, by_a_person is not None)
    ordered, opening, closing = oldest_first(_dated(lines), balances)
    right, steps = follow(lines, balances)
    gaps = steps - right if right * 2 >= steps else 0  # a balance that mostly does not follow is a day's
    return Parsed(ordered, ours if left_out else "", opening, closing, left_out, gaps)


def _made(
    found: list[_Row], layout: Layout, signs: _Signs
) -> tuple[list[Line], list[int | None], RuleViolation | None]:
    """The lines in these rows, and the balance in each.

    With what was wrong with the first that could not be read.
    """
    lines: list[Line] = []
    balances: list[int | None] = []
    first: RuleViolation | None = None
    for row in found:
        made, fault = _line(row, layout, signs)
        if made is not None:
            lines.append(made)
            balances.append(_balance(row, layout))
        first = first or fault
    return lines, balances, first


def _recalled(rows: list[list[str]], remembered: Mapping[str, Layout]) -> Layout | None:
    for place, row in enumerate(rows[: headings.MOST_ABOVE] if remembered else ()):
        if known := remembered.get(headings.signature(row)):
            return replace(known, heading=place)
    return None


def _headless(rows: list[list[str]], remembered: Mapping[str, Layout]) -> Layout | None:
    """What somebody said of tables so wide without a heading, if this is one.

    Its first row with a day and a sum in their places is a line.
    """
    layout = remembered.get(headings.of_width(rows)) if remembered else None
    if layout is None:
        return None
    first = next(
        (
            row
            for row in rows
            if layout.cell(row, "day") and any(layout.cell(row, role) for role in headings.SUMS)
        ),
        [],
    )
    return layout if _has_day(first, _ordered(rows, layout)) else None


def _ordered(rows: list[list[str]], layout: Layout) -> Layout:
    """The layout with the order of its days: as it was told, or as the lines below the heading have it.

    NotUnderstood where those contradict it.
    """
    days = [
        layout.cell(row, "day")
        for row in rows[layout.heading + 1 :]
        if any(layout.cell(row, role) for role in headings.SUMS)
    ]
    if layout.order and any(cells.against(day, layout.order) for day in days):
        raise NotUnderstood(N_("有的日期不是这样写的:请核对日期的写法。"), "order")
    return replace(layout, order=layout.order or cells.order(days))


# --- Which rows are lines of ours


def _accounts(rows: list[list[str]], layout: Layout) -> Iterator[str]:
    for row in rows:
        written = layout.cell(row, "account") or "".join(_OWN.findall(" | ".join(row))[:1])
        if len(re.sub(r"\D", "", written)) >= 4:
            yield written


def _of_ours(rows: list[list[str]], layout: Layout, ours: str, by_a_person: bool) -> tuple[list[_Row], int]:
    """The rows that may be lines of our account, and how many are of others.

    Named in a column, or above the lines.
    """
    width = len(layout.titles or rows[layout.heading]) if layout.heading >= 0 else 0
    above = [_trimmed(rows[at]) for at in (layout.heading, layout.heading - bool(layout.titles)) if at >= 0]
    try:
        sizes = headings.sizes(rows, layout)
    except ValueError as unit:
        raise RuleViolation(
            N_("金额的单位(%(unit)s)看不懂:请导出以元为单位的人民币对账单。"), "file", unit=str(unit)
        ) from unit
    found, left_out, account = [], 0, ""
    usual = max(
        Counter(len(row) for row in rows if _has_day(row, layout)).items(),
        key=lambda each: each[1],
        default=(0, 0),
    )[0]
    for place, row in enumerate(rows):
        sums = any(_read(layout.cell(row, role)) for role in ("came_in", "went_out", "amount"))
        beside = sums or _has_day(row, layout) or (place > layout.heading and not row[0])
        titled = "" if beside else next(iter(_OWN.findall(" | ".join(row))), "")
        account = titled.strip() or account
        if (
            place <= layout.heading
            or titled
            or _trimmed(row) in above
            or _is_heading(row, layout, place)
            or not _may_be_a_line(row, layout)
        ):
            continue
        owner = layout.cell(row, "account") or account
        if _LOST.fullmatch(owner.strip()) and not same_account(owner, ours):
            raise RuleViolation(LOST, "file", number=place + 1, column=headings.ROLES["account"])
        if len(re.sub(r"\D", "", owner)) >= 4 and not same_account(owner, ours):
            left_out += 1
        else:
            found.append(
                _Row(
                    place + 1,
                    [_sized(cells.said(cell), sizes.get(at, "")) for at, cell in enumerate(row)],
                    owner,
                    _is_split(row, width or usual, usual, by_a_person),
                )
            )
    return found, left_out


def _is_heading(row: list[str], layout: Layout, place: int) -> bool:
    """Whether a row below is the heading once more.

    RuleViolation for another one: what comes then is another table.
    """
    if any(letter.isdigit() for cell in row for letter in cell):
        return False
    again = Layout(place, headings.read(row))
    if (
        again.enough
        and layout.heading >= 0
        and any(
            again.places.get(role, layout.places.get(role)) != layout.places.get(role)
            for role in again.places
            if role in _TOLD_APART
        )
    ):
        raise RuleViolation(
            N_("第 %(number)s 行起是另一张表,表头不同:请只留流水,或者分成几个文件。"),
            "file",
            number=place + 1,
        )
    return again.enough


def _trimmed(row: list[str]) -> list[str]:
    return row[: max((place for place, cell in enumerate(row, start=1) if cell), default=0)]


def _is_split(row: list[str], width: int, usual: int, by_a_person: bool) -> bool:
    """Whether a comma in a sum has made two cells of it.

    The row is longer than its heading, or than most, and more than blanks stand behind, or two cells make one
    sum. Where a person has said what the columns are, cells behind them say nothing.
    """
    if not by_a_person and any(row[width:]):
        return True
    split = [two for one, two in pairwise(row) if _THOUSANDS.fullmatch(f"{one},{two}")]
    return bool(split) and (
        len(row) > usual or any("." in two and (two[0] == "0" or len(row) > width) for two in split)
    )


def _sized(cell: str, size: str) -> str:
    """A sum with the unit its heading has; one that has its own, or is none, as it stands."""
    match = _BARE.fullmatch(spelling.plain(cell).strip()) if size else None
    if not match:
        return cell
    out = (match[2] or "").strip(" .").upper() in ("-", "DR")
    return f"{'-' * out}{match[1]}{size}{')' * (match[2] == ')')}"


def _may_be_a_line(row: list[str], layout: Layout) -> bool:
    """Neither a sum below the lines, nor a note, nor something that never took place."""
    told = next((cell for cell in row if cell), "")
    if cells.void(layout.cell(row, "status")):
        return False
    if _has_day(row, layout):
        return any(
            layout.cell(row, role) for role in ("counterparty", "counterparty_account", "bank_reference")
        ) or not any(
            _SUMMED.fullmatch(spelling.code(each).lower())
            for each in [*list(filter(None, row))[:3], layout.cell(row, "remark")]
        )
    moved = any(cells.said(layout.cell(row, role)) for role in ("came_in", "went_out", "amount"))
    return (
        moved
        and not _ENDS.search(layout.cell(row, "day"))
        and not any(
            _FOOT.match(spelling.plain(each).strip().lower()) for each in (told, layout.cell(row, "day"))
        )
    )


def _has_day(row: list[str], layout: Layout) -> bool:
    try:
        cells.day(layout.cell(row, "day"), layout.order)
    except ValueError:
        return False
    return True


# --- Which way money went


# --- Lines


def _line(row: _Row, layout: Layout, signs: _Signs) -> tuple[Line | None, RuleViolation | None]:
    """The line in a row; one that cannot be read whole, with what was wrong."""
    said: dict[str, Any] = {
        role: layout.cell(row.cells, role)
        for role in ("counterparty", "counterparty_account", "remark", "bank_reference")
    }
    if together := _TOGETHER.fullmatch(said["counterparty"]) if not said["counterparty_account"] else None:
        said["counterparty"], said["counterparty_account"] = together[1], together[2]
    for role in ("counterparty_account", "bank_reference"):
        if _LOST.fullmatch(said[role].strip()):
            raise RuleViolation(LOST, "file", number=row.number, column=headings.ROLES[role])
    written = layout.cell(row.cells, "day")
    try:
        day = cells.day(written, layout.order)
    except ValueError:
        return _odd(row, date.min), RuleViolation(
            N_("第 %(number)s 行的日期看不懂:%(text)s。"), "file", number=row.number, text=written[:30]
        )
    status = layout.cell(row.cells, "status")
    try:
        if row.wider:
            raise _Odd(N_("第 %(number)s 行比表头多出几格:金额里有没加引号的逗号?"))
        if not _RENMINBI.fullmatch(spelling.code(layout.cell(row.cells, "currency"))):
            raise _Odd(N_("第 %(number)s 行不是人民币(CNY)。"))
        if cells.unclear(status):
            raise _Odd(N_("第 %(number)s 行的交易状态看不懂:%(status)s。"))
        return line(day, signs.amount(row.cells), **said), None
    except _Odd as odd:
        text = " ".join(
            filter(
                None,
                (layout.cell(row.cells, role) for role in ("came_in", "went_out", "amount", "direction")),
            )
        )[:60]
        if not text:
            return None, None  # a date and no sum: a note
        return _odd(row, day), RuleViolation(odd.said, "file", number=row.number, text=text, status=status)


def _odd(row: _Row, day: date) -> Line:
    return line(day, 0, remark=" | ".join(filter(None, row.cells)), problem="unreadable")


def _dated(lines: list[Line]) -> list[Line]:
    """A line without a day has its neighbour's."""
    days = [each.day for each in lines if each.day != date.min]
    found, last = [], days[0] if days else date.min
    for each in lines:
        last = each.day if each.day != date.min else last
        found.append(each if each.day == last else line(last, 0, remark=each.remark, problem=each.problem))
    return found


def _balance(row: _Row, layout: Layout) -> int | None:
    written = layout.cell(row.cells, "balance")
    return _read(written) if written else None
