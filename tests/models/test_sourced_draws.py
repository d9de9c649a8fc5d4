"""A draw with a source of chance: who makes the list cannot choose the outcome, and anybody sees that."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import chance, draws, policy, sealing
from models.base import Json
from models.errors import MalformedResponse, RuleViolation, WrongState
from models.oversight import picking

KEY = sealing.derive("test")
DOCS = Path(__file__).parents[2] / "docs"
# Rounds of quicknet as drand published them: 657413 is the example of the package drand-verify.
ROUND = 657413
SIGNATURE = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
RANDOMNESS = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"
EARLIER = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
OBJECTS = {f"A-2026-{n:06d}": ("ABCDE"[n % 5] if n % 6 else None, n % 4) for n in range(1, 31)}
INSPECTORS: dict[str, dict[str, str]] = {f"QH-{n:03d}": {} for n in range(5)}
INSPECTORS["QH-001"] = dict.fromkeys(list(OBJECTS)[:15], "interest")
NAMES = [*OBJECTS, *INSPECTORS]
BOUND = picking.bound(policy.get("2026-12"), OBJECTS, INSPECTORS)


def _frozen(session: Any, time: Any, source: Json | None = None) -> draws.Draw:
    """A draw whose list is fixed; without another source by the round that is ten minutes away."""
    if source is None:
        time.instant = chance.time_of(ROUND) - timedelta(minutes=10)
        source = chance.by_drand()
        assert source["round"] == ROUND
    draw = draws.promise(session, "inspection", "IP-2026-000001", KEY)
    draws.freeze(draw, NAMES, len(NAMES), source=source, bound=BOUND)
    return draw


def _file(session: Any, time: Any) -> Json:
    draw = _frozen(session, time)
    assert draw.source is not None
    time.instant = chance.time_of(ROUND)
    draws.run(draw, KEY, chance.from_round(draw.source, SIGNATURE))
    return {**draws.publication(draw), "inspection": picking.pick(draw.result, BOUND).as_json()}


def _run(program: str, file: Json, folder: Path) -> tuple[int, str]:
    path = folder / "draw.json"
    path.write_text(json.dumps(file, ensure_ascii=False), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-I", str(DOCS / program), str(path)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout


def _changed(file: Json, path: str, value: Any) -> Json:
    copy = json.loads(json.dumps(file))
    *outer, last = path.split(".")
    place: Any = copy
    for key in outer:
        place = place[int(key) if key.isdigit() else key]
    place[int(last) if last.isdigit() else last] = value
    found: Json = copy
    return found


def _with_digest(file: Json) -> Json:
    """The file as a forger would make it: digest and order reckoned anew from what it now says."""
    ranked = draws.rank(file["seed"], file["candidates"], file["contributions"])
    digest = draws.digest(file["seed"], file["candidates"], file["contributions"]).hex()
    return {**file, "digest": digest, "result": ranked}


def test_recorded_rounds_are_verified_and_no_other_is(time: Any) -> None:
    assert hashlib.sha256(bytes.fromhex(SIGNATURE)).hexdigest() == RANDOMNESS
    assert chance.verified(ROUND, SIGNATURE)
    assert chance.verified(1000, EARLIER)
    wrong = [SIGNATURE[:-1] + "c", SIGNATURE.upper(), SIGNATURE[2:], "", "zz" * 48, "00" * 48, "é"]
    assert not any(chance.verified(ROUND, each) for each in [*wrong, EARLIER])
    assert not chance.verified(ROUND + 1, SIGNATURE)
    with pytest.raises(MalformedResponse):
        chance.from_round({"kind": "drand", "round": ROUND + 1}, SIGNATURE)


@given(st.integers(chance.GENESIS + 1, chance.GENESIS + 10**9), st.integers(0, 999_999))
def test_a_round_named_is_never_there_before(second: int, micro: int) -> None:
    instant = datetime.fromtimestamp(second, chance.UTC) + timedelta(microseconds=micro)
    number = chance.round_from(instant)
    assert chance.time_of(number) >= instant > chance.time_of(number - 1)


def test_the_programs_agree_and_notice_every_change(session: Any, time: Any, tmp_path: Path) -> None:
    file = _file(session, time)
    assert file["algorithm"] == draws.SOURCED
    assert _run("verify_draw.py", file, tmp_path)[0] == 0
    code, said = _run("verify_picks.py", file, tmp_path)
    assert (code, "stands" in said) == (0, True)
    changes = {
        "source.round": ROUND + 1,
        "bound.shares.A": 100,
        "bound.objects": {},
        "candidates": NAMES[::-1],
        "result": file["result"][::-1],
        "picks": 1,
        "contributions.1.value": "0" * 64,
        "contributions.1.signature": EARLIER,
        "contributions": file["contributions"][1:],
        "participants": ["list"],
        "frozen_at": chance.time_of(ROUND).isoformat(),
        "algorithm": draws.ALGORITHM,
    }
    for path, value in changes.items():
        assert _run("verify_draw.py", _changed(file, path, value), tmp_path)[0] == 1, path
    # who also reckons digest and order anew is found out by the source
    for path in ("source.round", "bound.shares.A", "contributions.1.value", "contributions.1.signature"):
        forged = _with_digest(_changed(file, path, changes[path]))
        assert _run("verify_draw.py", forged, tmp_path)[0] in (1, 2), path
    for path in ("bound.shares.A", "result", "inspection.assigned", "bound.objects"):
        value = {} if path == "inspection.assigned" else changes[path]
        assert _run("verify_picks.py", _changed(file, path, value), tmp_path)[0] == 1, path
    assert _run("verify_picks.py", {}, tmp_path)[0] == 2
    assert len((DOCS / "verify_picks.py").read_text().splitlines()) < 150


def test_a_signature_that_cannot_be_checked_is_said(session: Any, time: Any, tmp_path: Path) -> None:
    file = _file(session, time)
    (tmp_path / "draw.json").write_text(json.dumps(file), encoding="utf-8")
    lacking = f"""
