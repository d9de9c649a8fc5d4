"""Identifiers run by kind and year."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models import clock, identifiers
from models.clock import BEIJING


def test_identifiers_run_by_kind_and_year(session: Any) -> None:
    assert [identifiers.issue(session, "Q") for _ in range(2)] == ["Q-2026-000001", "Q-2026-000002"]
    assert identifiers.issue(session, "P") == "P-2026-000001"
    with clock.at(datetime(2027, 1, 5, tzinfo=BEIJING)):
        assert identifiers.issue(session, "Q") == "Q-2027-000001"
