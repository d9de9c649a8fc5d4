"""The inputs of a score, one module each: what it declares as INPUT is one."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from models.credit.evidence import Input


@cache
def inputs() -> dict[str, Input]:
    """Every input there is, by its name."""
    found = [import_module(f"{__name__}.{each.name}").INPUT for each in iter_modules(__path__)]
    return {each.name: each for each in found}
