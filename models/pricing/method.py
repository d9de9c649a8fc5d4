"""What a pricing method is: the interface by which pages, imports and prices know each of them.

A method is one module of this package: a frozen dataclass of the numbers an agency publishes, registered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal, Self, TypeVar

from models import money
from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_

Say = Callable[..., str]  # gettext's shape: a marked message and the values of its places, as people read it
Row = TypeVar("Row")
Measure = Literal["amount", "count"]
SHOWN = 3  # rows of a table that are said on one line


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is to be priced.

    `amount` in fen (an investment, a value) for the banded methods, `count` for prices per unit, 0 where it
    was not said; `factor` the name of an adjustment (an industry).
    """

    amount: int = 0
    count: int = 0
    factor: str = ""

    @classmethod
    def of(cls, stored: Json) -> Quantity:
        return cls(stored.get("amount") or 0, stored.get("count") or 0, stored.get("factor") or "")

    def base(self, measure: str) -> int:
        """What a price by this measure (`amount`, `count`) is reckoned from; 0 where it was not said."""
        return {"amount": self.amount, "count": self.count}[measure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Terms as a form or a row of a table gives them.

    Sums in fen, `method` and `standard` by name, the rest as people write it (`table`: a line or a part
    between bars for each row).
    """

    method: str = ""
    standard: str = ""
    price: int | None = None
    table: str = ""
    discount: str = ""
    floor: int | None = None
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One of the values that terms are stored under: its name, its label, and how it is shown."""

    name: str
    label: str
    kind: Literal["method", "standard", "sum", "rows", "text"]


class Method(ABC):
    """The numbers of one published price.

    `order` is its place among the methods people choose from; `base` is the measure of a job its price is
    reckoned from (`amount`, `count`; None: it is the same for any size), so that an item without that measure
    cannot be priced by it; `asks` says which of `Written.price` and `Written.table` it reads, and how each is
    filled in; `parts` are the values it is stored under, `example` is how one may be written.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    order: ClassVar[int]
    base: ClassVar[Measure | None]
    asks: ClassVar[Mapping[str, str]]
    parts: ClassVar[tuple[Part, ...]]
    example: ClassVar[Written]

    @classmethod
    def fits(cls, measure: str) -> bool:
        """Whether an item that is measured so (`amount`, `count`, `none`) can be priced by this method."""
        return cls.base in (None, measure)

    @classmethod
    @abstractmethod
    def read(cls, written: Written) -> Json:
        """The method's part of the stored terms.

        RuleViolation at `price` or `table` for what cannot be read.
        """

    @classmethod
    @abstractmethod
    def of(cls, terms: Json) -> Self:
        """The numbers in stored terms, sound or not."""

    @abstractmethod
    def check(self) -> None:
        """RuleViolation (field `terms`) where no price rests on these numbers, or a larger job costs less."""

    @abstractmethod
    def price(self, quantity: Quantity) -> Fraction:
        """The price in fen, not rounded, before factors, discount, floor and cap."""

    @abstractmethod
    def describe(self, say: Say, unit: str = "") -> str:
        """The price on one line, in the language `say` speaks.

        `unit` is what the item's jobs are counted in.
        """


METHODS: dict[str, type[Method]] = {}
M = TypeVar("M", bound=type[Method])


def register(method: M) -> M:
    """Make a method one that may be published, in its place among the others."""
    METHODS[method.name] = method
    for name in sorted(METHODS, key=lambda name: METHODS[name].order):
        METHODS[name] = METHODS.pop(name)
    return method


def unsound(message: str) -> RuleViolation:
    """What is raised for terms nobody can rely on."""
    return RuleViolation(message, "terms")


def check_sum(fen: int | None) -> None:
    """RuleViolation (field `terms`) for a sum that is none a market deals in."""
    if fen is not None and not 0 < fen <= money.MOST:
        raise unsound(N_("金额应大于 0,且不超过 100 亿元。"))


def read_rows(table: str, how: str, read: Callable[[str, str, Row | None], Row]) -> list[Row]:
    """The rows of a table of two values each, as `read` makes them of left, right and the row before.

    RuleViolation at `table`, naming the line and `how` it is filled in, where `read` raises ValueError.
    """
    rows: list[Row] = []
    for line in filter(str.strip, table.replace("|", "\n").splitlines()):
        try:
            left, right = line.translate(_COMMAS).rstrip(", ").rsplit(",", 1)
            rows.append(read(left.strip(), right.strip(), rows[-1] if rows else None))
        except ValueError as error:
            raise RuleViolation(
                N_("“%(line)s”看不懂。%(how)s"), "table", line=line.strip()[:60], how=how
            ) from error
    return rows


_COMMAS = str.maketrans("，;；\t", ",,,,")


def in_wan(fen: int, say: Say) -> str:
    """A large sum as people say it: `500 万元`."""
    return say(N_("%(n)s 万元"), n=f"{fen / 1_000_000:g}")


def listed(label: str, rows: Sequence[str]) -> str:
    """A table on one line: the method's label and the first rows."""
    return f"{label}: {'; '.join(rows[:SHOWN])}{' …' if len(rows) > SHOWN else ''}"


PRICE = Part("price", N_("价格"), "sum")


@dataclass(frozen=True)
class OneSum(Method):
    """What the methods that publish a single sum (in fen) have in common."""

    parts = (PRICE,)
    sum: int | None

    @classmethod
    def read(cls, written: Written) -> Json:
        return {"price": written.price}

    @classmethod
    def of(cls, terms: Json) -> Self:
        return cls(terms.get("price"))

    def check(self) -> None:
        check_sum(self.sum)
        if self.sum is None:
            raise unsound(N_("请填写价格。"))
