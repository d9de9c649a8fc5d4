"""Who is inspected, and by whom, from one drawn order (双随机): a pure function of what was published.

`docs/verify_draw.py` has it once more, without a line of this code, so both change together. What goes
in is a draw's `bound` (models/draws.py), fixed with the list before anybody can know the order:

    {"objects": {agency: {"grade": "B", "left": 2}},      visits its yearly cap leaves; a stratum is a grade
     "inspectors": {certificate: {agency: reason}},        whom each may not inspect, and why (CONFLICTS)
     "shares": {"A": 2, …},                                percent of each stratum to be inspected
     "each": 2}                                            inspectors for an object

The candidates of the draw are all objects and all inspectors, in one list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_
from models.policy import Policy

CAP = "cap"  # an object that was drawn and is passed over: inspected as often as it may be this year
# Why an inspector who was next is passed over for an object.
CONFLICTS = {"interest": N_("有利害关系,应当回避"), "last_time": N_("上一次就是由其检查")}
LEVELS = ("province", "city", "county")
UNRATED = "unrated"


@dataclass(frozen=True)
class Picks:
    """What an order comes to.

    `assigned`: every object to be inspected with its inspectors, in drawn order; `lacking`: those of
    them for whom too few inspectors are free of conflict, who have none; `passed`: the objects that
    were drawn and passed over; `stepped`: per object the inspectors who were next and passed over, each
    with the reason.
    """

    assigned: dict[str, list[str]] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)
    passed: dict[str, str] = field(default_factory=dict)
    stepped: dict[str, dict[str, str]] = field(default_factory=dict)

    def as_json(self) -> Json:
        """As it is published beside the draw."""
        return {
            "assigned": self.assigned,
            "lacking": self.lacking,
            "passed": self.passed,
            "stepped": self.stepped,
        }


def stratum(grade: str | None) -> str:
    """Where an agency is drawn: by its credit grade, or with those not yet rated."""
    return grade or UNRATED


def bound(
    rules: Policy,
    objects: Mapping[str, tuple[str | None, int]],
    inspectors: Mapping[str, Mapping[str, str]],
) -> Json:
    """What a draw is bound to: what is said of each of the `objects` and the `inspectors`.

    Of an object its grade (None: not yet rated) and how many visits are left, of an inspector whom he may not
    inspect and why. RuleViolation without either, or where one name stands in both.
    """
    if not objects or not inspectors or objects.keys() & inspectors.keys():
        raise RuleViolation(N_("检查对象和检查人员名单都不能为空,也不能重复。"))
    return {
        "objects": {name: {"grade": stratum(grade), "left": left} for name, (grade, left) in objects.items()},
        "inspectors": {name: dict(conflicts) for name, conflicts in inspectors.items()},
        "shares": {
            **{grade: rules.number(f"inspection.shares.{grade}") for grade in "ABCDE"},
            UNRATED: rules.number("inspection.shares.unrated"),
        },
        "each": rules.number("inspection.inspectors"),
    }


def visits_left(rules: Policy, level: str, done: Mapping[str, int]) -> int:
    """How many more visits a year's cap leaves an authority of this level (`LEVELS`) at one object.

    `done`: those of this year by the level of who made them, without the exceptions. 国办发〔2024〕54号:
    so many a level, and so many for city and county together.
    """
    left = rules.number("inspection.cap_level") - done.get(level, 0)
    if level in ("city", "county"):
        both = done.get("city", 0) + done.get("county", 0)
        left = min(left, rules.number("inspection.cap_city_and_county") - both)
    return max(left, 0)


def wanted(share: int, members: int) -> int:
    """How many of a stratum are inspected: its share in percent, rounded up."""
    return -(-share * members // 100)


def pick(order: Sequence[str], given: Json) -> Picks:
    """Who is inspected and by whom.

    Objects by stratum in drawn order until its share is reached, without those whose cap leaves no
    visit. Then for each of them, in drawn order, the inspectors with the fewest objects so far, of
    these who was drawn first, without those in conflict.
    """
    found, members = Picks(), given["objects"]
    strata: dict[str, list[str]] = {}
    for name in order:
        if name in members:
            strata.setdefault(members[name]["grade"], []).append(name)
    chosen: set[str] = set()
    for grade, names in strata.items():
        most, taken = wanted(given["shares"][grade], len(names)), 0
        for name in names:
            if taken == most:
                break
            if members[name]["left"] < 1:
                found.passed[name] = CAP
                continue
            chosen.add(name)
            taken += 1
    load = {
        name: 0 for name in order if name in given["inspectors"]
    }  # in drawn order, which decides between equals
    for name in order:
        if name in chosen:
            _assign(found, name, load, given)
    return found


def _assign(found: Picks, name: str, load: dict[str, int], given: Json) -> None:
    """Give an object its inspectors, or note that there are too few."""
    team: list[str] = []
    for who in sorted(load, key=load.__getitem__):
        if len(team) == given["each"]:
            break
        reason = given["inspectors"][who].get(name)
        if reason is None:
            team.append(who)
        else:
            found.stepped.setdefault(name, {})[who] = reason
    if len(team) < given["each"]:
        found.lacking.append(name)
        team = []
    found.assigned[name] = team
    for who in team:
        load[who] += 1
