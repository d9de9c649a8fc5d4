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
from models.errors import NotFound, RuleViolation, WrongState

KEY = sealing.derive("test")
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_draw.py"
KEYS = {  # of the published file, in their order
    "algorithm": str,
    "identifier": str,
    "purpose": str,
    "case": str,
    "committed_at": str,
    "commitment": str,
    "frozen_at": str,
    "candidates": list,
    "participants": list,
    "picks": int,
    "contributions": list,
    "drawn_at": str,
    "seed": str,
    "digest": str,
    "result": list,
}
NAMES = ["甲", "乙", "丙", "丁"]


def _published(session: Any) -> dict[str, Any]:
    draw = draws.promise(session, "test", "Q-2026-000001", KEY)
    promised = draws.publication(draw)["commitment"]
    draws.freeze(draw, NAMES, 2)
    before = draws.publication(draw)
    assert before["seed"] is None
    assert before["result"] == []
    assert before["commitment"] == promised
    draws.run(draw, KEY, [{"party": "乙", "value": "我们的幸运数字 7"}])
    after = draws.publication(draw)
    assert (after["commitment"], after["candidates"]) == (before["commitment"], before["candidates"])
    return after


def _verify(file: dict[str, Any], tmp_path: Path) -> int:
    path = tmp_path / "draw.json"
    path.write_text(json.dumps(file, ensure_ascii=False), encoding="utf-8")
    # -I: no path to this project, so the program can import nothing of it
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(path)], cwd=tmp_path, capture_output=True, check=False
    ).returncode


def test_the_stand_alone_program_agrees_and_notices_every_change(session: Any, tmp_path: Path) -> None:
    file = _published(session)
    assert len(VERIFIER.read_text().splitlines()) < 150
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
    draw = draws.promise(session, "test", "Q", KEY)
    with pytest.raises(WrongState):
        draws.run(draw, KEY)
    for candidates, picks in (([], 1), (["甲", "甲"], 1), (["甲"], 2), (["甲"], 0)):
        with pytest.raises(RuleViolation):
            draws.freeze(draw, candidates, picks)
    draws.freeze(draw, NAMES, 1)
    with pytest.raises(WrongState):
        draws.freeze(draw, [*NAMES, "戊"], 1)
    assert draw.seed is None
    said = {"party": "甲", "value": "a"}
    for contributions in ([said, said], [{"party": "外人", "value": "x"}]):
        with pytest.raises(RuleViolation):
            draws.run(draw, KEY, contributions)
    draws.run(draw, KEY, [said])
    with pytest.raises(WrongState):
        draws.run(draw, KEY)


def test_participants_need_not_be_candidates(session: Any, tmp_path: Path) -> None:
    draw = draws.promise(session, "percent", "Q", KEY)
    draws.freeze(draw, ["95.0", "95.5", "96.0"], 1, participants=NAMES)
    draws.run(draw, KEY, [{"party": name, "value": name} for name in NAMES])
    assert draw.result[0] in draw.candidates
    assert _verify(draws.publication(draw), tmp_path) == 0


@given(
    candidates=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=8, unique=True),
    seed=st.binary(min_size=32, max_size=32),
    texts=st.lists(st.text(max_size=8), max_size=3),
)
def test_a_rank_is_a_permutation_and_depends_on_nothing_else(
    candidates: list[str], seed: bytes, texts: list[str]
) -> None:
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


def test_a_draw_is_found_by_its_number_and_its_file_has_these_keys(session: Any) -> None:
    first, second = (draws.promise(session, "test", f"Q-2026-00000{n}", KEY) for n in (1, 2))
    session.flush()
    assert draws.load(session, second.identifier) is second
    assert draws.of_case(session, "Q-2026-000001") == [first]
    with pytest.raises(NotFound):
        draws.load(session, "D-2026-000099")
    draws.freeze(first, NAMES, 1)
    waiting = draws.publication(first)
    assert list(waiting) == list(KEYS)
    assert (waiting["identifier"], waiting["purpose"], waiting["case"]) == (
        first.identifier,
        "test",
        "Q-2026-000001",
    )
    assert draws.run(first, KEY) == first.result
    hidden, shown = draws.publication(first, shown=False), draws.publication(first)
    assert hidden == waiting, "until it is shown, as if it were not drawn"
    assert {key: type(value) for key, value in shown.items()} == KEYS
    assert (shown["drawn_at"], shown["digest"]) == (first.drawn_at.isoformat(), first.digest)