import runpy, sys
sys.modules["py_arkworks_bls12381"] = None
sys.argv = ["verify_draw.py", "draw.json"]
runpy.run_path({str(DOCS / "verify_draw.py")!r}, run_name="__main__")
"""
    ran = subprocess.run(
        [sys.executable, "-I", "-c", lacking], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0
    assert "NOT CHECKED: the signature" in ran.stdout


def test_who_knows_seed_and_list_cannot_try_outcomes(session: Any, time: Any) -> None:
    """The round is named when the list is fixed, later than both, and neither can be fixed again."""
    draw = _frozen(session, time)
    source = draw.source
    assert source is not None
    brought = chance.from_round(source, SIGNATURE)
    with pytest.raises(WrongState):
        draws.run(draw, KEY, brought)  # before it is there
    with pytest.raises(WrongState):
        draws.freeze(draw, NAMES[::-1], 2, source=chance.by_drand(), bound=BOUND)
    time.instant = chance.time_of(ROUND)
    for other in ([], [{"party": f"drand:{ROUND}", "value": "a"}] * 2, [*brought, brought[0]]):
        with pytest.raises(RuleViolation):
            draws.run(draw, KEY, other)
    late = draws.promise(session, "inspection", "IP-2026-000002", KEY)
    for known in (source, {**source, "round": ROUND + 199}):  # nor one there in less than ten minutes
        with pytest.raises(RuleViolation):
            draws.freeze(late, NAMES, 2, source=known, bound=BOUND)
    draws.run(draw, KEY, brought)
    assert sorted(draw.result) == sorted(NAMES)


def test_without_a_network_departments_and_a_lottery(session: Any, time: Any, tmp_path: Path) -> None:
    day = time.instant.date() + timedelta(days=2)
    source = chance.by_lottery("ssq", "2026137", day, ["G-2026-000002", "G-2026-000003"])
    draw = _frozen(session, time, source)
    texts = {name: chance.sealed_text(f"{name} 的话") for name in source["departments"]}
    first, second = {"by": 1, "result": "33 01 05,12 20 28 + 7"}, {"by": 2, "result": "1 5 12 20 28 33 + 07"}
    brought = chance.from_lottery(source, texts, first, second)
    assert brought[-1] == {"party": "ssq:2026137", "value": "01 05 12 20 28 33 + 07"}
    with pytest.raises(WrongState):
        draws.run(draw, KEY, brought)
    time.instant = chance.known_from(source)
    draws.run(draw, KEY, brought)
    file = draws.publication(draw)
    assert _run("verify_draw.py", file, tmp_path)[0] == 0
    for path, value in (
        ("contributions.1.text", "别的话"),
        ("contributions.3.value", "02 05 12 20 28 33 + 07"),
        ("source.drawn_on", time.instant.date().replace(year=2025).isoformat()),
        ("source.departments", ["G-2026-000002"]),
    ):
        assert _run("verify_draw.py", _changed(file, path, value), tmp_path)[0] == 1, path
        assert _run("verify_draw.py", _with_digest(_changed(file, path, value)), tmp_path)[0] == 1 or (
            path == "contributions.3.value"  # which everybody compares with the lottery's own publication
        )
    for one, other in ((first, {**second, "by": 1}), (first, {**second, "result": "1 5 12 20 28 32 + 07"})):
        with pytest.raises(RuleViolation):
            chance.from_lottery(source, texts, one, other)
    with pytest.raises(RuleViolation):
        chance.from_lottery(source, {}, first, second)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lottery", "keno"),
        ("issue", "一"),
        ("issue", "1"),
        ("days", 0),
        ("departments", ["G"]),
        ("departments", ["G", "G"]),
    ],
)
def test_what_no_lottery_source_may_be(time: Any, field: str, value: Any) -> None:
    told: dict[str, Any] = {
        "lottery": "dlt",
        "issue": "26137",
        "days": 1,
        "departments": ["G", "H"],
        field: value,
    }
    day: date = time.instant.astimezone(chance.BEIJING).date() + timedelta(days=told.pop("days"))
    with pytest.raises(RuleViolation):
        chance.by_lottery(drawn_on=day, **told)


@pytest.mark.parametrize(
    "said", ["", "1 2 3", "1 1 2 3 4 5 + 6", "0 1 2 3 4 5 + 6", "1 2 3 4 5 34 + 6", "1 2 3 4 5 6 + 17"]
)
def test_what_is_no_result_of_a_lottery(said: str) -> None:
    with pytest.raises(RuleViolation):
        chance.figures("ssq", said)
