"""The credit policy: every version whole, each kind of record with its law and its list, and tried first."""

from __future__ import annotations

import csv
import io
import tomllib
from datetime import datetime, time
from pathlib import Path

import pytest
from flask import Flask

from harness.factories import World
from harness.known_quality import known
from market.credit.actions import reports
from models import clock
from models.clock import BEIJING
from models.credit import policy
from models.credit.inputs import inputs
from models.errors import RuleViolation
from tests.web import Visitor

ALL = [each for preset in policy.presets() for each in policy.versions(preset)]
STANDARD = (policy.FOLDER / "standard" / "2026-12.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("rules", ALL, ids=lambda rules: rules.name)
def test_every_version_is_whole(rules: policy.CreditPolicy) -> None:
    assert policy.get(rules.name) is rules
    assert set(rules.inputs) <= inputs().keys()
    assert [rules.grade(score) for score in (100, 0)] == ["A", "E"]
    for kind in rules.kinds.values():
        assert kind.basis
        assert kind.listed
        term = rules.weights[kind.weight]
        assert term.least_months <= kind.months <= term.longest_months
        assert (kind.points > 0) == (kind.weight == "good")
    for each in known(rules, 20, 5, 1):
        assert 0 <= each.sheet.score <= 100
        assert each.sheet.policy == rules.name


@pytest.mark.parametrize("preset", sorted(policy.presets()))
def test_every_page_of_a_score_and_its_report_stand_under_every_preset(
    app: Flask, world: World, preset: str
) -> None:
    world.settled(stars=4)
    policy.choose(preset)
    try:
        score = f"/agencies/{world.identifiers['agency']}/credit"
        for path in (
            score,
            f"{score}.json",
            "/credit",
            "/credit/policy",
            "/credit/policy.toml",
            "/credit.csv",
        ):
            assert Visitor(app).get(path).status == 200, path
        assert reports.issue(world.actor("agency"))
    finally:
        policy.choose("standard")


def test_all_grades_occur_and_who_is_hardly_ever_in_time_is_no_b() -> None:
    found = known(policy.get("standard/2026-12"), 400, 20, 1)
    assert {each.sheet.grade for each in found} == set(policy.GRADES)
    assert all(each.sheet.grade in ("C", "D", "E") for each in found if each.in_time < 0.1)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (('basis = "《价格法》第十三条、第四十二条;国办发〔2017〕54号"', 'basis = " "'), "法律依据"),
        (('key = "fees_unpublished"', "key ="), "读不出来"),
        (("\nmonths = 36", "\nmonths = 48"), "期限"),
        (('limits = ["quote", "bid", "award"]', 'limits = ["breathe"]'), "没有定义"),
        (("[grades]", "[other]"), "读不出来"),
        (("\nnothing_days = 20 ", "\nnothing = 20 "), "inputs.on_time.nothing_days"),
        (('[[0, "0.02"], [500', "[[500"), "从 0 元起"),
        (('[5000, "1"]', '[5000, "0.1"]'), "从 0 元起"),
        (("\ndeviation = ", "\nspread = "), "rating.deviation"),
        (('\nunseen_share = "0.3333"', '\nunseen_share = "-1"'), "rating.unseen_share"),
        (("\nhalf_life_days = 365 ", "\nhalf_life_days = 0 "), "rating.half_life_days"),
        (("\nleast_evidence = 1 ", '\nleast_evidence = "x" '), "least_evidence"),
        (("\nstate_days = 10 ", "\nstate_days = 0 "), "process.state_days"),
        (("\nB = 70", "\nB = 81"), "依次降低"),
        (("\nB = 70", "\nB = 80"), "依次降低"),
        (("\nB = 70", "\n"), "依次降低"),
        (("\nE = 0", "\nE = 1"), "依次降低"),
        (("\nA = 80", "\nA = 101"), "依次降低"),
        (("\nE = 0", "\nE = 0\nF = 0"), "依次降低"),
        (("\nbase = 70", "\nbase = 170"), "基础分"),
        (("[inputs.complaints]", "[inputs.gossip]"), "没有计分项"),
        (('expected = "0.98"', 'expected = "1.2"'), "应在"),
        (('expected = "0.98"', 'expected = "1/0"'), "应在"),
        (('expected = "0.98"', ""), "应在"),
        (("\npoints = 12 ", "\npoints = -12 "), "应在"),
        (("half_life_days = 365\n\n[grades]", "half_life_days = 0\n\n[grades]"), "应在"),
        (("\npoints = 0 ", "\npoints = 1 "), "只展示"),
        (("\npoints = -35", "\npoints = 35"), "分值不对"),
        (("\npoints = 3\n", "\npoints = -3\n"), "分值不对"),
        (("[limits.grades]", '[limits.grades]\nE = ["bid"]'), "没有写明依据"),
        (("[limits.grades]", '[limits.grades.E]\nlimits = ["bid"]\nbasis = "法"'), "所在清单"),
        (("[limits.grades]", '[limits.grades.E]\nlimits = ["bid"]\nlist = "单"'), "所在清单"),
        (("[limits.grades]", '[limits.grades.E]\nlimits = ["fly"]\nlist = "单"\nbasis = "法"'), "没有定义"),
        (
            ("[limits.grades]", '[limits.grades.F]\nlimits = ["bid"]\nlist = "单"\nbasis = "法"'),
            "没有这个等级",
        ),
        (('record = "serious"', 'record = "serious"\nlimits = ["bid"]'), "与同一事实"),
        (('record = "abnormal"', 'record = "abnormal"\npoints = -1'), "与同一事实"),
        (('record = "abnormal"', 'record = "nothing"'), "没有定义"),
    ],
)
def test_what_is_wrong_with_a_version_is_said(damage: tuple[str, str], said: str) -> None:
    text = STANDARD.replace(*damage)
    assert text != STANDARD
    with pytest.raises(RuleViolation) as refused:
        policy.read(text, "draft")
    assert said in str(refused.value)


