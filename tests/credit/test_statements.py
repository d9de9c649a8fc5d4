"""What the subject of a record states is kept part by part, and shown with its time and files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import PDF, World
from market.credit import jobs
from market.credit.actions import records
from market.extensions import db
from market.formatting import format_instant
from market.jobs import run_deadlines
from market.worklist.waiting import waiting
from models.documents import of_case
from models.errors import RuleViolation
from tests.credit import record_cases as cases
from tests.credit.record_cases import REASON, REPLY, STATEMENT, found
from tests.web import Answer, Visitor, sign_in


def _binds(page: Answer) -> str:
    card = page.soup.select_one(".binds")
    assert card is not None
    return card.get_text(" ", strip=True)


def test_each_part_has_its_own_length_time_files_and_giver(app: Flask, world: World, time: Any) -> None:
    record = cases.notified(world)
    page = f"/credit/records/{record}"
    subject = sign_in(app, world, "agency")
    first, second = "一" * 2000, "二" * 2000
    assert "2000 个字" in subject.get(f"{page}/defend_partly").text
    assert subject.submit(f"{page}/defend_partly", statement=first, file=PDF).status == 303
    time.instant += timedelta(days=1)
    assert subject.submit(f"{page}/defend_partly", statement=second).status == 303
    time.instant += timedelta(days=1)
    records.defend(world.actor("agency"), record, statement="", files=cases.files("采样单.pdf"))
    parts = found(record).statements
    assert [part.statement for part in parts] == [first, second, ""]
    assert [part.stated_at for part in parts] == [time.instant - timedelta(days=left) for left in (2, 1, 0)]
    assert {part.stated_by for part in parts} == {world.actor("agency").name}
    numbers = {file.identifier for file in of_case(db.session, "credit_record", record)}
    assert [len(part.files) for part in parts] == [1, 0, 1]
    assert {number for part in parts for number in part.files} < numbers
    times = [format_instant(part.stated_at) for part in parts]
    for name, address in (("agency", page), ("decider", page), ("decider", f"{page}/uphold")):
        shown = sign_in(app, world, name).get(address)
        (card,) = (each for each in shown.soup.select("section.card") if first in each.text)
        said = card.get_text(" ", strip=True)
        said = said[said.index(first) :]
        assert said.index(first) < said.index(times[0]) < said.index(second) < said.index(times[1])
        assert said.index(times[1]) < said.index("采样单.pdf")
        assert times[2] in said
        for number in (parts[0].files[0], parts[2].files[0]):
            assert card.select_one(f'a[href$="{number}"]') is not None


@pytest.mark.parametrize("act", ["defend", "defend_partly"])
def test_a_part_is_words_or_evidence_and_not_neither(app: Flask, world: World, act: str) -> None:
    record = cases.notified(world)
    page = f"/credit/records/{record}/{act}"
    subject = sign_in(app, world, "agency")
    for words in ("", "  "):
        refused = subject.submit(page, statement=words)
        assert refused.status == 422
        assert "或者提交证据" in refused.soup.select_one("main [role=alert]").text
    for words, message in (
        ("。。。。。。", "写明陈述申辩的内容"),
        ("不", "写 5 到 2000 个字"),
        ("长" * 2001, "2001"),
    ):
        refused = subject.submit(page, statement=words)
        assert refused.status == 422
        assert message in refused.error_at("statement")
    assert found(record).statements == []
    with pytest.raises(RuleViolation, match="2000"):
        records.defend(world.actor("agency"), record, statement="长" * 2001, files=cases.files())
    assert subject.submit(page, statement="", file=PDF).status == 303
    (part,) = found(record).statements
    assert (part.statement, len(part.files)) == ("", 1)


def test_evidence_alone_is_answered_and_stands_in_the_decision(app: Flask, world: World) -> None:
    record = cases.heard(world, statement="")
    page = f"/credit/records/{record}/uphold"
    decider = sign_in(app, world, "decider")
    assert "没有提交" not in decider.get(page).text
    refused = decider.submit(page, reason=REASON, months="24", reply="")
    assert refused.error_at("reply")
    with pytest.raises(RuleViolation) as problem:
        records.uphold(world.actor("decider"), record, reason=REASON, months=24)
    assert problem.value.field == "reply"
    assert decider.submit(page, reason=REASON, months="24", reply=REPLY).status == 303
    said = jobs._said(found(record), "uphold", cases.last_event(record))
    assert "提交证据 1 份" in said[1]
    assert said[2] == f"答复:{REPLY}"


def test_the_decision_names_each_part(world: World, time: Any) -> None:
    record = cases.notified(world)
    records.defend_partly(world.actor("agency"), record, statement=STATEMENT)
    time.instant += timedelta(days=1)
    records.defend(world.actor("agency"), record, statement="补充一份说明。", files=cases.files())
    records.uphold(world.actor("decider"), record, reason=REASON, months=24, reply=REPLY)
    said = jobs._said(found(record), "uphold", cases.last_event(record))
    first, second = (f"{format_instant(part.stated_at)}" for part in found(record).statements)
    assert said[1] == f"你单位于 {first} 陈述申辩:{STATEMENT}"
    assert said[2] == f"你单位于 {second} 陈述申辩(附证据 1 份):补充一份说明。"


def test_what_stating_and_waiving_bind_to_fits_how_the_record_stands(app: Flask, world: World) -> None:
    record = cases.notified(world)
    page = f"/credit/records/{record}"
    subject = sign_in(app, world, "agency")
    until = format_instant(found(record).answer_until)
    assert "先提交一部分" in _binds(subject.get(f"{page}/defend"))
    waiving = _binds(subject.get(f"{page}/waive"))
    assert "不能撤销" not in waiving
    assert "这一表示不能收回" in waiving
    assert f"到 {until} 期限届满为止,仍可以补充" in waiving
    assert subject.submit(f"{page}/waive").status == 303
    adding = _binds(subject.get(f"{page}/defend"))
    assert "先提交一部分" not in adding
    assert f"到 {until} 期限届满为止,仍可以补充" in adding
    assert "监管部门不必等" in adding
    assert subject.submit(f"{page}/defend", statement=STATEMENT).status == 303
    assert "先提交一部分" not in _binds(subject.get(f"{page}/defend"))


def test_between_the_end_of_the_time_and_the_clocks_turn_it_is_nobodys_turn(
    app: Flask, world: World, time: Any
) -> None:
    record = cases.notified(world)
    page = f"/credit/records/{record}"
    limit = found(record).answer_until
    assert limit is not None

    def has_it(name: str) -> bool:
        return record in {case.identifier for case in waiting(world.actor(name))}

    time.instant = limit
    assert has_it("agency")
    time.instant = limit + timedelta(seconds=1)
    assert not has_it("agency")
    assert not has_it("decider")
    for name in ("agency", "decider"):
        shown = sign_in(app, world, name).get(page)
        assert not shown.soup.select(f'a[href^="{page}/defend"], a[href="{page}/waive"]')
        assert f"陈述申辩的期限已于 {format_instant(limit)} 届满" in shown.text
        turn = shown.soup.select_one(".turn")
        assert turn is not None
        assert "等待系统办理" in turn.text
    assert "期限已经届满" in sign_in(app, world, "agency").get(f"{page}/defend").text
    run_deadlines()
    assert has_it("decider")
    assert "届满,不能再提交" not in sign_in(app, world, "decider").get(page).text


def test_the_page_of_the_decision_says_what_it_brings_for_this_record(app: Flask, world: World) -> None:
    """Of the term its kind begins with: points, limits, from when to when, published, repaired when."""
    wanted = {
        "false_report": (
            "计 -",
            "同时不能:",
            "从 2026-03-02 到 2028-03-02",
            "公示到期限届满",
            "起,当事人可以申请修复",
        ),
        "fees_unpublished": (
            "计 -",
            "不限制任何业务",
            "从 2026-03-02",
            "不公示",
            "2026-03-02 起,当事人可以申请修复",
        ),
    }
    for kind, told in wanted.items():
        record = cases.heard(world, kind=kind, source=f"文书 {kind}")
        said = _binds(sign_in(app, world, "decider").get(f"/credit/records/{record}/uphold"))
        assert all(words in said for words in told), said
        assert "一般和严重的公开" not in said
    good = cases.proposed(world, kind="commended", facts="获评全省诚信中介服务机构。", source="表彰")
    said = _binds(sign_in(app, world, "decider").get(f"/credit/records/{good}/commend"))
    assert "计 +" in said
    assert "申请修复" not in said


def test_what_is_wrong_with_a_decision_is_said_once_at_its_field(app: Flask, world: World) -> None:
    record = cases.heard(world)
    page = f"/credit/records/{record}/uphold"
    decider = sign_in(app, world, "decider")
    refused = decider.submit(page, months="abc", reason="长" * 1001, reply=REPLY)
    assert refused.status == 422
    assert refused.error_at("months") == "请填写月数,是整数,例如 12。"
    assert refused.error_at("reason") == "最多写 1000 个字,现在是 1001 个。"
    for short in ("短", ""):
        assert (
            decider.submit(page, months="24", reason=short, reply=REPLY).error_at("reason").count("理由") == 1
        )
    assert decider.submit(page, months="24 个月", reason=REASON, reply=REPLY).status == 303
    assert found(record).months == 24


def test_the_same_paper_is_one_source_however_its_number_is_written(world: World) -> None:
    cases.proposed(world, source="青市监处罚〔2026〕64号")
    for other in (
        "青市监处罚[2026]64号",
        "青市监处罚(2026)64 号",
        "青市监处罚(2026)64号",
        "青市监处罚【2026】64号",
        " 青市监处罚[2026]64号",
    ):
        with pytest.raises(RuleViolation, match="已经根据这个来源") as problem:
            cases.proposed(world, source=other)
        assert problem.value.field == "source"
    cases.proposed(world, source="青市监处罚〔2026〕65号")
    number = cases.proposed(world, source="x-2026-000001")
    assert found(number).source_identifier == "X-2026-000001", "a case's number leads to its page"


def test_whoever_stepped_back_reads_that_it_is_for_others_and_what_if_there_are_none(
    app: Flask, world: World
) -> None:
    record = cases.notified(world)
    page = f"/credit/records/{record}"
    first, second = (sign_in(app, world, name) for name in ("decider", "regulator"))
    assert "由本单位其他人决定" in _binds(first.get(f"{page}/recuse"))
    assert first.submit(f"{page}/recuse", reason="当事人的负责人是我的近亲属").status == 303
    assert "已经在这件信用记录中回避,请由他人办理" in first.get(page).text
    assert "没有人可以决定" not in first.get(page).text
    assert "已经在这件信用记录中回避" not in second.get(page).text
    assert "本单位再没有人可以决定" in _binds(second.get(f"{page}/recuse"))
    assert second.submit(f"{page}/recuse", reason="我与当事人有利害关系").status == 303
    assert "没有人可以决定;决定的期限届满后,报请上级办理" in second.get(page).text
    records.defend(world.actor("agency"), record, statement=STATEMENT)
    due = format_instant(found(record).due_at)
    for each in (first, second):
        assert f"没有人可以决定;{due} 期限届满后,报请上级办理" in each.get(page).text
    assert "没有人可以决定" not in sign_in(app, world, "agency").get(page).text


def test_an_act_names_one_case_in_english(app: Flask, world: World) -> None:
    record = cases.heard(world)
    english = Visitor(app, world.emails["decider"], language="en")
    said = _binds(english.get(f"/credit/records/{record}/uphold"))
    assert f"Credit record {record}" in said
    assert "Credit records" not in said
    tender = world.tender()
    said = _binds(Visitor(app, world.emails["buyer"], language="en").get(f"/requests/{tender}/cancel"))
    assert f"Request {tender}" in said


def test_the_end_of_a_line_is_one_character_as_browsers_count_it(app: Flask, world: World) -> None:
    record = cases.notified(world)
    page = f"/credit/records/{record}/defend_partly"
    words = "行\r\n" * 999 + "行"
    assert sign_in(app, world, "agency").submit(page, statement=words).status == 303
    assert found(record).statements[0].statement == words.replace("\r\n", "\n")
