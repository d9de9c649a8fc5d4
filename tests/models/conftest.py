"""The market as it stood before a migration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from market.extensions import db
from models import Base
from tests.models.snapshot import Snapshot


@pytest.fixture
def market(app: Any, request: pytest.FixtureRequest) -> Iterator[Snapshot]:
    """The market before the revision in the test's name."""
    snapshot = Snapshot(request.node.originalname.split("_")[1])
    yield snapshot
    snapshot.newest()
    snapshot.close()
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
