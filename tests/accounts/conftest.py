"""A market open to the public, in which who must shows a second factor."""

from __future__ import annotations

import pytest
from flask import Flask

from harness.factories import World


@pytest.fixture
def public(app: Flask, world: World) -> World:
    """A market as the public has it: the second factor is asked for."""
    world.appoint_admin()
    app.config["SECOND_FACTOR"] = "required"
    return world
