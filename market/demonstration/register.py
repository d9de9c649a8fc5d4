"""The register of the demonstration: example enterprises a newcomer may be, invented like everything here."""

from __future__ import annotations

from random import Random, SystemRandom

from market.demonstration.people import _NAMES, code, person
from models.agencies.register import Registered
from models.errors import Problem

FIRST, COUNT = 500_000, 10_000  # the running numbers of their codes
_KINDS = ("牧业", "新能源", "冷链物流", "建材", "文化旅游")


def example(number: int) -> Registered:
    """The example enterprise of this number, 0 to COUNT - 1: always the same one."""
    name = (
        f"示例{_NAMES[number % len(_NAMES)]}{_KINDS[number // len(_NAMES) % len(_KINDS)]}{number:04d}有限公司"
    )
    return Registered(code("91630", FIRST + number), name, "active", person(Random(f"example {number}")))


def any_example() -> Registered:
    """One of them; which one nobody else is likely to be just now."""
    return example(SystemRandom().randrange(COUNT))


class ExampleRegister:
    """Answers as a register does."""

    name = "演示登记库"

    def lookup(self, codes: list[str]) -> dict[str, Registered | Problem | None]:
        return {asked: self._find(asked) for asked in codes}

    def _find(self, asked: str) -> Registered | None:
        number = int(asked[5:17]) - FIRST if asked[5:17].isdigit() else -1
        found = example(number) if 0 <= number < COUNT else None
        return found if found and found.uscc == asked else None
