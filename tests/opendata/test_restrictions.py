"""The signed answer on restrictions: what it says, who may read what, and that anybody can check it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from harness.factories import World, code
from market import create_app
from market.agencies.actions import entry
from market.extensions import db
from models import clock
from models.credit.policy import ACTIVITIES
from tests.conftest import settings
from tests.credit import record_cases as cases
from tests.credit.restricted import LASTS, limited
from tests.web import Visitor, sign_in

FILES = ("answer.json", "certificates.pem")
CHECK = Path(__file__).parents[2] / "docs" / "check_restrictions.py"


def _asked(app: Flask, world: World, name: str = "agency", **about: Any) -> dict[str, Any]:
    answer = Visitor(app, **about).get(f"/restrictions/{world.organisation(name).uscc}")
    assert (answer.status, answer.response.mimetype) == (200, "application/json")
    assert answer.response.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = json.loads(answer.text)
    return found


def test_it_says_of_each_activity_whether_it_is_allowed_and_why_not_until_when(
    app: Flask, world: World, time: Any
) -> None:
    told = _asked(app, world)["answer"]
    assert told["activities"].keys() == ACTIVITIES.keys()
    assert all(each["allowed"] and not each["restrictions"] for each in told["activities"].values())
    record = cases.in_force(world, kind="false_report")
    told = _asked(app, world)["answer"]
    assert {key for key, each in told["activities"].items() if not each["allowed"]} == {
        "quote",
        "bid",
        "award",
    }
    (why,) = told["activities"]["bid"]["restrictions"]
    assert (why["basis_kind"], why["published"], why["record"]) == ("credit_record", True, record)
    assert "出具虚假" in why["reason"]
    assert "环境影响评价法" in why["basis"]
    assert why["until"] == cases.found(record).ends_at.astimezone(clock.BEIJING).isoformat(timespec="seconds")
    time.instant = cases.found(record).ends_at
    told = _asked(app, world)["answer"]
    assert told["activities"]["bid"] == {"allowed": True, "name": "参加投标", "restrictions": []}, (
        "over by itself"
    )
    entry.suspend(world.actor("regulator"), world.identifiers["buyer"], reason="登记住所查无此机构")
    (why,) = _asked(app, world, "buyer")["answer"]["activities"]["sign"]["restrictions"]
    assert (why["basis_kind"], why["until"]) == ("account_decision", None)
    assert "登记住所查无此机构" in why["reason"]


def test_of_what_is_not_published_it_says_that_there_is_something_and_no_more_to_anybody(
    app: Flask, world: World
) -> None:
    record = limited(world, "bid", published=False)
    for visitor in (Visitor(app), sign_in(app, world, "agency"), sign_in(app, world, "regulator")):
        text = visitor.get(f"/restrictions/{world.organisation('agency').uscc}").text
        told = json.loads(text)["answer"]["activities"]["bid"]
        assert told["allowed"] is False
        (why,) = told["restrictions"]
        assert why == {
            "basis_kind": "credit_record",
            "published": False,
            "reason": None,
            "basis": None,
            "record": None,
            "until": (clock.now() + LASTS).astimezone(clock.BEIJING).isoformat(timespec="seconds"),
        }
        assert not any(words in text for words in (record, "虚假", "环境影响评价法", "应急罚字"))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (code(999_999), 404),
        ("91632800000000000", 422),
        ("9163-2800-0000-0000-0I", 422),
        ("0000", 422),
        ("916328000000000000", 422),
        ("%F0%9F%98%80", 422),
    ],
)
def test_a_code_nobody_has_and_what_is_none_are_told_apart(
    app: Flask, world: World, asked: str, status: int
) -> None:
    for language in ("zh-CN", "en"):
        answer = Visitor(app, language=language).get(f"/restrictions/{asked}")
        told = json.loads(answer.text)
        assert (answer.status, told["status"], answer.response.mimetype) == (
            status,
            status,
            "application/problem+json",
        )
        assert told["detail"]


def test_who_was_not_let_in_is_not_known(app: Flask, world: World) -> None:
    world.agency("waiting", verified=False)
    assert Visitor(app).get(f"/restrictions/{world.organisation('waiting').uscc}").status == 404


def test_asked_too_often_it_says_so_in_the_same_form(database: Any, world: World, tmp_path: Path) -> None:
    strict = create_app({**settings(database, tmp_path), "RATELIMIT_ENABLED": True})
    visitor = Visitor(strict)
    answers = [visitor.get(f"/restrictions/{code(999_999)}") for _ in range(62)]
    other = [visitor.get("/restrictions/certificates.pem").status for _ in range(2)]
    with strict.app_context():
        db.engine.dispose()
    assert [answer.status for answer in answers[-3:]] == [404, 429, 429]
    assert answers[-1].response.mimetype == "application/problem+json"
    assert json.loads(answers[-1].text)["status"] == 429
    assert other == [200, 200]


def _checked(tmp_path: Path, told: dict[str, Any], certificates: str, *more: str) -> tuple[int, str]:
    (tmp_path / "answer.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    (tmp_path / "certificates.pem").write_text(certificates, encoding="ascii")
    ran = subprocess.run(
        [
            sys.executable,
            "-I",
            str(CHECK),
            str(tmp_path / "answer.json"),
            str(tmp_path / "certificates.pem"),
            *more,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout


def test_anybody_checks_it_with_a_program_that_knows_nothing_of_the_platform(
    app: Flask, world: World, tmp_path: Path
) -> None:
    assert "market" not in CHECK.read_text(encoding="utf-8").replace("marketplace", "")
    limited(world, "bid")
    told, certificates = _asked(app, world), Visitor(app).get("/restrictions/certificates.pem").text
    uscc = world.organisation("agency").uscc
    status, said = _checked(tmp_path, told, certificates, "--code", uscc)
    assert status == 0, said
    assert "restricted" in said
    assert _asked(app, world, language="en")["answer"] == told["answer"], "one answer in every language"
    assert _checked(tmp_path, told, certificates, "--code", code(7))[0] == 1
    for change in ({"name": "别的单位"}, {"as_of": (clock.now() + timedelta(days=1)).isoformat()}):
        changed = {**told, "answer": {**told["answer"], **change}}
        status, said = _checked(tmp_path, changed, certificates)
        assert (status, "NOT VALID" in said) == (1, True)
    allowed = json.loads(json.dumps(told))
    allowed["answer"]["activities"]["bid"] = {"allowed": True, "name": "参加投标", "restrictions": []}
    assert _checked(tmp_path, allowed, certificates)[0] == 1
    leaf, root = (f"-----BEGIN{part}" for part in certificates.split("-----BEGIN")[1:])
    assert {_checked(tmp_path, told, each)[0] for each in (leaf, root)} == {1}
    assert _checked(tmp_path, {"nothing": 1}, certificates)[0] == 2
