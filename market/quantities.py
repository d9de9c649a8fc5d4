"""The size of the job a reader typed, as it travels in pages' addresses: `amount`, `count`, `factor`."""

from __future__ import annotations

from flask import request

from market.options import MOST_TYPED
from models.catalogue import ServiceItem
from models.measures import size_of
from models.pricing import Quantity

SIZE = ("amount", "count", "factor")


def size_typed() -> dict[str, str]:
    """What the reader typed of the size, for a link to where it goes on."""
    return {name: typed for name in SIZE if (typed := request.args.get(name, "").strip()[:MOST_TYPED])}


def quantity_asked(item: ServiceItem) -> Quantity | None:
    """The size of the job the reader typed; None if it is needed and missing.

    RuleViolation (field `size`) if it cannot be read.
    """
    typed = size_typed()
    return size_of(item, typed.get(item.measure, ""), typed.get("factor", ""))
