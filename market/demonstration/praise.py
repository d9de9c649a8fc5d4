"""What the parties of a settled contract say of each other: what goes with the stars of every dimension.

A sentence is about one dimension, and one of those for its stars. Nobody praises whose mean is below three
stars; what has fewest stars is told of where it has three or fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from market.demonstration.words import Family, read

Say = Callable[[str, Sequence[str]], str]
# what whoever was late has few stars for
TIMED = {"buyer": "timeliness", "agency": "materials", "department": ""}
BOUNDS = {"good": (4, 5), "fair": (3, 3), "bad": (1, 2)}


def band(stars: int) -> str:
    return next(name for name, (least, most) in BOUNDS.items() if least <= stars <= most)


def sentences(by: str, dimension: str, stars: int, family: Family, facts: frozenset[str]) -> tuple[str, ...]:
    """What may be said of a dimension that has so many stars.

    `facts`: whether what was rated was `late`, `sent_back` or `passed` at once.
    """
    level, texts = band(stars), read("comments")[by]
    if level != "good":
        if dimension == TIMED[by] and "late" in facts:
            return tuple(texts["late"][level])
        if dimension == "quality" and "sent_back" in facts:
            return tuple(texts["sent_back"][level])
    if dimension == "quality":
        mine: tuple[str, ...] = getattr(family, level)
        return mine + tuple(texts["passed"][level] if level == "good" and "passed" in facts else ())
    return tuple(texts[dimension][level])


def comment(
    random: Random, say: Say, by: str, scores: dict[str, int], family: Family, facts: frozenset[str]
) -> str:
    """One to three sentences that go with the stars."""
    mean = sum(scores.values()) / len(scores)
    weak = sorted((name for name in scores if scores[name] <= 3), key=lambda name: scores[name])
    best = [name for name in scores if scores[name] == max(scores.values()) >= 4]
    praised = (
        random.sample(best, min(len(best), 1 if weak else random.choice((1, 1, 2)))) if mean >= 3 else []
    )
    told = weak[: 1 if mean >= 3.5 else 2]
    said = [
        say(f"{by} {name} {band(scores[name])}", sentences(by, name, scores[name], family, facts))
        for name in (praised + told if mean >= 3.5 else told + praised)
    ]
    if len(said) == 1 or random.random() < 0.3:
        said.append(say(f"{by} overall {round(mean)}", read("comments")[by]["overall"][str(round(mean))]))
    return "".join(said)
