"""What a request leaves to the cyclic collector: nothing of what was read for its page."""

from __future__ import annotations

import gc
from collections import Counter
from contextvars import Context
from typing import Any

import jinja2.runtime
import pytest
from flask import Flask

from harness.factories import World
from models.base import Base
from tests.access_matrix import EXPECTED
from tests.every_case import name_the_cases
from tests.web import Visitor, sign_in

HELD = (Base, jinja2.runtime.Context)
# Members know their organisation, which knows its members.
MUTUAL = {"/my/organisation"}


@pytest.fixture(autouse=True)
def collector() -> Any:
    """The collector comes when it is called."""
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()
    gc.unfreeze()


def _left_by(visitor: Visitor, path: str) -> Counter[str]:
    """What only the collector can clear away after a page, of what a page is made of; by class."""
    gc.freeze()  # what is there already is none of the page's, and need not be looked through again and again
    answer = Context().run(lambda: visitor.client.get(path, buffered=True))
    answer.close()
    del answer
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    left = Counter(type(each).__name__ for each in gc.garbage if isinstance(each, HELD))
    gc.garbage.clear()
    return left


def test_the_home_page_leaves_nothing_it_read(app: Flask, world: World) -> None:
    world.settled()
    for name in ("visitor", "buyer", "agency", "regulator"):
        assert not _left_by(sign_in(app, world, name), "/"), name


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the same templates on either
def test_no_page_leaves_what_it_read(app: Flask, world: World, time: Any) -> None:
    names = name_the_cases(world, time)
    buyer, left = sign_in(app, world, "buyer"), {}
    for pattern in EXPECTED:
        found = _left_by(buyer, pattern.format(**names))
        if found and pattern not in MUTUAL:
            left[pattern] = found
    assert not left
