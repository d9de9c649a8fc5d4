"""Published terms as people write them, in a form or in a row of a table: sums in yuan, a line a band or point."""

from __future__ import annotations

from fractions import Fraction

from models import money
from models.base import Json
from models.pricing import from_standard
from models.text import N_, RuleBroken


def written_rate(text: str) -> Fraction:
    """A rate as people write it. ValueError for anything else, also for exponents: a few characters of them are a number of any length."""
    if len(text) > 20 or "e" in text.lower():
        raise ValueError(f"not a rate: {text[:30]!r}")
    return Fraction(text)


def written_rows(method: str, table: str) -> list[list[object]]:
    """The lines of a table, `upper limit, rate` or `base, price`, sums in fen, rates as given; RuleBroken at `table`."""
    rows: list[list[object]] = []
    for line in filter(str.strip, table.replace("|", "\n").splitlines()):
        try:
            left, right = (part.strip() for part in line.replace("，", ",").rsplit(",", 1))
            base = None if left == "*" else money.parse(left)
            if method == "interpolated":
                rows.append([base, money.parse(right)])
            else:
                written_rate(right)
                rows.append([base, right])
        except (ValueError, ZeroDivisionError) as error:
            raise RuleBroken(N_("有一行看不懂:每行两个数,用逗号隔开。"), "table") from error
    return rows


def written_share(discount: str) -> str:
    """A discount that can be read; RuleBroken at `discount`."""
    try:
        written_rate(discount or "1")
    except (ValueError, ZeroDivisionError) as error:
        raise RuleBroken(N_("请填写小数,例如 0.85。"), "discount") from error
    return discount


def written_sum(text: str, field: str) -> int | None:
    """A sum in yuan as fen; RuleBroken at its field."""
    try:
        return money.parse(text) if text else None
    except ValueError as error:
        raise RuleBroken(N_("请填写金额,例如 12,345.60;最多两位小数,不超过 100 亿元。"), field) from error


def terms_of(
    *, method: str, standard: str, price: int | None, table: str, discount: str, floor: int | None, cap: int | None
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
