"""The rules by which a clean-up (清理规范) finds agencies, one module each: what it declares as RULE."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from models.oversight.cleanup_rule import Rule


@cache
def rules() -> dict[str, Rule]:
    """Every rule there is, by its name."""
    found = [import_module(f"{__name__}.{each.name}").RULE for each in iter_modules(__path__)]
    return {each.name: each for each in found}
