"""What texts of the market that are data, not interface, are called in English.

Approvals, qualifications, legal bases, fee standards and industries are Chinese in the catalogue and in the
rules; their English stands in `data/english.toml`, that of the items beside them. What keepers of the
catalogue add has none.
"""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from pathlib import Path

SOURCE, ITEMS = (Path(__file__).parent / "data" / name for name in ("english.toml", "service_items.csv"))


@cache
def words() -> dict[str, str]:
    """Chinese text to English."""
    sections = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    with ITEMS.open(encoding="utf-8") as file:
        items = {row["name"]: row["name_en"] for row in csv.DictReader(file)}
    return items | {text: said for section in sections.values() for text, said in section.items()}


@cache
def _texts() -> dict[str, str]:
    return {said.casefold(): text for text, said in words().items()}


def chinese(said: str) -> str:
    """The text that is called so in English; what was said itself where there is none."""
    return _texts().get(said.strip().casefold(), said)


def english(text: str) -> str:
    """The English of a text; the text itself where it has none."""
    return words().get(text, text)
