"""How well a search ranks: judged queries, and the discounted gain of what comes first."""

from __future__ import annotations

import tomllib
from functools import cache
from math import log2
from pathlib import Path


@cache
def judged() -> dict[str, dict[str, int]]:
    """Query to the codes it means, each with its grade from 1 to 3."""
    queries: dict[str, str] = tomllib.loads(
        (Path(__file__).parent / "judged.toml").read_text(encoding="utf-8")
    )["queries"]
    return {
        said: {code: int(grade or 3) for code, _, grade in (each.partition(":") for each in meant.split())}
        for said, meant in queries.items()
    }


def ndcg(ranked: list[str], meant: dict[str, int], places: int = 10) -> float:
    """Normalised discounted cumulative gain, 0 to 1.

    Sum((2^grade - 1) / log2(place + 1)) over that of the best order (Järvelin and Kekäläinen 2002, with the
    exponential gain in common use).
    """

    def gain(grades: list[int]) -> float:
        return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades[:places]))

    return gain([meant.get(key, 0) for key in ranked]) / gain(sorted(meant.values(), reverse=True))
