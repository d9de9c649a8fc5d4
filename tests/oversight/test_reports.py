"""Reports: anybody's, checked by due process, merged, passed on, helped with, rated, and mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from harness.factories import World
from market.access_codes import code_of
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.oversight.actions import answering, reports
from market.oversight.handling import by_office
from models import clock, workdays
from models.actors import VISITOR
from models.credit.records import CreditRecord
from models.documents import of_case
from models.errors import NotAllowed, RuleViolation, WrongState
from models.oversight.answers import Answer
from models.oversight.violation_reports import ViolationReport
from tests.oversight.reporting import REPLY, answer_to, found, of, rated, report


@pytest.fixture
def named(world: World) -> str:
    world.agency("agency") if "agency" not in world.emails else None
    return report(world)


def test_it_goes_to_the_competent_authority_with_its_limits(world: World, named: str) -> None:
    assert of(named).due_at == workdays.add(clock.now(), 5)
    assert of(named).office == world.organisation("regulator")
    reports.accept(world.actor("regulator"), named)
    assert of(named).due_at == workdays.add(clock.now(), 20)
    reports.extend(world.actor("regulator"), named, reason="案情复杂,需要鉴定")
    assert of(named).due_at == workdays.add(clock.now(), 15)
    with pytest.raises(RuleViolation, match="只能延长一次"):
        reports.extend(world.actor("regulator"), named, reason="案情复杂,需要鉴定")


def test_nothing_is_found_before_the_accused_was_heard(world: World, named: str, time: Any) -> None:
    regulator, agency = world.actor("regulator"), world.actor("agency")
    reports.accept(regulator, named)
    assert not of(named).roles_of(agency)
    decided = {"reply": REPLY, "remedy": "公示全部收费", "days": 30}
    with pytest.raises(RuleViolation, match="先告知"):
        reports.find(regulator, named, **decided)
    reports.tell(regulator, named, asked="请说明收费公示的情况")
    assert of(named).roles_of(agency) == {"subject"}
    with pytest.raises(RuleViolation, match="期限还没有届满"):
        reports.find(regulator, named, **decided)
    time.instant = workdays.add(clock.now(), 5) + timedelta(seconds=1)
    reports.find(regulator, named, **decided)
    assert of(named).state == "mending"


def test_one_that_is_found_proposes_a_record_and_is_mended(world: World, named: str) -> None:
    record = CreditRecord.load(db.session, found(world, named))
    assert (record.kind, record.source_identifier, record.state) == ("fees_unpublished", named, "proposed")
    row = by_office(db.session)[0]
    assert (row.found, row.mended, row.open_mending, row.share_mended) == (1, 0, 1, 0.0)
    reports.say_mended(world.actor("agency"), named, mending="已经公示全部收费")
    reports.send_back(world.actor("regulator"), named, reason="只公示了一半")
    reports.say_mended(world.actor("agency"), named, mending="已经公示全部收费")
    reports.confirm_mended(world.actor("regulator"), named)
    db.session.rollback()
    row = by_office(db.session)[0]
    assert (row.found, row.mended, row.open_mending, row.in_time) == (1, 1, 0, 1.0)


def test_a_second_on_the_same_matter_is_merged_and_answered_too(world: World, named: str) -> None:
    second = report(world, facts="我也看到它没有公示收费的价目表", named=False)
    other = report(world, kind="scope")
    assert (of(second).state, of(second).lead.identifier, of(other).state) == ("merged", named, "filed")
    assert of(second).due_at is None
    found(world, named)
    drain()
    assert answer_to(second).reply == REPLY == answer_to(named).reply
    drain()
    assert db.session.query(Answer).count() == 2
    assert of(report(world)).state == "filed", "nothing on it is open any more"


def test_it_is_passed_on_with_its_history(world: World, named: str) -> None:
    world.authority("far", "regulator", region="540000") if "far" not in world.emails else None
    regulator, far = world.actor("regulator"), world.actor("far")
    assert not of(named).roles_of(far)
    with pytest.raises(RuleViolation, match="没有找到"):
        reports.transfer(regulator, named, authority="没有这个部门", reason="不属于本部门职责")
    number = world.identifiers["far"]
    reports.transfer(regulator, named, authority=number, reason="不属于本部门职责")
    assert of(named).roles_of(world.actor("far")) == {"regulator"}
    assert not of(named).roles_of(world.actor("regulator"))
    assert of(named).due_at == workdays.add(clock.now(), 5), "the limit runs on"


def test_several_check_and_the_lead_decides(world: World, named: str) -> None:
    world.authority("far", "regulator", region="540000") if "far" not in world.emails else None
    regulator, far = world.actor("regulator"), world.actor("far")
    reports.accept(regulator, named)
    reports.invite(regulator, named, authority=world.identifiers["far"], reason="涉及贵部门的事项")
    assert of(named).roles_of(far) == {"helper"}
    assert not of(named).reporter_shown_to(far)
    reports.contribute(far, named, findings="我们核对了它的资质")
    assert of(named).helpers[0].findings == "我们核对了它的资质"
    with pytest.raises(NotAllowed):
        reports.clear(far, named, reply="没有发现问题,予以结案")


def test_who_stepped_back_does_no_more(world: World, named: str) -> None:
    reports.recuse(world.actor("regulator"), named, reason="我是被举报单位负责人的亲属")
    with pytest.raises(NotAllowed, match="回避"):
        reports.accept(world.actor("regulator"), named)


def test_abuse_is_noted_and_the_check_done_all_the_same(world: World, named: str) -> None:
    reports.accept(world.actor("regulator"), named)
    reports.note_abuse(world.actor("regulator"), named, reason="同一人半年举报三百次")
    assert of(named).state == "checking"
    reports.clear(world.actor("regulator"), named, reply="核查没有发现违法行为")
    assert of(named).state == "unfounded"


def test_a_refusal_names_a_listed_ground(world: World, named: str) -> None:
    with pytest.raises(RuleViolation):
        reports.refuse(world.actor("regulator"), named, ground="tired", reply="不想办这一件")
    reports.refuse(world.actor("regulator"), named, ground="no_facts", reply="没有具体的线索")
    assert of(named).state == "refused"
    drain()
    papers = [each.issued for each in of_case(db.session, "violation_report", named) if each.issued]
    assert [each["title"] for each in papers] == ["举报不予受理告知书"]
    assert ["情形", "没有具体的违法行为线索"] in papers[0]["facts"]


def test_what_is_late_goes_to_the_level_above(world: World, time: Any) -> None:
    world.authority("county", "regulator", region="632801")
    named = report(world)
    nearest = of(named).office
    time.instant = of(named).due_at + timedelta(seconds=1)
    run_deadlines()
    assert of(named).referred_to is not None
    assert nearest is None or of(named).referred_to != nearest.region_code or of(named).due_at is None
    reports.accept(world.actor("regulator"), named)
    assert of(named).late


@pytest.mark.parametrize("mark", [1, 2])
def test_a_low_mark_has_the_level_above_look(world: World, named: str, mark: int) -> None:
    found(world, named)
    rated(named, mark, code_of(named), "没有说清楚")
    answer = answer_to(named)
    assert (answer.state, answer.mark, answer.words) == ("looking", mark, "没有说清楚")
    answering.reopen(world.actor("regulator"), answer.identifier, reason="请重新核对价目表")
    assert (of(named).state, answer_to(named).state) == ("checking", "reopened")


def test_silence_does_too_and_the_answer_may_be_upheld(world: World, named: str, time: Any) -> None:
    found(world, named)
    time.instant = answer_to(named).due_at + timedelta(seconds=1)
    run_deadlines()
    assert answer_to(named).state == "looking"
    answering.uphold(world.actor("regulator"), answer_to(named).identifier, reason="答复清楚,处理适当")
    assert (of(named).state, answer_to(named).state) == ("mending", "upheld")


def test_nobody_rates_without_the_code_and_nobody_twice(world: World, named: str) -> None:
    found(world, named)
    for code in ("", "aaaaaaaaaaaaaaaa", code_of("VR-2026-999999")):
        with pytest.raises(NotAllowed):
            rated(named, 5, code)
    with pytest.raises(NotAllowed):
        answering.rate(world.actor("regulator"), answer_to(named).identifier, mark=5)
    with pytest.raises(RuleViolation):
        rated(named, 6, code_of(named))
    rated(named, 5, code_of(named))
    with pytest.raises(WrongState):
        rated(named, 1, code_of(named))
    assert by_office(db.session)[0].mean == 5.0


def test_a_named_report_names_somebody(world: World) -> None:
    world.agency("agency") if "agency" not in world.emails else None
    with pytest.raises(RuleViolation):
        report(world, name="", contact="")
    nameless = of(report(world, named=False))
    assert (nameless.reporter_name, nameless.reporter_contact, nameless.reporter_id) == ("", "", None)
    assert VISITOR.user_id is None


def test_a_member_of_the_accused_reports_it_and_does_not_handle_it(world: World, named: str) -> None:
    inside = report(world, world.actor("agency"), kind="scope")
    assert of(inside).roles_of(world.actor("agency")) == {"reporter"}


def test_a_regulator_of_another_line_does_not_learn_of_it(world: World) -> None:
    world.agency("agency") if "agency" not in world.emails else None
    for name, line in (("water", "水利"), ("land", "自然资源")):
        world.authority(name, "regulator", region="632801", department=line)
    number = report(world, item="WAT-01")
    assert of(number).department == "水利"
    assert of(number).office == world.organisation("water")
    assert of(number).reporter_shown_to(world.actor("water"))
    assert not of(number).roles_of(world.actor("land"))
    seen = select(ViolationReport.id).where(ViolationReport.visible_to(world.actor("land")))
    assert db.session.scalars(seen).all() == []
