"""Published terms as people write them, in a form or in a row of a table.

Sums in yuan, a line a band or point.
"""

from __future__ import annotations

import re

from models import money, numbers, spelling
from models.base import Json
from models.pricing import from_standard
from models.text import N_, RuleBroken

_BOUND = re.compile(
    r"(?:不超过|不高于|≤|<=|<)?(?:(?P<low>.+?)[-~—至到](?=[^-~—至到]*\d))?(?P<high>[^-~—至到]+?)(?:\(含\))?(?:以下|以内|及以下|\(含\))?(?:部分)?"
)
_OPEN = re.compile(r"\*|(?:超过|高于|大于|≥|>=|>).+|.+(?:以上|及以上)(?:部分)?")


def _limits(written: str) -> tuple[int | None, int | None]:
    """A band's lower limit, where one is written, and its upper one (None where it is open), in fen.

    `1000000`, `100万元以下`, `100万-500万`, `500万以上`, `*`. The unit behind the upper limit is the lower
    one's too: `100-500万`.
    """
    told = spelling.plain(written).strip()
    if _OPEN.fullmatch(told):
        return None, None
    match = _BOUND.fullmatch(told)
    if match is None:
        raise ValueError(f"not a band: {written[:30]!r}")
    high = money.parse(match["high"])
    low = match["low"]
    if low is None:
        return None, high
    unit = re.search(r"\D*$", match["high"])
    return money.parse(low if re.search(r"[^\d.,]\s*$", low) or unit is None else low + unit[0]), high


def written_rows(method: str, table: str) -> list[list[object]]:
    """The lines of a table, `upper limit, rate` or `base, price`, sums in fen, rates as given.

    RuleBroken at `table`.
    """
    rows: list[list[object]] = []
    for line in filter(str.strip, table.replace("|", "\n").splitlines()):
        try:
            left, right = (
                part.strip() for part in re.sub("[，;；\t]", ",", line).rstrip(", ").rsplit(",", 1)
            )
            if method == "interpolated":
                rows.append([money.parse(left), money.parse(right)])
                continue
            low, high = _limits(left)
            if low is not None and low != (rows[-1][0] if rows else 0):
                raise ValueError(f"a gap below {left[:30]!r}")
            rows.append([high, numbers.plain(numbers.share(right))])
        except ValueError as error:
            said = N_(
                "“%(line)s”看不懂:每行两个数,用逗号隔开,前一个是上限(元),后一个是费率,例如 "
                "1000000, 0.015 或 100万元以下, 1.5%%;各档首尾相接。"
            )
            raise RuleBroken(said, "table", line=line.strip()[:60]) from error
    return rows


def written_share(discount: str) -> str:
    """A discount as a decimal, empty for none; RuleBroken at `discount`."""
    try:
        return numbers.plain(numbers.share(discount)) if discount.strip() else ""
    except ValueError as error:
        raise RuleBroken(N_("请填写小数、百分数或几折,例如 0.85、85% 或 8.5折。"), "discount") from error


def written_days(text: str) -> int:
    """A promised number of working days; 0, which nobody may promise, where it cannot be read."""
    try:
        return numbers.whole(text)
    except ValueError:
        return 0


def written_sum(text: str, field: str) -> int | None:
    """A sum in yuan as fen; RuleBroken at its field."""
    try:
        return money.parse(text) if text else None
    except ValueError as error:
        raise RuleBroken(N_("请填写金额,例如 12,345.60;最多两位小数,不超过 100 亿元。"), field) from error


def terms_of(
    *,
    method: str,
    standard: str,
    price: int | None,
    table: str,
    discount: str,
    floor: int | None,
    cap: int | None,
) -> Json:
    """The terms as pricing takes them; a published standard, where one is named, brings its own table."""
    known = from_standard(standard)
    if standard and known is None:
        raise RuleBroken(N_("没有这个收费标准。"), "standard")
    if known is not None:
        terms: Json = {**known, "standard": standard}
    else:
        terms = {"method": method}
        if method == "progressive":
            terms["bands"] = written_rows(method, table)
        elif method == "interpolated":
            terms["points"] = written_rows(method, table)
        else:
            terms["price"] = price
    terms |= {name: value for name, value in (("floor", floor), ("cap", cap)) if value is not None}
    return terms | ({"discount": written_share(discount)} if discount else {})
