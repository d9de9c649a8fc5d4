"""The clock is the only source of time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from models import clock
from models.clock import BEIJING


def test_the_clock_is_the_only_source_of_time(tmp_path: Any) -> None:
    with clock.at(datetime(2026, 3, 2, 23, 0, tzinfo=BEIJING)):
        assert clock.today() == date(2026, 3, 2)
    path = tmp_path / "clock"
    clock.use_file(path)
    path.write_text("2026-05-01T00:00:00+08:00")
    assert clock.now() == datetime(2026, 4, 30, 16, 0, tzinfo=clock.UTC)
    path.unlink()
    assert abs(clock.now() - datetime.now(clock.UTC)) < timedelta(seconds=5)
    clock.use_system()
