"""Every sign: where it arises, and where it must not, of too small a sample or an innocent one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import policy
from models.oversight.red_flags import ABOUT
from models.oversight.sign import UNITS, Accepted, Answer, Found, Seen, Tally, fences
from models.oversight.signs import signs

END = datetime(2026, 3, 2, tzinfo=UTC)
WORDS = "本机构承诺按期提交并负则修改到通过"  # with its wrong character


def answers(
    *prices: int | None, struck: tuple[int, ...] = (), note: str = "", late: bool = False
) -> list[Answer]:
    at = END + timedelta(days=1 if late else -1)
    return [
        Answer(f"B-{place}", place, price, place in struck, at, note) for place, price in enumerate(prices, 1)
    ]


USUAL = Seen(
    tender="Q-1",
    buyer=99,
    competitive=True,
    price_only=True,
    sealed=True,
    days=10,
    deadline=END,
    answers=answers(1000, 1300, 1500),
)


def won(seen: Seen, place: int = 0, **more: Any) -> Seen:
    winner = seen.answers[place]
    return replace(seen, winner=winner, price=winner.price, **more)


def found(name: str, seen: Any) -> list[Found]:
    sign = signs()[name]
    assert isinstance(seen, sign.reads)
    return list(sign.find(policy.current(), seen))


MANY = [0.10 + number / 500 for number in range(20)]  # differences of 10 to 14 of 100
FAIR = [Tally(bids=10, struck=0, won=5 + number % 3, lines=1 + number % 2) for number in range(24)]
OFTEN = {1: Tally(bids=30, won=0), 99: Tally()}
TURNS = [(f"Q-{number}", 1 + number % 3) for number in range(6)]

ARISES: dict[str, Any] = {
    "close_bids": replace(USUAL, answers=answers(1000, 1050, 1060)),
    "close_subgroup": replace(USUAL, answers=answers(1000, 1400, 1405, 1410, 2000)),
    "same_prices": replace(USUAL, answers=answers(1000, 1300, 1300)),
    "same_words": replace(USUAL, answers=answers(1000, 1300, note=WORDS)),
    "same_file": replace(USUAL, files=[["B-1", "B-2"]]),
    "linked_bidders": replace(USUAL, links=[(["B-1", "B-3"], ["phone"])]),
    "short_notice": replace(USUAL, days=4),
    "single_bid": replace(USUAL, answers=answers(1000)),
    "close_second": won(replace(USUAL, answers=answers(1000, 1001)), differences=MANY),
    "heavy_discount": won(replace(USUAL, answers=answers(1000, 2000)), differences=MANY),
    "late_winner": won(replace(USUAL, answers=answers(1000, 1300, late=True))),
    "all_others_struck": won(replace(USUAL, answers=answers(1000, 1300, 1500, struck=(2, 3)))),
    "lowest_struck": won(replace(USUAL, answers=answers(1000, 1300, 1500, struck=(1,))), 1),
    "far_price": won(USUAL, prices=[3000 + number for number in range(20)]),
    "unsuccessful": replace(USUAL, tallies=OFTEN, agencies=FAIR),
    "struck_agency": replace(USUAL, tallies={1: Tally(bids=5, struck=4)}, agencies=FAIR),
    "struck_buyer": replace(USUAL, tallies={99: Tally(bids=9, struck=6)}, purchasers=FAIR),
    "heterogeneous": won(USUAL, tallies={1: Tally(lines=9)}, agencies=FAIR),
    "dependent": won(USUAL, buyers=[99, 99, 99, 99, 7]),
    "rotating": replace(USUAL, group="g", together=TURNS),
    "silent_acceptance": Accepted(1, ["D-1", "D-2", "D-3", "D-4"], ["D-1", "D-2", "D-3"]),
}
# The same with too small a sample, or as an innocent tender has it.
INNOCENT: dict[str, list[Any]] = {
    "close_bids": [
        replace(USUAL, answers=answers(1000, 1050)),
        replace(USUAL, answers=answers(1000, 1010, 1060)),
        replace(ARISES["close_bids"], price_only=False),
        replace(USUAL, answers=answers(1000, 1000, 1000)),
    ],
    "close_subgroup": [replace(USUAL, answers=answers(1400, 1405, 1410))],
    "same_prices": [
        replace(USUAL, answers=answers(None, None)),
        replace(ARISES["same_prices"], competitive=False),
    ],
    "same_words": [replace(USUAL, answers=answers(1000, 1300, note="按期完成"))],
    "same_file": [replace(USUAL, files=[["B-1"]])],
    "linked_bidders": [],
    "short_notice": [replace(USUAL, days=5), replace(ARISES["short_notice"], competitive=False)],
    "single_bid": [replace(ARISES["single_bid"], competitive=False), replace(USUAL, answers=())],
    "close_second": [
        replace(ARISES["close_second"], differences=MANY[:19]),
        won(replace(USUAL, answers=answers(1000, 1001)), 1, differences=MANY),
        won(replace(USUAL, answers=answers(1000, 1120)), differences=MANY),
    ],
    "heavy_discount": [
        replace(ARISES["heavy_discount"], differences=MANY[:19]),
        won(replace(USUAL, answers=answers(1000, 1120)), differences=MANY),
    ],
    "late_winner": [replace(ARISES["late_winner"], winner=None)],
    "all_others_struck": [
        won(replace(USUAL, answers=answers(1000, 1300, 1500, struck=(3,)))),
        won(replace(USUAL, answers=answers(1000))),
    ],
    "lowest_struck": [
        replace(ARISES["lowest_struck"], price_only=False),
        won(replace(USUAL, answers=answers(1000, 1000, 1500, struck=(2,)))),
    ],
    "far_price": [
        won(USUAL, prices=[3000 + number for number in range(19)]),
        won(USUAL, prices=[900 + 10 * number for number in range(20)]),
    ],
    "unsuccessful": [
        replace(ARISES["unsuccessful"], agencies=FAIR[:19]),
        replace(USUAL, tallies={1: Tally(bids=4)}, agencies=FAIR),
        replace(USUAL, tallies={1: Tally(bids=30, won=15)}, agencies=FAIR),
    ],
    "struck_agency": [
        replace(ARISES["struck_agency"], agencies=FAIR[:19]),
        replace(USUAL, tallies={1: Tally(bids=4, struck=4)}, agencies=FAIR),
        replace(USUAL, tallies={1: Tally(bids=9)}, agencies=FAIR),
    ],
    "struck_buyer": [
        replace(ARISES["struck_buyer"], purchasers=FAIR[:19]),
        replace(USUAL, tallies={99: Tally(bids=4, struck=4)}, purchasers=FAIR),
    ],
    "heterogeneous": [
        replace(ARISES["heterogeneous"], agencies=FAIR[:19]),
        won(USUAL, tallies={1: Tally(lines=2)}, agencies=FAIR),
    ],
    "dependent": [won(USUAL, buyers=[99, 99, 99, 99]), won(USUAL, buyers=[99, 99, 99, 7, 7])],
    "rotating": [
        replace(USUAL, group="g", together=TURNS[:3]),
        replace(USUAL, group="g", together=[*TURNS, TURNS[-1]]),
        replace(USUAL, group="", together=TURNS, answers=answers(1000)),
    ],
    "silent_acceptance": [
        Accepted(1, ["D-1", "D-2"], ["D-1", "D-2"]),
        Accepted(1, [f"D-{number}" for number in range(9)], ["D-1", "D-2", "D-3"]),
    ],
}


@pytest.mark.parametrize("name", signs())
def test_a_sign_arises_with_figures_and_cases(name: str) -> None:
    (what,) = found(name, ARISES[name])
    assert what.figures
    assert what.cases
    assert what.sample >= 1
    assert all(unit in UNITS and value == value for _label, unit, value in what.figures)


@pytest.mark.parametrize("name", signs())
def test_a_sign_does_not_arise_of_too_little_or_of_what_is_innocent(name: str) -> None:
    usual = Accepted(1, ["D-1"], []) if signs()[name].reads is Accepted else won(USUAL)
    for seen in (usual, *INNOCENT[name]):
        assert not found(name, seen), seen


def test_every_sign_says_what_it_is_where_from_and_what_else_it_may_be() -> None:
    for sign in signs().values():
        assert sign.label
        assert sign.definition
        assert sign.source
        assert sign.innocent, "never a verdict"
        assert sign.about in ABOUT
        assert not sign.least or policy.current().number(f"red_flags.{sign.least}") > 1
    cardinal = {sign.source.rpartition(" ")[2] for sign in signs().values() if "Cardinal" in sign.source}
    assert cardinal == {f"R{number:03}" for number in (3, 18, 24, 25, 28, 30, 35, 36, 38, 48, 58)}


def test_the_fences_of_the_published_example() -> None:
    """Cardinal R024: quartiles of 5 and 7 of 100 put them at 2 and 10."""
    low, high = fences([0.05, 0.05, 0.06, 0.07, 0.07], 1.5)
    assert (low, high) == (pytest.approx(0.02), pytest.approx(0.10))


@given(st.permutations(range(5)), st.integers(1, 1_000))
def test_neither_order_nor_price_level_changes_a_sign_of_bids(order: list[int], unit: int) -> None:
    for name in ("close_bids", "close_subgroup", "same_prices", "single_bid"):
        seen = ARISES[name]
        other = [
            replace(seen.answers[place], price=(seen.answers[place].price or 0) * unit)
            for place in order
            if place < len(seen.answers)
        ]
        (one,), (two,) = found(name, seen), found(name, replace(seen, answers=other))
        assert sorted(one.cases) == sorted(two.cases)
        for (label, _unit, value), (label_two, _unit_two, value_two) in zip(
            one.figures, two.figures, strict=True
        ):
            assert label == label_two
            assert value == pytest.approx(value_two)
