"""`make lifecycle` and `make procedures`, on both databases: over real HTTP, each step with its public identifier."""

from __future__ import annotations

from pathlib import Path

from bench import procedures
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
    assert told["8 结款"] == "Z-2026-000001"
    assert told["信用等级"] == "A-2026-000001: B"


def test_every_way_to_choose_over_http(database: str, tmp_path: Path) -> None:
    told: dict[str, str] = {}
    home = tmp_path / "home"
    home.mkdir()
    with market(home, database=database.replace("+psycopg", ""), at=START) as server:
        procedures.drive(server, told.__setitem__)
    assert [name.split()[0] for name in told] == [procedure.__name__ for procedure in procedures.PROCEDURES]
    assert (told.pop("change 变更"), told.pop("dispute 争议")) == ("C-2026-000007: U-2026-000001", "C-2026-000008: Y-2026-000001")
    assert all("-> W-2026-" in identifiers for identifiers in told.values())
    assert told["random_draw 随机抽取"].count(" stands: ") == 1
    assert told["reference_price 竞价·参考价"].count(" stands: ") == 2
