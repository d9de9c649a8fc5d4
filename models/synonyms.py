"""What else an item is called, by the catalogue's own list: abbreviations, everyday and English words."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent / "data" / "service_items.csv"


@cache
def _every() -> dict[str, tuple[str, ...]]:
    with SOURCE.open(encoding="utf-8") as file:
        return {row["code"]: tuple(filter(None, row["synonyms"].split(";"))) for row in csv.DictReader(file)}


def synonyms_of(code: str) -> tuple[str, ...]:
    """The other names of an item, those most in use first; none of one that is not in the list."""
    return _every().get(code, ())
