"""How well a search ranks: judged queries, and the discounted gain of what comes first."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from math import log2
from pathlib import Path

Meant = dict[str, int]  # what a query means, each with its grade from 1 to 3


@cache
def judged() -> dict[str, dict[str, Meant]]:
    """The judged queries by kind, with what they mean: codes of items, and `@` with that of a place."""
    kinds: dict[str, dict[str, str]] = tomllib.loads(
        (Path(__file__).parent / "judged.toml").read_text(encoding="utf-8")
    )
    return {kind: {said: _meant(text) for said, text in said_so.items()} for kind, said_so in kinds.items()}


def _meant(text: str) -> Meant:
    return {code: int(grade or 3) for code, _, grade in (each.partition(":") for each in text.split())}


def ndcg(ranked: list[str], meant: Meant, places: int = 10) -> float:
    """Normalised discounted cumulative gain, 0 to 1.

    Sum((2^grade - 1) / log2(place + 1)) over that of the best order (Järvelin and Kekäläinen 2002, with the
    exponential gain in common use).
    """

    def gain(grades: list[int]) -> float:
        return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades[:places]))

    return gain([meant.get(key, 0) for key in ranked]) / gain(sorted(meant.values(), reverse=True))


def mean_by_kind(answer: Callable[[str], list[str]]) -> dict[str, float]:
    """By kind, the mean gain of what a search answers to its queries."""
    return {
        kind: sum(ndcg(answer(said), meant) for said, meant in queries.items()) / len(queries)
        for kind, queries in judged().items()
    }
