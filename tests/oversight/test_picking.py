"""Who is inspected and by whom: whatever is drawn, the rules hold, and a program of nobody's agrees."""

from __future__ import annotations

import runpy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import policy
from models.errors import RuleViolation
from models.oversight.picking import CAP, CONFLICTS, bound, pick, visits_left, wanted

RULES = policy.get("2026-12")
AGAIN = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "verify_picks.py"))["pick"]


@st.composite
def drawn(draw: Any) -> tuple[list[str], dict[str, Any]]:
    """An order of up to 60 objects and 8 inspectors, with what is said of them."""
    grades = st.sampled_from(["A", "B", "C", "D", "E", None])
    objects = {f"A{n}": draw(st.tuples(grades, st.integers(0, 2))) for n in range(draw(st.integers(1, 60)))}
    conflicts = st.dictionaries(st.sampled_from(list(objects)), st.sampled_from(list(CONFLICTS)), max_size=20)
    inspectors = {f"I{n}": draw(conflicts) for n in range(draw(st.integers(1, 8)))}
    order = [*objects, *inspectors]
    Random(draw(st.integers(0, 2**32))).shuffle(order)
    return order, bound(RULES, objects, inspectors)


@given(drawn())
def test_whatever_is_drawn_the_rules_hold(given_: tuple[list[str], dict[str, Any]]) -> None:
    order, told = given_
    came = pick(order, told)
    for name, team in came.assigned.items():
        assert told["objects"][name]["left"] > 0, "never over the cap"
        assert len(team) == len(set(team)) == (0 if name in came.lacking else 2)
        assert not any(name in told["inspectors"][who] for who in team), "never in conflict"
    for name in came.lacking:
        assert sum(name not in each for each in told["inspectors"].values()) < 2
    for grade, share in told["shares"].items():
        members = [name for name, each in told["objects"].items() if each["grade"] == grade]
        free = [name for name in members if told["objects"][name]["left"] > 0]
        chosen = [name for name in members if name in came.assigned]
        assert len(chosen) == min(wanted(share, len(members)), len(free)), "the share, wherever possible"
        passed = [
            name for name in order if name in members and (name in came.assigned or name in came.passed)
        ]
        assert passed == [name for name in order if name in members][: len(passed)], "nobody out of turn"
    assert set(came.passed.values()) <= {CAP}
    assert AGAIN({"result": order, "bound": told}) == came.as_json()


@given(drawn())
def test_loads_are_even_where_nobody_is_in_conflict(given_: tuple[list[str], dict[str, Any]]) -> None:
    order, told = given_
    told = {**told, "inspectors": {name: {} for name in told["inspectors"]}}
    teams = pick(order, told).assigned.values()
    loads = [sum(who in team for team in teams) for who in told["inspectors"]]
    assert max(loads) - min(loads) <= 1


@given(drawn(), st.randoms())
def test_nothing_but_the_published_order_and_what_is_bound_counts(
    given_: tuple[list[str], dict[str, Any]], random: Any
) -> None:
    order, told = given_
    names = list(told["objects"])
    random.shuffle(names)
    written_otherwise = {**told, "objects": {name: told["objects"][name] for name in names}}
    assert pick(order, written_otherwise) == pick(order, told)


def test_shares_are_those_of_the_policy_and_rounded_up() -> None:
    objects = {f"{grade}{n}": (grade, 2) for grade in "ABCDE" for n in range(51)}
    objects |= {f"N{n}": (None, 2) for n in range(51)}
    told = bound(RULES, objects, {"I1": {}, "I2": {}})
    chosen = pick([*objects, "I1", "I2"], told).assigned
    counted = {first: sum(name[0] == first for name in chosen) for first in "ABCDEN"}
    assert counted == {"A": 2, "B": 3, "C": 11, "D": 51, "E": 51, "N": 11}


def test_an_inspector_in_conflict_is_passed_over_and_it_is_said() -> None:
    told = bound(RULES, {"D1": ("D", 1), "D2": ("D", 0)}, {"I1": {"D1": "last_time"}, "I2": {}, "I3": {}})
    came = pick(["I1", "D2", "D1", "I2", "I3"], told)
    assert came.as_json() == {
        "assigned": {"D1": ["I2", "I3"]},
        "lacking": [],
        "passed": {"D2": CAP},
        "stepped": {"D1": {"I1": "last_time"}},
    }


@pytest.mark.parametrize(
    ("level", "done", "left"),
    [
        ("province", {}, 2),
        ("province", {"province": 1, "city": 2, "county": 2}, 1),
        ("county", {"county": 2}, 0),
        ("county", {"county": 1, "city": 3}, 0),
        ("city", {"city": 1, "county": 2}, 1),
        ("city", {"city": 5}, 0),
    ],
)
def test_visits_a_cap_leaves(level: str, done: dict[str, int], left: int) -> None:
    assert visits_left(RULES, level, done) == left


def test_neither_list_may_be_empty_or_share_a_name() -> None:
    for objects, inspectors in (({}, {"I": {}}), ({"A": ("A", 1)}, {}), ({"A": ("A", 1)}, {"A": {}})):
        with pytest.raises(RuleViolation):
            bound(RULES, objects, inspectors)
