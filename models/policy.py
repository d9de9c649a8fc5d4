"""The policy: the market's rules in numbers, read from versioned TOML files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from models import clock

FOLDER = Path(__file__).parent / "policies"


@dataclass(frozen=True)
class Policy:
    """One version. Keys are dotted: `contract.sign_days`."""

    version: str
    effective_from: date
    issued_by: str
    values: dict[str, Any]

    def _value(self, key: str) -> Any:
        value: Any = self.values
        for part in key.split("."):
            value = value[part]
        return value

    def number(self, key: str) -> int:
        """A whole number (days, counts, points). KeyError if the policy has no such key."""
        return int(self._value(key))

    def rate(self, key: str) -> Fraction:
        """A number as an exact fraction."""
        return Fraction(str(self._value(key)))

    def sections(self) -> dict[str, dict[str, Any]]:
        """Everything, for printing: section name to its keys and values."""
        return {name: body for name, body in self.values.items() if isinstance(body, dict)}


@cache
def versions() -> tuple[Policy, ...]:
    """Every version we carry, newest first."""
    found = []
    for path in FOLDER.glob("*.toml"):
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(Policy(values["version"], values["effective_from"], values["issued_by"], values))
    return tuple(sorted(found, key=lambda p: p.effective_from, reverse=True))


def get(version: str) -> Policy:
    """The named version; KeyError if we never had it."""
    for policy in versions():
        if policy.version == version:
            return policy
    raise KeyError(version)


def current() -> Policy:
    """The newest version in effect today."""
    today = clock.today()
    return next(p for p in versions() if p.effective_from <= today)
