"""Where Python 3.11 must not collect by itself, it is collected between requests.

The load that crashes it is in tests/faults.
"""

from __future__ import annotations

import gc
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market import chunks, garbage, transaction
from market.credit.actions.scores import refresh_every_score
from market.indexing import rebuild_index
from market.jobs import drain, run_deadlines


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(garbage, "AUTOMATIC", False)
    yield
    gc.enable()


class _Loop:
    made = 0

    def __init__(self) -> None:
        self.myself = self
        _Loop.made += 1

    def __del__(self) -> None:
        _Loop.made -= 1


def test_nothing_is_collected_but_between_requests(by_hand: Any) -> None:
    garbage.settle()
    assert not gc.isenabled()

    def application(environ: Any, start_response: Any) -> list[bytes]:
        _Loop()
        return [b"ok"]

    answered: Any = garbage.collecting(application)({}, None)
    assert list(answered) == [b"ok"]
    assert _Loop.made == 1
    answered.close()
    assert _Loop.made == 0


def test_long_work_is_collected_piece_by_piece_and_never_inside_a_transaction(
    by_hand: Any, app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever does it: a command, the player of the demonstration, a night's pass."""
    inside: list[bool] = []
    collect = gc.collect
    monkeypatch.setattr(
        garbage.gc, "collect", lambda generation=2: inside.append(transaction.inside()) or collect(generation)
    )
    garbage.settle()

    def collected(work: Any) -> bool:
        before = len(inside)
        work()
        return len(inside) > before

    def piece() -> None:
        with chunks.ChunkSize().piece():
            _Loop()
        assert _Loop.made == 0

    assert collected(piece)
    assert collected(rebuild_index)
    tender = world.tender()
    assert collected(drain)
    time.instant = world.closing(tender)
    assert collected(run_deadlines)
    assert collected(refresh_every_score)
    if not app.extensions["search"].backend.in_database:
        assert inside == [False] * len(inside)


def test_where_the_interpreter_may_collect_it_is_left_alone() -> None:
    garbage.settle()
    assert gc.isenabled() is garbage.AUTOMATIC

    def application(environ: Any, start_response: Any) -> list[bytes]:
        return []

    assert (garbage.collecting(application) is application) is garbage.AUTOMATIC
