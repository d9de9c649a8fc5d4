"""Agencies that do not exist, by the thousand, to measure a search among."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from market.demo.people import _NAMES, TRADES, counties
from models.catalogue import published_items
from models.regions import above
from search.words import sounds, terms

TOKENS = "unicode61 tokenchars ':'"


@cache
def _words(name: str) -> str:
    return " ".join([*terms(name), *sounds(name)])


def documents(size: int) -> list[dict[str, Any]]:
    """Index documents of made-up agencies, each offering three real items in a real county."""
    random, made = Random(size), []
    items = [(row["code"], row["name"]) for row in published_items()]
    for number in range(size):
        offered = random.sample(items, 3)
        called = [random.choice(_NAMES) + random.choice(_NAMES), random.choice(list(TRADES)), "有限公司"]
        made.append(
            {
                "key": f"A-2026-{number:06d}",
                "kind": "agency",
                "words": " ".join(_words(part) for part in [*called, *(name for _code, name in offered)]),
                "items": " ".join(code for code, _name in offered),
                "regions": " ".join(above(random.choice(counties()))),
                "grade": random.choice(["A", "B", "C", "D", "none"]),
                "score": random.randrange(400, 1000),
            }
        )
    return made
