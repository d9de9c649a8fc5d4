"""The ways to choose an agency, each a module here: see `mode.Mode`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from models.i18n import N_
from models.sourcing.modes.mode import MODES, Mode, Step, planned_draws
from models.sourcing.modes.rules import FUNDS, OPENNESS, Rules, rules_of

__all__ = [
    "FUNDS",
    "MODES",
    "OPENNESS",
    "TOO_FEW",
    "Mode",
    "Rules",
    "Step",
    "load_modes",
    "planned_draws",
    "rules_of",
]


def load_modes() -> None:
    """Every module of this package, each of which registers its mode."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


load_modes()
TOO_FEW = {
    "fail": N_("征集失败"),
    "go_on": N_("按已有的继续,至少一家"),
    **{mode.name: mode.turned_into for mode in MODES.values() if mode.turned_into},
}
