"""Agencies that do not exist, by the thousand, to measure a search among."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from market.demonstration.people import _NAMES, TRADES, counties
from models.catalogue import published_items
from models.regions import above
from search.analysis import sounds, terms

TOKENS = "unicode61 tokenchars ':'"


@cache
def _words(name: str) -> str:
    return " ".join([*terms(name), *sounds(name)])


def documents(size: int) -> list[dict[str, Any]]:
    """Index documents of made-up agencies, each offering three real items in a real county."""
    random, made = Random(size), []
    items = [(row["code"], row["name"], row["required_qualification"]) for row in published_items()]
    for number in range(size):
        offered = random.sample(items, 3)
        called = [random.choice(_NAMES) + random.choice(_NAMES), random.choice(list(TRADES)), "有限公司"]
        made.append(
            {
                "key": f"A-2026-{number:06d}",
                "kind": "agency",
                "words": " ".join(
                    _words(part) for part in [*called, *(name for _code, name, _kind in offered)]
                ),
                "items": sorted(code for code, _name, _kind in offered),
                "regions": above(random.choice(counties())),
                "held": sorted({kind for _code, _name, kind in offered}),
                "offers": {
                    code: [random.randrange(10_000, 90_000) * 100, random.randrange(10, 60)]
                    for code, _name, _kind in offered
                },
                "grade": random.choice(["A", "B", "C", "D", "none"]),
                "score": random.randrange(400, 1000),
            }
        )
    return made
