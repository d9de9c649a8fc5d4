"""Whatever both sides, the department and the clock do in whatever order: milestones and money agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.extensions import db
from models import ledger
from models.errors import Problem
from tests.contracts.play import ACTS, FATES, SIDES, Play
from tests.factories import World


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.tuples(st.sampled_from(ACTS), st.sampled_from(SIDES), st.integers(0, 24), st.sampled_from(FATES)),
        min_size=16,
        max_size=40,
    )
)
def _played(world: World, time: Any, acts: list[tuple[str, str, int, str]]) -> None:
    play = Play(world, time)
    for side in SIDES:  # begin, so that most of the play is not spent on getting there
        play.act("pay" if side == "buyer" else "confirm", side, 0)
    for name, side, number, fate in acts:
        play.turn(name, side, number, fate)


def test_milestones_and_money_agree_whatever_happens(world: World, time: Any) -> None:
    _played(world, time)
    assert ledger.trial_balance(db.session) == 0


@pytest.mark.parametrize("order", [("pay", "confirm"), ("confirm", "pay")])
def test_an_act_out_of_turn_changes_nothing(world: World, time: Any, order: tuple[str, str]) -> None:
    play = Play(world, time)
    for name in order:
        try:
            play.act(name, "buyer", 0)
        except Problem:
            assert order[0] == "confirm"
        play.check()
