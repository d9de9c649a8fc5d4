"""The size of the job a reader typed, as it travels in pages' addresses: `amount`, `count`, `factor`."""

from __future__ import annotations

from flask import request

from models import money, numbers
from models.catalogue import ServiceItem
from models.errors import RuleViolation
from models.i18n import N_
from models.pricing import Quantity

SIZE = ("amount", "count", "factor")


def size_typed() -> dict[str, str]:
    """What the reader typed of the size, for a link to where it goes on."""
    return {name: typed for name in SIZE if (typed := request.args.get(name, "").strip()[:60])}


def quantity_asked(item: ServiceItem) -> Quantity | None:
    """The size of the job the reader typed; None if it is needed and missing.

    RuleViolation if it cannot be read.
    """
    typed = size_typed()
    factor = typed.get("factor", "")
    if item.measure == "none":
        return Quantity(factor=factor)
    try:
        if "amount" in typed:
            return Quantity(amount=money.parse(typed["amount"]), factor=factor)
        return Quantity(count=numbers.whole(typed["count"]), factor=factor) if "count" in typed else None
    except ValueError:
        raise RuleViolation(N_("请填写数字,例如 60,000,000。"), item.measure) from None
