"""What jobs are measured by, in words of both languages, and how a size is read that somebody writes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from models import money, numbers, pricing, spelling
from models.errors import RuleViolation
from models.i18n import N_
from models.pricing import Quantity

if TYPE_CHECKING:
    from models.catalogue import ServiceItem

SOURCE = Path(__file__).parent / "data" / "measures.toml"
_UNIT = re.compile(r"(?P<name>.+)\((?P<unit>[^()]+)\)")
Words = dict[str, str]  # by language: `zh`, `en`


@dataclass(frozen=True, slots=True)
class MeasureWords:
    """What a measure is called, and the unit it is counted in."""

    name: Words
    unit: Words


@cache
def _known() -> dict[str, MeasureWords]:
    source = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    return {label: MeasureWords(**words) for label, words in source.items()}


def words_of(label: str) -> MeasureWords:
    """The words of a measure by its label in the catalogue.

    One we do not know is called what it is in every language; its unit is what stands in brackets behind it.
    """
    if label in _known():
        return _known()[label]
    told = _UNIT.fullmatch(spelling.plain(label))
    name, unit = (told["name"], told["unit"]) if told else (label, "")
    return MeasureWords({"zh": name, "en": name}, {"zh": unit, "en": unit})


def unit_of(label: str) -> numbers.Unit:
    """What a size by this measure is counted in: the unit's own words, in both languages."""
    words = {word.lower() for word in words_of(label).unit.values() if word}
    return numbers.Unit(frozenset(words), N_("请填写整数,例如 20;不写别的单位。"))


def check(measure: str, label: str, fee_standard: str | None) -> None:
    """RuleViolation unless an item's measure has a name, and its standard prices by that measure."""
    if measure != "none" and not label.strip():
        raise RuleViolation(
            N_("请写明计费基数的名称;按数量的,把单位写在括号里,例如 测量面积(亩)。"), "measure_label"
        )
    tables = pricing.standards()[fee_standard]["tables"].values() if fee_standard else ()
    methods = [method for terms in tables if (method := pricing.method_of(terms)) is not None]
    if not all(method.fits(measure) for method in methods):
        raise RuleViolation(N_("所引用的收费标准按金额计价,本事项也要按金额计价。"), "measure")


def size_of(item: ServiceItem, text: str, factor: str = "") -> Quantity | None:
    """The job of an item of this size as people write it: `6000万`, `12 亩`; None where nothing is written.

    An item without a measure has one size. RuleViolation (field `size`) for what is no size of this item.
    """
    if item.measure == "none":
        return Quantity(factor=factor)
    if not text.strip():
        return None
    try:
        if item.measure == "amount":
            job = Quantity(amount=money.parse(text), factor=factor)
        else:
            job = Quantity(count=numbers.whole(text, unit_of(item.measure_label)), factor=factor)
    except ValueError as error:
        raise _unreadable(item, error) from error
    if job.base(item.measure) < 1 or job.count > pricing.MOST_COUNT:
        raise _unreadable(item, ValueError("none at all, or more than any"))
    return job


def _unreadable(item: ServiceItem, error: ValueError) -> RuleViolation:
    words = words_of(item.measure_label)
    how = (
        N_("请填写%(name)s,例如 60,000,000 或 6000万。")
        if item.measure == "amount"
        else N_("请填写%(name)s,是 1 到 1,000,000 的整数,例如 12。")
    )
    return numbers.refused(error, how, "size", name=words.name)
