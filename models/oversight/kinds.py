"""What may be reported, and the grounds to refuse one or to end a mediation, as data with sources."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parents[1] / "data" / "violation_kinds.toml"


@dataclass(frozen=True, slots=True)
class ViolationKind:
    """A category of reports.

    `record` is the kind of credit record that one found is proposed as, empty for none; `line` the line of
    work it belongs to, empty for that of the item; `five`: whether it is one of the five of the survey.
    """

    key: str
    zh: str
    en: str
    source: str
    record: str
    line: str
    five: bool

    @property
    def names(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground, and the rule that has it."""

    key: str
    zh: str
    en: str
    source: str

    @property
    def names(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@cache
def violations() -> dict[str, ViolationKind]:
    """The categories of reports, by key, in their order."""
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"))["kinds"]
    return {row["key"]: ViolationKind(**row) for row in rows}


@cache
def grounds(what: str) -> dict[str, Ground]:
    """The grounds of `refuse_report`, `refuse_complaint` or `end_mediation`, by key, in their order."""
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"))[what]
    return {row["key"]: Ground(**row) for row in rows}
