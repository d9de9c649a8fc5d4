"""A credit record from proposal to its end: who, in what order, within which limits, with which proof."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market.accounts import jobs as letters
from market.credit.actions import records
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.oversight.actions import overriding as oversight
from market.transaction import arriving
from models import clock, workdays
from models.credit.records import CreditRecord, in_force, months_later
from models.documents import of_case
from models.errors import NotAllowed, RuleViolation, WrongState
from models.notifications import Notification
from tests.credit import record_cases as cases
from tests.credit.record_cases import COMMITMENT, FACTS, REASON, REPLY, STATEMENT, files, found
from tests.web import Visitor, sign_in


def _papers(record: str) -> list[str]:
    drain()
    db.session.rollback()
    return [paper.issued["title"] for paper in of_case(db.session, "credit_record", record) if paper.issued]


def _counting(world: World, name: str = "agency") -> list[str]:
    db.session.rollback()
    key = world.organisation(name).id
    return [record.identifier for record in in_force(db.session, [key], clock.now())[key]]


def test_a_regulator_proposes_from_the_page_and_everything_missing_is_said_at_its_field(
    app: Flask, world: World
) -> None:
    world.authority("far", "regulator", region="540000")
    regulator = sign_in(app, world, "regulator")
    page = "/credit/records/new"
    good = {
        "subject": world.identifiers["agency"],
        "kind": "false_report",
        "facts": FACTS,
        "source": "应急罚字2026第12号",
        "file": PDF,
    }
    for field, wrong in (
        ("subject", "A-2026-999999"),
        ("subject", world.identifiers["regulator"]),
        ("facts", "太短"),
        ("source", ""),
    ):
        answer = regulator.submit(page, **{**good, field: wrong})
        assert answer.status == 422, (field, wrong)
        assert answer.error_at(field), (field, wrong)
    assert sign_in(app, world, "far").submit(page, **good).error_at("subject"), "of another area"
    without = {name: value for name, value in good.items() if name != "file"}
    assert regulator.submit(page, **without).error_at("file")
    for kind in ("made_up", ""):
        assert regulator.submit(page, **{**good, "kind": kind}).error_at("kind")
    assert db.session.query(CreditRecord).count() == 0
    chosen = regulator.get(page).soup.select("select[name=kind] option")
    assert chosen[0]["value"] == "", "no kind is chosen for anybody"
    assert not [option for option in chosen if option.has_attr("selected") and option["value"]]
    made = regulator.submit(page, **good)
    assert made.status == 303
    assert regulator.get(made.location).status == 200
    again = regulator.submit(page, **good)
    assert again.status == 422
    assert "已经根据这个来源" in again.error_at("source")
    with pytest.raises(RuleViolation, match="没有依据"):
        records.propose_by_hand(
            world.actor("regulator"),
            subject=world.identifiers["agency"],
            kind="made_up",
            facts=FACTS,
            source="另一份文书",
            files=files(),
        )
    for name in ("agency", "buyer", "department"):
        assert sign_in(app, world, name).get(page).status == 403


def test_the_whole_way_with_papers_and_proof_of_service(app: Flask, world: World, time: Any) -> None:
    record = cases.proposed(world)
    assert _papers(record) == []
    page = f"/credit/records/{record}"
    subject, regulator = sign_in(app, world, "agency"), sign_in(app, world, "regulator")
    assert subject.get(page).status == 404
    assert regulator.submit(f"{page}/notify").status == 303
    assert _papers(record) == ["信用记录告知书"]
    letters.work()
    shown = regulator.get(page).text
    assert "还没有人打开" in shown
    assert "ag***@example.cn" in shown
    assert "寄出" in shown
    opened = subject.get(page)
    assert opened.status == 200
    assert FACTS in opened.text
    shown = regulator.get(page).text
    assert "还没有人打开" not in shown
    assert "agency 于" in shown
    notices = subject.get("/my/notices").text
    assert "告知" in notices
    assert subject.submit(f"{page}/defend", statement=STATEMENT, file=PDF).status == 303
    assert subject.submit(f"{page}/defend", statement="补充:还有一份委托方的说明。").status == 303
    assert _counting(world) == []
    decider = sign_in(app, world, "decider")
    assert STATEMENT in decider.get(f"{page}/uphold").text
    refused = decider.submit(f"{page}/uphold", reason=REASON, months="24", reply="")
    assert refused.status == 422
    assert refused.error_at("reply")
    for months in ("11", "37"):
        refused = decider.submit(f"{page}/uphold", reason=REASON, months=months, reply=REPLY)
        assert "12" in refused.error_at("months")
    refused = decider.submit(f"{page}/uphold", reason="", months="37", reply=REPLY)
    assert "12" in refused.error_at("months"), "all that is wrong is said at once"
    assert refused.error_at("reason").count("理由") == 1, "and each once"
    assert decider.submit(f"{page}/uphold", reason=REASON, months="24", reply=REPLY).status == 303
    case = found(record)
    assert (case.state, case.decided_at, case.in_force_from) == ("in_force", time.instant, time.instant)
    assert case.ends_at == case.published_until == months_later(time.instant, 24)
    assert [part.statement for part in case.statements] == [STATEMENT, "补充:还有一份委托方的说明。"]
    assert _counting(world) == [record]
    assert _papers(record) == ["信用记录告知书", "信用记录认定决定书"]
    public = Visitor(app).get(page)
    assert public.status == 200
    assert FACTS in public.text
    assert world.organisation("regulator").name in public.text, "who decided"
    assert "起可以申请,须先" in public.text, "and how it may be repaired"
    assert STATEMENT not in public.text
    assert record in Visitor(app).get("/credit/records").text
    assert "出具虚假或者失实的成果" in Visitor(app).get(f"/agencies/{world.identifiers['agency']}").text
    early = subject.get(f"{page}/ask_repair")
    assert early.status == 422
    assert "最短公示期还没有届满" in early.text
    time.instant = months_later(time.instant, 12)
    subject, regulator = sign_in(app, world, "agency"), sign_in(app, world, "regulator")
    assert subject.submit(f"{page}/ask_repair", commitment=COMMITMENT).error_at("file")
    assert subject.submit(f"{page}/ask_repair", commitment="短", file=PDF).error_at("commitment")
    assert subject.submit(f"{page}/ask_repair", commitment=COMMITMENT, file=PDF).status == 303
    assert _counting(world) == [record], "a repair that was asked for is not granted yet"
    assert regulator.submit(f"{page}/refuse_repair", reason="证明材料没有盖章,请补正后再申请。").status == 303
    assert subject.submit(f"{page}/ask_repair", commitment=COMMITMENT, file=PDF).status == 303
    assert regulator.submit(f"{page}/repair", reason="整改已经完成,同意修复。").status == 303
    assert found(record).state == "repaired"
    assert _counting(world) == []
    assert _papers(record)[-2:] == ["不予信用修复决定书", "信用修复决定书"]
    assert Visitor(app).get(page).location.startswith("/sign-in")
    assert sign_in(app, world, "buyer").get(page).status == 404
    assert record not in Visitor(app).get("/credit/records").text
    assert subject.get(page).status == 200


def test_a_defence_counts_by_when_it_reached_us_not_by_how_long_it_waited_here(
    world: World, time: Any
) -> None:
    record = cases.notified(world)
    time.instant = found(record).answer_until
    with arriving():
        time.instant += timedelta(minutes=5)  # a queue, or the lock
        records.defend(world.actor("agency"), record, statement=STATEMENT)
    (part,) = found(record).statements
    assert part.statement == STATEMENT
    assert part.stated_at == found(record).answer_until, "it is kept as of when it reached us"


def test_a_defence_after_the_limit_is_refused_and_the_decision_does_not_wait_for_it(
    app: Flask, world: World, time: Any
) -> None:
    record = cases.notified(world)
    limit = found(record).answer_until
    assert limit == workdays.add(time.instant, 10)
    time.instant = limit + timedelta(seconds=1)
    with pytest.raises(RuleViolation, match="期限已经届满"):
        records.defend(world.actor("agency"), record, statement=STATEMENT)
    run_deadlines()
    assert found(record).state == "heard"
    late = sign_in(app, world, "agency").get(f"/credit/records/{record}/defend")
    assert late.status == 422
    assert "陈述申辩的期限已经届满" in late.text
    with pytest.raises(RuleViolation, match="期限已经届满"):
        records.defend(world.actor("agency"), record, statement=STATEMENT)
    records.uphold(world.actor("decider"), record, reason=REASON, months=24)
    assert found(record).state == "in_force"


def test_who_proposed_does_not_decide_where_somebody_else_can_and_who_stepped_back_never_does(
    world: World,
) -> None:
    record = cases.heard(world)
    for act in (records.uphold, records.drop_record):
        with pytest.raises(NotAllowed, match="提出人不能"):
            act(
                world.actor("regulator"),
                record,
                reason=REASON,
                **({"months": 24, "reply": REPLY} if act is records.uphold else {}),
            )
    records.recuse(world.actor("decider"), record, reason="当事人的负责人是我的近亲属")
    with pytest.raises(NotAllowed, match="回避"):
        records.uphold(world.actor("decider"), record, reason=REASON, months=24, reply=REPLY)
    records.uphold(world.actor("regulator"), record, reason=REASON, months=24, reply=REPLY)
    assert found(record).state == "in_force", "nobody else of the office is left"


def test_a_minor_record_is_seen_by_its_subject_and_authorities_alone_and_repaired_at_once(
    app: Flask, world: World
) -> None:
    world.authority("far", "regulator", region="540000")
    record = cases.in_force(world, kind="fees_unpublished", months=3)
    page = f"/credit/records/{record}"
    assert found(record).published_until is None
    assert Visitor(app).get(page).location.startswith("/sign-in")
    assert sign_in(app, world, "buyer").get(page).status == 404
    for name in ("agency", "regulator", "far", "department"):
        assert sign_in(app, world, name).get(page).status == 200, name
    assert record not in Visitor(app).get("/credit/records").text
    assert record in sign_in(app, world, "far").get("/credit/records").text
    score = f"/agencies/{world.identifiers['agency']}/credit"
    for path in (score, f"{score}.json"):
        told = {name: sign_in(app, world, name).get(path).text for name in ("buyer", "agency")}
        assert record not in told["buyer"], "it counts without its number"
        assert record in told["agency"]
    assert "不公示的记录" in sign_in(app, world, "buyer").get(score).text
    records.ask_repair(world.actor("agency"), record, commitment=COMMITMENT, files=files())
    records.repair(world.actor("decider"), record, reason="已经公示收费,同意修复。")
    assert sign_in(app, world, "far").get(page).status == 404


def test_publication_ends_by_itself_to_the_second_whether_or_not_the_clock_has_turned(
    app: Flask, world: World, time: Any
) -> None:
    record = cases.in_force(world, kind="unfair_terms", months=3)
    page = f"/credit/records/{record}"
    ends = found(record).ends_at
    assert ends is not None
    time.instant = ends - timedelta(seconds=1)
    assert Visitor(app).get(page).status == 200
    time.instant = ends
    assert Visitor(app).get(page).status == 302
    assert record not in Visitor(app).get("/credit/records").text
    assert _counting(world) == []
    run_deadlines()
    assert found(record).state == "expired"


def test_a_repair_that_waits_too_long_goes_to_the_level_above_and_ends_with_the_term(
    world: World, time: Any
) -> None:
    record = cases.repairing(world, time, kind="unfair_terms", months=4)
    ends = found(record).ends_at
    assert ends is not None
    due = found(record).due_at
    assert due == workdays.add(time.instant, 10)
    time.instant = due + timedelta(seconds=1)
    run_deadlines()
    assert found(record).state == "repairing"
    time.instant = ends + timedelta(seconds=1)
    run_deadlines()
    assert found(record).state == "expired"


def test_a_reorganisation_suspends_and_what_is_left_of_the_term_resumes(
    app: Flask, world: World, time: Any
) -> None:
    record = cases.in_force(world)
    began = time.instant
    time.instant += timedelta(days=10)
    records.suspend(
        world.actor("decider"), record, reason="人民法院裁定受理重整申请", files=files("裁定书.pdf")
    )
    assert _counting(world) == []
    assert Visitor(app).get(f"/credit/records/{record}").status == 302
    time.instant += timedelta(days=10)
    records.resume(world.actor("decider"), record, reason="重整程序已经终止")
    assert _counting(world) == [record]
    assert found(record).ends_at == months_later(began, 24)
    key = world.organisation("agency").id
    assert in_force(db.session, [key], began + timedelta(days=5))[key]
    assert not in_force(db.session, [key], began + timedelta(days=15))[key]


def test_a_revoked_decision_and_one_that_was_not_upheld_hold_nothing_against_anybody(
    app: Flask, world: World
) -> None:
    revoked = cases.in_force(world)
    records.revoke(world.actor("decider"), revoked, reason="行政复议决定撤销原认定")
    dropped = cases.heard(world, source="另一份文书")
    records.drop_record(world.actor("decider"), dropped, reason="申辩成立,不予认定。")
    assert _counting(world) == []
    assert _papers(dropped)[-1] == "信用记录不予认定决定书"
    for record in (revoked, dropped):
        assert Visitor(app).get(f"/credit/records/{record}").status == 302
        assert sign_in(app, world, "agency").get(f"/credit/records/{record}").status == 200
        with pytest.raises(WrongState):
            records.uphold(world.actor("decider"), record, reason=REASON, months=24, reply=REPLY)


def test_a_commendation_needs_no_defence_and_stands_on_the_red_list(app: Flask, world: World) -> None:
    record = cases.proposed(world, kind="commended", facts="获评全省诚信中介服务机构。")
    with pytest.raises(RuleViolation, match="不需要告知"):
        records.notify(world.actor("regulator"), record)
    records.commend(world.actor("decider"), record, reason="表彰文件已经核对", months=24)
    assert record in Visitor(app).get("/credit/records?list=good").text
    assert record not in Visitor(app).get("/credit/records?list=bad").text
    bad = cases.proposed(world, source="另一份")
    with pytest.raises(RuleViolation, match="先告知"):
        records.commend(world.actor("decider"), bad, reason="直接认定不可以", months=24)


def test_lists_and_exports_hold_what_is_published_and_ones_own(app: Flask, world: World) -> None:
    shown = cases.in_force(world)
    hidden = cases.notified(world, source="另一份", kind="scope")
    public = Visitor(app).get("/credit/records.csv").text
    assert shown in public
    assert hidden not in public
    for name in ("agency", "regulator"):
        own = sign_in(app, world, name)
        assert all(number in own.get("/my/records").text for number in (shown, hidden)), name
        assert all(number in own.get("/my/records.csv").text for number in (shown, hidden)), name
    assert shown not in sign_in(app, world, "second").get("/my/records").text
    assert hidden in sign_in(app, world, "regulator").get("/my/records?state=notified&kind=scope").text


def test_not_even_an_operator_puts_a_record_in_force_past_its_procedure(world: World) -> None:
    world.appoint_admin()
    record, decided = cases.notified(world), cases.in_force(world, source="另一份文书")
    for case, target in (
        (record, "in_force"),
        (record, "heard"),
        (decided, "repaired"),
        (decided, "dropped"),
    ):
        with pytest.raises(RuleViolation, match="程序"):
            oversight.override(
                world.actor("admin"),
                case_type="credit_record",
                identifier=case,
                target=target,
                reason="流程走不通,直接改",
            )
    assert (found(record).state, found(decided).state) == ("notified", "in_force")
    untold = cases.proposed(world, source="第三份文书")
    oversight.override(
        world.actor("admin"),
        case_type="credit_record",
        identifier=untold,
        target="dropped",
        reason="重复提出,予以撤下",
    )
    drain()
    key = world.organisation("agency").id
    told = db.session.scalars(select(Notification).where(Notification.organisation_id == key))
    assert untold not in {notice.event.case_identifier for notice in told}
