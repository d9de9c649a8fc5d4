"""Before a record is decided its subject is heard out, and whoever proposed it is not asked to decide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.credit.actions import records
from market.jobs import run_deadlines
from market.worklist.waiting import waiting
from models.errors import NotAllowed, RuleViolation, WrongState
from tests.credit import record_cases as cases
from tests.credit.record_cases import REASON, REPLY, STATEMENT, found
from tests.web import sign_in


def _decide(world: World, record: str, reply: str = REPLY) -> None:
    records.uphold(world.actor("decider"), record, reason=REASON, months=24, reply=reply)


def test_no_decision_while_the_subjects_time_runs_and_it_said_nothing(world: World, time: Any) -> None:
    record = cases.notified(world)
    for act in (records.uphold, records.drop_record):
        with pytest.raises(WrongState):
            act(
                world.actor("decider"),
                record,
                reason=REASON,
                **({"months": 24} if act is records.uphold else {}),
            )
    limit = found(record).answer_until
    assert limit is not None
    time.instant = limit
    run_deadlines()
    _decide(world, record, "")
    assert found(record).state == "in_force"


def test_whoever_has_more_to_say_is_not_decided_on_before_the_time_is_over(
    app: Flask, world: World, time: Any
) -> None:
    """Until then it is the subject's turn, and nobody else's."""
    record = cases.notified(world)
    page = f"/credit/records/{record}"
    subject, decider = sign_in(app, world, "agency"), sign_in(app, world, "decider")
    limit = found(record).answer_until
    assert limit is not None
    assert subject.submit(f"{page}/defend_partly", statement=STATEMENT).status == 303
    assert (found(record).state, found(record).due_at) == ("notified", limit)
    assert record in {case.identifier for case in waiting(world.actor("agency"))}
    for name in ("decider", "regulator"):
        assert record not in {case.identifier for case in waiting(world.actor(name))}
    shown = decider.get(page)
    assert "期限届满之后,监管部门才能认定" in shown.text
    assert not shown.soup.select(f'a[href="{page}/uphold"], a[href="{page}/drop"]')
    assert STATEMENT in subject.get(f"{page}/defend").text, "what it said so far stands beside the form"
    with pytest.raises(WrongState):
        _decide(world, record)
    time.instant = limit + timedelta(minutes=1)
    run_deadlines()
    assert sign_in(app, world, "decider").get(f"{page}/uphold").status == 200
    assert record not in {case.identifier for case in waiting(world.actor("agency"))}
    _decide(world, record)
    assert found(record).state == "in_force"


def test_a_further_statement_that_is_the_last_lets_it_be_decided(world: World, time: Any) -> None:
    record = cases.notified(world)
    records.defend_partly(world.actor("agency"), record, statement=STATEMENT)
    time.instant += timedelta(days=1)
    records.defend(world.actor("agency"), record, statement="补充的证据就是这些,没有别的了。")
    due = found(record).due_at
    assert found(record).statements[0].statement == STATEMENT
    time.instant += timedelta(days=1)
    records.defend(world.actor("agency"), record, statement="还有一份照片。")
    assert found(record).due_at == due, "the office's time runs from when it could decide"
    _decide(world, record)


@pytest.mark.parametrize("said", [True, False])
def test_the_subject_may_do_without_what_is_left_of_its_time(
    app: Flask, world: World, time: Any, said: bool
) -> None:
    record = cases.notified(world)
    page = f"/credit/records/{record}"
    if said:
        records.defend_partly(world.actor("agency"), record, statement=STATEMENT)
    subject = sign_in(app, world, "agency")
    assert subject.get(page).soup.select_one(f'a[href="{page}/waive"]') is not None
    asked = subject.get(f"{page}/waive")
    assert asked.status == 200
    assert "随即可以认定" in asked.text
    assert subject.submit(f"{page}/waive").status == 303
    case = found(record)
    assert (case.state, case.waived_at) == ("heard", time.instant)
    assert subject.get(page).soup.select_one(f'a[href="{page}/waive"]') is None
    with pytest.raises(WrongState):
        records.waive(world.actor("agency"), record)
    assert "已经表示不再补充" in sign_in(app, world, "decider").get(f"{page}/uphold").text
    _decide(world, record, REPLY if said else "")
    assert found(record).state == "in_force"


def test_time_that_is_over_cannot_be_done_without(world: World, time: Any) -> None:
    record = cases.notified(world)
    limit = found(record).answer_until
    assert limit is not None
    time.instant = limit + timedelta(seconds=1)
    with pytest.raises(RuleViolation, match="期限已经届满"):
        records.waive(world.actor("agency"), record)


def test_who_may_not_decide_is_not_offered_it_and_hears_why(app: Flask, world: World) -> None:
    record = cases.heard(world)
    page = f"/credit/records/{record}"
    buttons = {f'a[href="{page}/{act}"]' for act in ("uphold", "drop")}

    def offered(name: str) -> set[str]:
        shown = sign_in(app, world, name).get(page)
        return {each for each in buttons if shown.soup.select_one(each) is not None}

    assert offered("regulator") == set()
    assert "提出人不能认定" in sign_in(app, world, "regulator").get(page).text
    assert sign_in(app, world, "regulator").get(f"{page}/uphold").status == 403
    assert offered("decider") == buttons
    assert record not in {case.identifier for case in waiting(world.actor("regulator"))}
    assert record in {case.identifier for case in waiting(world.actor("decider"))}
    assert "提出人不能认定" not in sign_in(app, world, "decider").get(page).text
    records.recuse(world.actor("decider"), record, reason="当事人的负责人是我的近亲属")
    assert offered("decider") == set()
    assert "回避" in sign_in(app, world, "decider").get(f"{page}/uphold").text
    assert record not in {case.identifier for case in waiting(world.actor("decider"))}
    assert offered("regulator") == buttons, "nobody else of the office is left"
    assert record in {case.identifier for case in waiting(world.actor("regulator"))}


def test_whoever_stepped_back_does_nothing_more_in_it_whatever_becomes_of_it(
    app: Flask, world: World
) -> None:
    record = cases.heard(world)
    page = f"/credit/records/{record}"
    records.recuse(world.actor("regulator"), record, reason="当事人的负责人是我的近亲属")
    with pytest.raises(NotAllowed, match="已经在这件信用记录中回避"):
        records.recuse(world.actor("regulator"), record, reason="再回避一次没有意义")
    _decide(world, record)
    away, decider = sign_in(app, world, "regulator"), sign_in(app, world, "decider")
    for act in ("revoke", "suspend"):
        assert away.get(page).soup.select_one(f'a[href="{page}/{act}"]') is None
        assert away.get(f"{page}/{act}").status == 403
        assert decider.get(f"{page}/{act}").status == 200
    with pytest.raises(NotAllowed, match="回避"):
        records.revoke(world.actor("regulator"), record, reason="原处罚决定已被撤销")
    reason = "法院裁定受理破产重整申请"
    with pytest.raises(NotAllowed, match="回避"):
        records.suspend(world.actor("regulator"), record, reason=reason, files=cases.files())
    records.suspend(world.actor("decider"), record, reason=reason, files=cases.files())
    assert away.get(f"{page}/resume").status == 403
    with pytest.raises(NotAllowed, match="回避"):
        records.resume(world.actor("regulator"), record, reason="重整程序已经终止")
    assert found(record).state == "suspended"
