"""The signs there are, some to a module: what it declares as SIGNS are."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from models.oversight.sign import Sign


@cache
def signs() -> dict[str, Sign]:
    """Every sign, by its name, in the order of the modules and within them."""
    found = [import_module(f"{__name__}.{each.name}").SIGNS for each in iter_modules(__path__)]
    return {each.name: each for module in found for each in module}
