"""The screens of bids: by hand, against a slow reference, and whatever the unit and the order."""

from __future__ import annotations

import math
import statistics
from itertools import combinations, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.oversight import screens as module
from models.oversight.screens import MOST_BIDS, SCREENS, all_screens, screens, subgroup_screens

# Whole prices that lie apart: what differs by less than a rounding is equal (EQUAL).
PRICES = st.lists(st.integers(1_000, 2_000), min_size=2, max_size=9)


def test_a_tender_by_hand() -> None:
    """Bids of 100, 110, 112 and 115.

    Mean 109.25; squares of the distances 85.5625, 0.5625, 7.5625, 33.0625: 126.75, over three 42.25, its
    root 6.5. Losing bids: mean 112.3333, squares 5.4444, 0.1111, 7.1111, over two 6.3333, its root 2.5166.
    """
    found = screens([112, 100, 115, 110])
    assert found["variation"] == pytest.approx(6.5 / 109.25)
    assert found["spread"] == pytest.approx(0.15)
    assert found["difference"] == pytest.approx(0.10)
    assert found["distance"] == pytest.approx(10 / 2.516611)
    assert found["distance_alternative"] == pytest.approx(10 / (5 / 2))
    cubes = (-9.25) ** 3 + 0.75**3 + 2.75**3 + 5.75**3  # -580.125
    assert found["skewness"] == pytest.approx(4 / 6 * cubes / 6.5**3)
    fourths = 9.25**4 + 0.75**4 + 2.75**4 + 5.75**4
    assert found["kurtosis"] == pytest.approx(20 / 6 * fourths / 6.5**4 - 27 / 2)


def test_subgroups_by_hand() -> None:
    """Of four bids there are four groups of three, and one of four."""
    bids = [100, 110, 112, 115]
    found = subgroup_screens(bids)
    spreads = [0.12, 0.15, 0.15, 5 / 110]
    assert found["spread_3_min"] == pytest.approx(min(spreads))
    assert found["spread_3_median"] == pytest.approx(statistics.median(spreads))
    assert found["spread_3_mean"] == pytest.approx(statistics.mean(spreads))
    assert found["spread_3_max"] == pytest.approx(max(spreads))
    whole = screens(bids)
    for name in SCREENS:
        assert {found[f"{name}_4_{of}"] for of in ("min", "median", "mean", "max")} == {whole[name]}
    assert not any(name.startswith("kurtosis_3") for name in found)


def test_a_cartel_among_others_shows_in_a_subgroup() -> None:
    """Three that bid alike: the screen over all bids hides them."""
    found = all_screens([100, 140, 141, 142, 190, 240])
    assert found["variation_3_min"] is not None
    assert found["variation"] is not None
    assert found["variation_3_min"] < 0.01 < 0.3 < found["variation"]


@pytest.mark.parametrize(
    ("bids", "known"),
    [
        ([], set()),
        ([5], set()),
        ([0, 1, 2], set()),
        ([-1, 1, 2], set()),
        ([math.inf, 1, 2], set()),
        ([math.nan, 1, 2], set()),
        ([7, 9], {"variation", "spread", "difference"}),
        ([7, 7, 7, 7], {"variation", "spread", "difference"}),
        ([7, 9, 9], {"variation", "spread", "difference", "skewness"}),
        (
            [1e308, 9.5e307, 9e307],
            {"variation", "spread", "difference", "distance", "skewness"} | {"distance_alternative"},
        ),
    ],
)
def test_what_cannot_be_reckoned_is_none(bids: list[float], known: set[str]) -> None:
    found = screens(bids)
    assert {name for name, value in found.items() if value is not None} == known
    assert all(value is None or math.isfinite(value) for value in all_screens(bids).values())


@given(PRICES)
def test_screens_agree_with_plain_python(bids: list[int]) -> None:
    found, slow = screens(bids), reference(bids)
    for name in SCREENS:
        if slow[name] is None:
            assert found[name] is None
        else:
            assert found[name] == pytest.approx(slow[name], rel=1e-6, abs=1e-8)


@given(PRICES)
def test_subgroups_agree_with_plain_python(bids: list[int]) -> None:
    found = subgroup_screens(bids)
    for size in (3, 4):
        slow = [reference(list(group)) for group in combinations(bids, size)]
        for name in SCREENS:
            values = [each[name] for each in slow if each[name] is not None]
            if size == 3 and name == "kurtosis":
                continue
            for of, summed in (
                ("min", min),
                ("median", statistics.median),
                ("mean", statistics.mean),
                ("max", max),
            ):
                value = found[f"{name}_{size}_{of}"]
                if values:
                    assert value == pytest.approx(summed(values), rel=1e-6, abs=1e-8)
                else:
                    assert value is None


@given(PRICES, st.floats(1e-6, 1e6), st.randoms(use_true_random=False))
def test_neither_unit_nor_order_changes_a_screen(bids: list[int], unit: float, chance: object) -> None:
    other = [bid * unit for bid in bids]
    chance.shuffle(other)  # type: ignore[attr-defined]
    one, two = all_screens(bids), all_screens(other)
    for name, value in one.items():
        assert (value is None) == (two[name] is None)
        if value is not None:
            assert two[name] == pytest.approx(value, rel=1e-6, abs=1e-8)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_every_figure_is_finite(bids: list[int]) -> None:
    assume(bids)
    assert all(value is None or math.isfinite(value) for value in all_screens(bids).values())


def test_of_many_bids_the_lowest_are_looked_at() -> None:
    many = [1_000 + number**2 for number in range(MOST_BIDS + 15)]
    assert subgroup_screens(many[::-1]) == subgroup_screens(many[:MOST_BIDS])
    assert screens(many) != screens(many[:MOST_BIDS])
    assert math.comb(module.MOST_BIDS, 4) < 5_000, "bounded work"


def reference(bids: list[int]) -> dict[str, float | None]:
    """The definitions, term by term."""
    ordered, count = sorted(bids), len(bids)
    mean, deviation = statistics.mean(ordered), statistics.stdev(ordered)
    gap, losing = ordered[1] - ordered[0], ordered[1:]
    found: dict[str, float | None] = dict.fromkeys(SCREENS)
    found["variation"] = deviation / mean
    found["spread"] = (ordered[-1] - ordered[0]) / ordered[0]
    found["difference"] = gap / ordered[0]
    if count > 2:
        if losing[0] != losing[-1]:
            gaps = [b - a for a, b in pairwise(losing)]
            found["distance"] = gap / statistics.stdev(losing)
            found["distance_alternative"] = gap / (sum(gaps) / len(gaps))
        if deviation:
            apart = [(bid - mean) / deviation for bid in ordered]
            found["skewness"] = count / ((count - 1) * (count - 2)) * sum(x**3 for x in apart)
            if count > 3:
                first = count * (count + 1) / ((count - 1) * (count - 2) * (count - 3))
                last = 3 * (count - 1) ** 2 / ((count - 2) * (count - 3))
                found["kurtosis"] = first * sum(x**4 for x in apart) - last
    return found
