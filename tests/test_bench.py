"""Every row of the bench measures, at its smallest size.

What it says of a market is true of one that stands.
"""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.rows import ROWS


@pytest.mark.parametrize("name", ROWS)
def test_a_row_measures(name: str, tmp_path: Path) -> None:
    rows = list(ROWS[name](tmp_path, small=True))
    assert rows
    for row in rows:
        assert row.name.startswith(name)
        assert row.size > 0
        assert 0 < row.ours < inf
        assert 0 < row.floor < inf
        assert str(row).count("\t") == 5


def test_a_row_nobody_knows_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert ", ".join(ROWS) in said.err