@pytest.mark.parametrize("rules", ALL, ids=lambda rules: rules.name)
def test_what_is_published_of_a_version_is_all_of_it(rules: policy.CreditPolicy) -> None:
    text = policy.text_of(rules)
    assert "extends" not in tomllib.loads(text)
    assert policy.read(text, rules.preset) == rules
    assert "# working days of a record's decision" in text, "with what each number means"


@pytest.mark.parametrize("rules", ALL, ids=lambda rules: rules.name)
def test_a_list_stops_what_the_record_of_the_same_fact_stops(rules: policy.CreditPolicy) -> None:
    for each in rules.lists.values():
        kind = rules.kinds[each.record]
        assert (each.limits, each.points, each.basis, each.listed) == (
            kind.limits,
            kind.points,
            kind.basis,
            kind.listed,
        )
        assert {"bid", "award"} <= set(each.limits), "企业信息公示暂行条例: procurement and tendering"


def test_a_grade_stops_something_only_with_its_law_and_its_place_in_a_list() -> None:
    text = STANDARD.replace(
        "[limits.grades]", '[limits.grades.E]\nlimits = ["bid"]\nbasis = "某法第一条"\nlist = "清单:某项"'
    )
    rules = policy.read(text, "draft")
    assert (rules.limits_of_grade("E"), rules.basis_of_grade("E")) == (("bid",), "某法第一条")
    assert rules.listed_of_grade("E") == "清单:某项"
    assert not any(each.limits_of_grade(grade) for each in ALL for grade in policy.GRADES)


def test_a_preset_nobody_has_is_refused() -> None:
    with pytest.raises(RuleViolation):
        policy.choose("mine")
    assert policy.current().preset == "standard"


def test_a_version_applies_from_its_day() -> None:
    first = policy.versions("standard")[-1]
    with clock.at(datetime.combine(first.effective_from, time(), BEIJING)):
        assert policy.current() is first
    assert policy.coming() is None or policy.coming() is not policy.current()


def test_the_page_prints_every_number_and_every_basis(app: Flask, world: World) -> None:
    rules = policy.current()
    page = Visitor(app).get("/credit/policy")
    assert page.status == 200
    for kind in rules.kinds.values():
        assert kind.zh in page.text
        assert kind.basis in page.text
    for name, numbers in rules.inputs.items():
        times = "×" if inputs()[name].unit == "points" else ""
        assert f">{times}{numbers['points']}<" in page.text
    assert "事项的平均" in page.text, "where the points of ratings begin"
    whole = Visitor(app).get(page.soup.select_one("a[href$='policy.toml']")["href"])
    assert whole.response.mimetype == "text/plain"
    assert policy.read(whole.text, rules.preset) == rules


def test_another_policy_is_tried_on_the_whole_market_and_nothing_is_kept(
    app: Flask, world: World, tmp_path: Path
) -> None:
    world.settled(stars=2)
    runner = app.test_cli_runner()
    told = runner.invoke(args=["credit", "simulate", "three_party/2026-12"])
    assert told.exit_code == 0, told.output
    rows = list(csv.DictReader(io.StringIO(told.stdout.lstrip("\ufeff"))))
    (moved,) = [row for row in rows if row["agency"] == world.identifiers["agency"]]
    assert moved["score"] != moved["new_score"]
    assert moved["because"]
    same = runner.invoke(args=["credit", "simulate", "standard/2026-12"])
    assert len(same.stdout.splitlines()) == 1
    draft = tmp_path / "draft.toml"
    draft.write_text(STANDARD.replace("base = 70 ", "base = 60 "), encoding="utf-8")
    assert len(runner.invoke(args=["credit", "simulate", str(draft)]).stdout.splitlines()) == 4
    draft.write_text("nothing", encoding="utf-8")
    wrong = runner.invoke(args=["credit", "simulate", str(draft)])
    assert (wrong.exit_code, str(draft) in wrong.output) == (2, True)
    assert runner.invoke(args=["credit", "simulate", "mine/2026"]).exit_code == 2
