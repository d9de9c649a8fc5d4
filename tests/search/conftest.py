"""The index of the small market."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.agencies.actions import entry
from market.extensions import db
from market.indexing import rebuild_index


@pytest.fixture
def index(app: Flask, world: World) -> Any:
    index = app.extensions["search"]
    world.agency("河湟环境", 5_000_000, "EIA-02", verified=False)
    entry.verify(world.actor("regulator"), world.identifiers["河湟环境"])
    db.session.rollback()
    rebuild_index()
    return index
