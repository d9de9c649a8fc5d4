"""Prices by a published method, exact in fen.

Terms are plain JSON, so that a fee schedule can be stored, shown and compared: `method` and what that
method's module in this package stores, and optionally `discount` (share of the computed price that is
charged), `factors` (name to rate), `floor` and `cap` (fen), and `standard`: the published table these terms
are taken from, `id/table`. All sums are fen, rates are decimal strings taken as exact fractions, and only the
final price is rounded. A new method is a new module here: see `method.Method`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from importlib import import_module
from pkgutil import iter_modules

from models import money, numbers
from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_
from models.money import MOST, round_fen
from models.pricing.fee_standards import band, from_standard, standards, table_words
from models.pricing.method import METHODS, Measure, Method, Part, Quantity, Say, Written, check_sum, unsound

__all__ = [
    "METHODS",
    "MOST_COUNT",
    "Measure",
    "Method",
    "Part",
    "Quantity",
    "Written",
    "band",
    "check",
    "describe",
    "from_standard",
    "load_methods",
    "method_of",
    "parts",
    "price",
    "read",
    "standards",
    "table_words",
]

MOST_AMOUNT, MOST_COUNT = MOST * 100, 1_000_000  # the largest jobs that are priced, in fen and in units
_OWN = ("standard", "discount", "floor", "cap")  # what an agency adds to a standard it takes over
_FIRST = (Part("method", N_("计价方式"), "method"), Part("standard", N_("引用收费标准"), "standard"))
_LAST = (
    Part("factors", N_("行业系数"), "rows"),
    Part("discount", N_("折扣"), "text"),
    Part("floor", N_("最低收费"), "sum"),
    Part("cap", N_("最高收费"), "sum"),
)


def load_methods() -> None:
    """Every module of this package, each of which registers its method."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


load_methods()


def _method(terms: Json) -> Method:
    """The method of stored terms, with their numbers.

    RuleViolation (field `terms`) where there is no such method.
    """
    method = method_of(terms)
    if method is None:
        raise unsound(N_("请选择计价方式。"))
    return method.of(terms)


def parts() -> list[Part]:
    """Every value terms may be stored under, in the order people compare them."""
    own = {part.name: part for method in METHODS.values() for part in method.parts}
    return [*_FIRST, *own.values(), *_LAST]


def price(terms: Json, quantity: Quantity) -> int:
    """The price in fen. RuleViolation if the quantity is missing or not of these terms."""
    if not 0 <= quantity.amount <= MOST_AMOUNT or not 0 <= quantity.count <= MOST_COUNT:
        raise RuleViolation(N_("计费数量超出合理范围。"), "quantity")
    method = _method(terms)
    if method.base is not None and not quantity.base(method.base):
        raise RuleViolation(N_("没有说明规模,按这种计价方式算不出价格。"), "quantity")
    value = method.price(quantity)
    if terms.get("factors"):
        if quantity.factor and quantity.factor not in terms["factors"]:
            raise RuleViolation(N_("收费公示里没有这一行业系数。"), "factor")
        value *= Fraction(terms["factors"].get(quantity.factor, "1"))
    value *= Fraction(terms.get("discount") or "1")
    fen = round_fen(value)
    if terms.get("floor"):
        fen = max(fen, terms["floor"])
    if terms.get("cap"):
        fen = min(fen, terms["cap"])
    return fen


def check(terms: Json) -> Json:
    """The terms as given; RuleViolation (field `terms`) if they are not a price rule people can rely on.

    Sums are sane, a standard that is named is kept to, no job is free unless the floor says what it costs
    instead, and the rest is as their method says.
    """
    method = _method(terms)
    check_sum(terms.get("floor"))
    check_sum(terms.get("cap"))
    if terms.get("floor") and terms.get("cap") and terms["floor"] > terms["cap"]:
        raise unsound(N_("最低收费不能高于最高收费。"))
    if not 0 < Fraction(terms.get("discount") or "1") <= 2:
        raise unsound(N_("折扣应大于 0,且不超过 2(即 200%)。"))
    if terms.get("standard") and from_standard(terms["standard"]) != {
        k: v for k, v in terms.items() if k not in _OWN
    }:
        raise unsound(N_("引用标准的,档位和系数要与标准一致。"))
    method.check()
    _check_costs(method, terms)
    return terms


def _check_costs(method: Method, terms: Json) -> None:
    """RuleViolation (field `terms`) where jobs would be free.

    A larger job never costs less, so the smallest and the largest tell: all jobs, or the small ones; for
    those a floor says what they cost.
    """
    if not method.price(Quantity(MOST_AMOUNT, MOST_COUNT)):
        raise unsound(N_("这样收费,多大的一单都是 0 元。每单收一样的钱,请选“固定价”。"))
    if not method.price(Quantity(1, 1)) and not terms.get("floor"):
        raise unsound(N_("这样收费,小的一单是 0 元。请写明最低收费,或者改第一档的费率或收费。"))


def method_of(terms: Json) -> type[Method] | None:
    """The method of stored terms; None where there is no such method."""
    return METHODS.get(terms.get("method") or "")


def read(written: Written) -> Json:
    """The terms somebody wrote, not checked yet; RuleViolation at the field that cannot be read.

    A published standard, where one is named, brings its own table.
    """
    if written.standard:
        known = from_standard(written.standard)
        if known is None:
            raise RuleViolation(N_("没有这个收费标准。"), "standard")
        terms: Json = {**known, "standard": written.standard}
    elif written.method in METHODS:
        terms = {"method": written.method, **METHODS[written.method].read(written)}
    else:
        raise RuleViolation(N_("请选择计价方式。"), "method")
    sums = {"floor": written.floor, "cap": written.cap}
    terms |= {name: fen for name, fen in sums.items() if fen is not None}
    return terms | ({"discount": discount} if (discount := read_discount(written.discount)) else {})


def read_discount(text: str) -> str:
    """A discount as a decimal, empty for none; RuleViolation at `discount`."""
    try:
        return numbers.plain(numbers.share(text)) if text.strip() else ""
    except ValueError as error:
        raise RuleViolation(N_("请填写小数、百分数或几折,例如 0.85、85% 或 8.5折。"), "discount") from error


def describe(terms: Json, say: Say, unit: str = "", named: Callable[[str], str] = str) -> str:
    """Published terms on one line, in the language `say` (gettext) speaks.

    `unit` is what the item's jobs are counted in; `named` says standards' titles in that language.
    """
    if terms.get("standard"):
        said = say(N_("按%(table)s"), table=table_words(terms["standard"], say, named))
    else:
        said = _method(terms).describe(say, unit)
    if terms.get("discount"):
        said += f" × {float(Fraction(terms['discount'])):.1%}".replace(".0%", "%")
    if terms.get("floor"):
        said += " · " + say(N_("最低 %(sum)s"), sum=money.show(terms["floor"]))
    if terms.get("cap"):
        said += " · " + say(N_("最高 %(sum)s"), sum=money.show(terms["cap"]))
    return said
