"""The published fee standards (收费标准) we carry, which agencies may take over.

The tables in `models/data/fee_standards.json` are read as people write them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

from models.base import Json
from models.i18n import N_
from models.pricing.method import METHODS, Say, Written

SOURCE = Path(__file__).parents[1] / "data" / "fee_standards.json"


# What the tables of a standard are for, where it has several.
TABLES = {
    "goods": N_("货物"),
    "services": N_("服务"),
    "works": N_("工程"),
    "report": N_("报告书"),
    "report_form": N_("报告表"),
}


def table_words(name: str, say: Say, named: Callable[[str], str] = str) -> str:
    """What a published table, `id/table`, is called: the standard, its document, what the table is for.

    `named` says titles and documents in the language of `say`.
    """
    identifier, _, table = name.partition("/")
    standard = standards()[identifier]
    said = say(
        N_("%(title)s(%(document)s)"), title=named(standard["title"]), document=named(standard["document"])
    )
    return said if table not in TABLES else f"{said} · {say(TABLES[table])}"


def from_standard(name: str) -> Json | None:
    """The terms of a published table, `id/table`; None if we carry no such table."""
    identifier, _, table = name.partition("/")
    terms: Json | None = standards().get(identifier, {}).get("tables", {}).get(table)
    return terms


def band(identifier: str) -> tuple[Fraction, Fraction]:
    """Between which shares of a published standard prices may lie: its market band, or at the most itself."""
    width = Fraction(standards()[identifier]["market_band"])
    return (1 - width, 1 + width) if width else (Fraction(0), Fraction(1))


@cache
def standards() -> dict[str, Json]:
    """The published standards we carry, by identifier.

    Title, document, the name of the base, and `tables`, each a set of terms in fen.
    """
    source = json.loads(SOURCE.read_text(encoding="utf-8"), parse_float=str)
    return {raw["id"]: _standard(raw) for raw in source["standards"]}


def _standard(raw: Json) -> Json:
    factors = {name: rate for names, rate in raw.get("factors", {}).items() for name in names.split("、")}
    shared = ({"above": raw["above"]} if "above" in raw else {}) | ({"factors": factors} if factors else {})
    return {
        "id": raw["id"],
        "title": raw["title"],
        "document": raw["document"],
        "base": raw["base"],
        "market_band": str(Fraction(raw.get("market_band_percent", 0), 100)),
        "tables": {name: _terms(raw["method"], rows) | shared for name, rows in raw["tables"].items()},
    }


def _terms(method: str, rows: list[list[object]]) -> Json:
    table = "\n".join(f"{'*' if left is None else left}, {right}" for left, right in rows)
    return {"method": method, **METHODS[method].read(Written(table=table))}
