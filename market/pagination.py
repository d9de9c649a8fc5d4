"""Lists by the page: the rows a reader asked for, and the links to the other pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request, url_for
from sqlalchemy import Select, func, select

from market import filters
from market.config import PAGE_SIZE
from market.extensions import db


def asked(**changes: Any) -> dict[str, Any]:
    """What this page was asked for, to make a link of, with some of it changed.

    What its address holds stays, whatever is asked under that name; nothing that url_for itself listens to.
    """
    own = ("self", "endpoint")
    typed = {key: value for key, value in request.args.items() if not key.startswith("_") and key not in own}
    return {**typed, **(request.view_args or {}), **changes}


@dataclass(frozen=True)
class Order:
    """What a list can be sorted by: a column, and which end of it comes first."""

    by: Any
    largest_first: bool = False


def order_asked() -> dict[str, str]:
    """The order this page was asked for."""
    return {"order": request.args.get("order", "")}


def ordered(query: Select[Any], orders: Mapping[str, Order], asked: str, last: Any) -> Select[Any]:
    """The rows in the order asked for, by its name, turned round by a `-` before it.

    In the first of them where none is asked for. Rows that lack what it goes by come at the end; `last`
    decides between equals.
    """
    name = asked.removeprefix("-")
    order = orders[name if name in orders else next(iter(orders))]
    falling = order.largest_first != (asked.startswith("-") and name in orders)
    column = order.by.desc() if falling else order.by.asc()
    return query.order_by(None).order_by(column.nulls_last(), last)


@dataclass(frozen=True)
class Page:
    """One page of a list, and what its pager needs: the last one where a page beyond it was asked for."""

    rows: list[Any]
    number: int
    total: int
    size: int = PAGE_SIZE
    beyond: int = 0  # the page that was asked for and is not there

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))

    def url(self, number: int) -> str:
        return url_for(request.endpoint or "", **asked(page=number))


def page_number() -> int:
    return max(1, min(request.args.get("page", 1, int), 100_000))


def paged(query: Select[*tuple[Any, ...]], size: int = PAGE_SIZE) -> Page:
    """The page of a list the reader asked for; rows of one entity are that entity, others are tuples.

    The last one beyond the end, and none where the filters ask for what there is not.
    """
    if filters.wrong():
        return Page([], 1, 0, size)
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    page = last_if_beyond(total, size)
    result = db.session.execute(query.limit(size).offset((page.number - 1) * size))
    rows = result.unique().all() if len(query.column_descriptions) > 1 else result.scalars().unique().all()
    return replace(page, rows=list(rows))


def sliced(rows: list[Any], size: int = PAGE_SIZE) -> Page:
    """The page the reader asked for of a list already at hand, as `paged`."""
    page = last_if_beyond(len(rows), size)
    return replace(page, rows=rows[(page.number - 1) * size : page.number * size])


def last_if_beyond(total: int, size: int) -> Page:
    """The page that was asked for, if a list of so many has it; its last one if not."""
    asked = page_number()
    last = max(1, -(-total // size))
    return Page([], min(asked, last), total, size, asked if asked > last else 0)
