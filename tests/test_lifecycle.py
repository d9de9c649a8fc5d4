"""`make lifecycle`, on both databases: the whole path over real HTTP, each step with its public identifier."""

from __future__ import annotations

from pathlib import Path

from bench.lifecycle import START, drive
from bench.server import market


def test_the_life_cycle_over_http(database: str, tmp_path: Path) -> None:
    told: dict[str, str] = {}
    home = tmp_path / "home"
    home.mkdir()
    with market(home, database=database.replace("+psycopg", ""), at=START) as server:
        drive(server, told.__setitem__)
    assert list(told) == ["入驻", "1 询价", "2 议价", "3 竞标", "4 确认", "5 签订合同", "6 预付定金", "7 交付结果", "8 结款", "评价", "信用等级"]
    assert told["5 签订合同"] == "C-2026-000001"
    assert told["信用等级"] == "A-2026-000001: B"
