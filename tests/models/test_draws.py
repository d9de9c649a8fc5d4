"""The verifiable draw: fixed before it is known, re-run by a stand-alone program, uniform."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import draws, sealing
from models.text import RuleBroken, WrongState

KEY = sealing.derive("test")
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_draw.py"
NAMES = ["甲", "乙", "丙", "丁"]


def _published(session: Any) -> dict[str, Any]:
    draw = draws.commit(session, "test", "Q-2026-000001", NAMES, 2, KEY)
    before = draws.publication(draw)
    assert before["seed"] is None
    assert before["result"] == []
    draws.contribute(draw, "乙", "我们的幸运数字 7")
    draws.run(draw, KEY)
    after = draws.publication(draw)
    assert (after["commitment"], after["candidates"]) == (before["commitment"], before["candidates"])
    return after


def _verify(file: dict[str, Any], tmp_path: Path) -> int:
    path = tmp_path / "draw.json"
    path.write_text(json.dumps(file, ensure_ascii=False), encoding="utf-8")
    # -I: no path to this project, so the program can import nothing of it
    return subprocess.run([sys.executable, "-I", str(VERIFIER), str(path)], cwd=tmp_path, capture_output=True, check=False).returncode


def test_the_stand_alone_program_agrees_and_notices_every_change(session: Any, tmp_path: Path) -> None:
    file = _published(session)
    assert len(VERIFIER.read_text().splitlines()) < 100
    assert _verify(file, tmp_path) == 0
    seed = file["seed"]
    changes = {
        "seed": ("0" if seed[0] != "0" else "1") + seed[1:],
        "candidates": NAMES[::-1],
        "contributions": [],
        "result": file["result"][::-1],
        "commitment": "0" * 64,
        "algorithm": "other",
    }
    for key, value in changes.items():
        assert _verify({**file, key: value}, tmp_path) == 1, key
    assert _verify({**file, "candidates": [*NAMES, "戊"]}, tmp_path) == 1
    assert _verify({**file, "contributions": [{"party": "外人", "value": "x"}]}, tmp_path) == 1
    assert _verify({"algorithm": file["algorithm"]}, tmp_path) == 2


def test_who_may_do_what_when(session: Any) -> None:
    for candidates, picks in (([], 1), (["甲", "甲"], 1), (["甲"], 2), (["甲"], 0)):
        with pytest.raises(RuleBroken):
            draws.commit(session, "test", "Q", candidates, picks, KEY)
    draw = draws.commit(session, "test", "Q", NAMES, 1, KEY)
    assert draw.seed is None
    draws.contribute(draw, "甲", "a")
    for party, value in (("甲", "again"), ("外人", "x"), ("乙", " "), ("乙", "x" * 201)):
        with pytest.raises(RuleBroken):
            draws.contribute(draw, party, value)
    draws.run(draw, KEY)
    with pytest.raises(WrongState):
        draws.run(draw, KEY)
    with pytest.raises(WrongState):
        draws.contribute(draw, "乙", "late")


@given(
    candidates=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=8, unique=True),
    seed=st.binary(min_size=32, max_size=32),
    texts=st.lists(st.text(max_size=8), max_size=3),
)
def test_a_rank_is_a_permutation_and_depends_on_nothing_else(candidates: list[str], seed: bytes, texts: list[str]) -> None:
    contributions = [{"party": candidates[0], "value": text} for text in texts]
    ranked = draws.rank(seed.hex(), candidates, contributions)
    assert sorted(ranked) == sorted(candidates)
    assert draws.rank(seed.hex(), candidates, contributions) == ranked


def test_every_candidate_wins_equally_often() -> None:
    """Chi-square over 4 winners and 6,000 fixed seeds: 16.27 is the 0.1 % point for 3 degrees of freedom."""
    random, rounds = Random(20260302), 6000
    wins = Counter(draws.rank(random.randbytes(32).hex(), NAMES, [])[0] for _ in range(rounds))
    expected = rounds / len(NAMES)
    assert sum((wins[name] - expected) ** 2 / expected for name in NAMES) < 16.27
