"""How places and surnames are read aloud.

都兰 is Dulan, 单县 Shanxian, and Mr 仇 is Mr Qiu, whatever the characters are read as elsewhere.

A dictionary of words does not know every county and no family. So each of a place's readings is kept, as many
as `MOST`; a surname's stand in `surnames.toml`. One place or surname at a time is read otherwise, so that the
readings of a name add up and do not multiply.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from functools import cache
from itertools import combinations, islice, product
from pathlib import Path

from pypinyin import Style, lazy_pinyin, pinyin

from models import regions

MOST = 12  # readings of one place
_LONGEST = 6  # characters of a place's short name that are read in more than one way
_KINDS = "县市区州盟旗"
_GENERIC = {"城区", "矿区", "郊区"}
_LOCAL = {
    "乐陵": ("lao", "ling"),
    "宕昌": ("tan", "chang"),
}  # as those who live there say, and dictionaries of places have it
Other = tuple[int, tuple[str, ...]]  # where it begins, and its syllables


@cache
def surnames() -> dict[str, list[tuple[str, ...]]]:
    """Surname to its readings, a syllable a character."""
    table = tomllib.loads((Path(__file__).parent / "surnames.toml").read_text(encoding="utf-8"))["surnames"]
    return {name: [_split(name, said) for said in every] for name, every in table.items()}


def _split(name: str, said: str) -> tuple[str, ...]:
    """A reading by characters."""
    if len(name) == 1:
        return (said,)
    first = next(
        one
        for one in of_character(name[0])
        if said.startswith(one) and said.removeprefix(one) in of_character(name[1])
    )
    return first, said.removeprefix(first)


@cache
def of_character(character: str) -> tuple[str, ...]:
    """Every way a character is read."""
    return tuple(pinyin(character, style=Style.NORMAL, heteronym=True)[0])


@cache
def _places() -> frozenset[str]:
    """The short names of cities and counties, today's and former ones.

    What a province is called everybody reads alike.
    """
    names = {row["name"] for row in regions.published() if row["level"] != "province"} | {
        row["name"] for row in regions.former()
    }
    return frozenset(
        min(said, key=len)
        for said in map(regions.forms, names)
        if said and len(min(said, key=len)) <= _LONGEST
    )


@cache
def readings(name: str) -> tuple[tuple[str, ...], ...]:
    """The readings of a place, those that differ least from the usual one first."""
    usual = lazy_pinyin(name)
    ways = [
        [one for one in of_character(char) if one != said] for char, said in zip(name, usual, strict=True)
    ]
    if name[-1] in _KINDS:
        ways[-1] = []
    places = [at for at, ways_of_one in enumerate(ways) if ways_of_one]
    chosen = (at for count in range(len(places) + 1) for at in combinations(places, count))
    every = (
        tuple(dict(zip(at, said, strict=True)).get(place, usual[place]) for place in range(len(name)))
        for at in chosen
        for said in product(*(ways[place] for place in at))
    )
    local = [_LOCAL[name]] if name in _LOCAL else []
    return tuple(islice(dict.fromkeys([*local, *every]), MOST))


def spoken(name: str) -> list[str]:
    """The ways a place's name is read aloud, its kind (市, 县) in the usual one."""
    short = next((part for part in (name, name[:-1], name[:-2]) if part in _places()), "")
    rest = "".join(lazy_pinyin(name.removeprefix(short)))
    return ["".join(said) + rest for said in readings(short)] if short else ["".join(lazy_pinyin(name))]


def places(run: str) -> list[tuple[int, int]]:
    """Where the short names of places in a run of characters begin and end."""
    ends = (
        (at, at + length) for at in range(len(run)) for length in range(2, min(_LONGEST, len(run) - at) + 1)
    )
    return [(at, end) for at, end in ends if run[at:end] in _places()]


def others(run: str, syllables: list[str], starts: list[int]) -> list[Other]:
    """How else the places in a run of characters, and the surnames at the starts of its words, are read."""
    found: list[Other] = []
    for at, end in places(run):
        found += [(at, said) for said in readings(run[at:end])]
    for at in starts:
        for length in (1, 2):
            found += [(at, said) for said in surnames().get(run[at : at + length], ())]
    return [(at, said) for at, said in dict.fromkeys(found) if list(said) != syllables[at : at + len(said)]]


@cache
def _renamed() -> dict[str, set[str]]:
    """What a division is called to what else it is, or was, called.

    Companies keep the old name, and people ask by either.
    """
    names = {row["code"]: row["name"] for row in regions.published()}
    also: dict[str, set[str]] = defaultdict(set)
    for row in regions.former():
        now = names[row["successor"]]
        if row["name"] != now and row["name"] not in _GENERIC:
            also[row["name"]].add(now)
            also[now].add(row["name"])
    return also


def other_names(text: str) -> list[str]:
    """The other names of the divisions a text names."""
    return sorted({name for said, names in _renamed().items() if said in text for name in names})
