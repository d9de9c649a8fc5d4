"""Where Python 3.11 must not collect by itself, it is collected between requests; the load that crashes it is in tests/faults."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from market import memory


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(memory, "AUTOMATIC", False)
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
    memory.settle()
    assert not gc.isenabled()

    def application(environ: Any, start_response: Any) -> list[bytes]:
        _Loop()
        return [b"ok"]

    answered: Any = memory.collecting(application)({}, None)
    assert list(answered) == [b"ok"]
    assert _Loop.made == 1
    answered.close()
    assert _Loop.made == 0


def test_where_the_interpreter_may_collect_it_is_left_alone() -> None:
    memory.settle()
    assert gc.isenabled() is memory.AUTOMATIC

    def application(environ: Any, start_response: Any) -> list[bytes]:
        return []

    assert (memory.collecting(application) is application) is memory.AUTOMATIC
