"""`make lifecycle`, `make procedures` and `make docs`, on both databases.

Over real HTTP, each step with its public identifier, and the documents that stand in the repository.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from harness import lifecycle, procedures
from harness.server import ROOT

Walked = Callable[[Any, str, str], tuple[dict[str, str], str]]


@pytest.fixture
def walked(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Walked:
    """Walks, and gives the steps that were printed and the document that was kept."""

    def walk(drive: Any, name: str, introduction: str) -> tuple[dict[str, str], str]:
        document = tmp_path / "kept.md"
        code = lifecycle.keep(drive, name, introduction, [str(document)], database.replace("+psycopg", ""))
        *steps, end = capsys.readouterr().out.splitlines()
        assert (code, end) == (0, f"{name}: ok")
        return dict(step.split("\t") for step in steps), document.read_text(encoding="utf-8")

    return walk


def test_the_life_cycle_over_http(walked: Walked) -> None:
    told, kept = walked(lifecycle.drive, "lifecycle", lifecycle.WALKTHROUGH)
    assert list(told) == [
        "入驻",
        "1 询价",
        "2 议价",
        "3 竞标",
        "4 确认",
        "5 签订合同",
        "6 预付定金",
        "7 交付结果",
        "8 结款",
        "评价",
        "信用等级",
    ]
    assert told["5 签订合同"] == "C-2026-000001"
    assert told["8 结款"] == "Z-2026-000001"
    assert told["信用等级"] == "A-2026-000001: B"
    assert kept == _document("walkthrough")


def test_every_way_to_choose_over_http(walked: Walked) -> None:
    told, kept = walked(procedures.drive, "procedures", procedures.INTRODUCTION)
    assert [name.split()[0] for name in told] == [procedure.__name__ for procedure in procedures.PROCEDURES]
    assert (told.pop("change 变更"), told.pop("dispute 争议")) == (
        "C-2026-000007: U-2026-000001",
        "C-2026-000008: Y-2026-000001",
    )
    assert all("-> W-2026-" in identifiers for identifiers in told.values())
    assert told["random_draw 随机抽取"].count(" stands: ") == 1
    assert told["reference_price 竞价·参考价"].count(" stands: ") == 2
    assert kept == _document("procedures")


def test_the_workflows_are_written_down(app: Flask) -> None:
    assert app.test_cli_runner().invoke(args=["workflows"], catch_exceptions=False).output == _document(
        "workflows"
    )


def test_the_glossary_is_written_down(app: Flask) -> None:
    assert app.test_cli_runner().invoke(args=["glossary"], catch_exceptions=False).output == _document(
        "glossary"
    )


def _document(name: str) -> str:
    """What stands in the repository; `make docs` writes it anew."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
