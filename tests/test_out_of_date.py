"""Nobody binds itself to, or decides on, what the page did not show: what came meanwhile is shown first."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import World
from market.case_views import url_of
from market.contracts.actions import disputing, drafting
from market.credit.actions import listings as acts
from market.credit.actions import records
from market.extensions import db
from models.cases import find_case
from models.contracts.agreement import Contract
from models.contracts.signatures import ContractSignature
from models.events import Event
from tests.credit import record_cases as cases
from tests.credit.external_lists import bring, listings, row
from tests.every_case import name_the_cases
from tests.web import Answer, Visitor, current_values, sign_in

MEANWHILE = "后来找到的原始记录,说明数据是真实的。"


def opened(visitor: Visitor, page: str) -> dict[str, Any]:
    """The form of a page as it was given."""
    form = visitor.get(page).soup.select_one("main form[method=post]")
    assert form is not None
    return current_values(form)


def again(visitor: Visitor, page: str, answer: Answer) -> Answer:
    """What a refused form holds, sent once more."""
    form = answer.soup.select_one("main form[method=post]")
    assert form is not None
    return visitor.post(page, current_values(form))


def test_a_record_is_not_decided_over_a_statement_that_came_after_the_page(app: Flask, world: World) -> None:
    record = cases.heard(world)
    page = f"/credit/records/{record}/uphold"
    decider = sign_in(app, world, "decider")
    form = opened(decider, page) | {"reason": cases.REASON, "reply": cases.REPLY, "months": "24"}
    records.defend(world.actor("agency"), record, statement=MEANWHILE)
    refused = decider.post(page, form)
    assert refused.status == 409
    assert cases.found(record).state == "heard"
    assert "这一页打开之后又有变化" in refused.soup.select_one("main [role=alert]").text
    assert MEANWHILE in refused.text
    assert (refused.value_of("reason"), refused.value_of("reply")) == (cases.REASON, cases.REPLY)
    assert again(decider, page, refused).status == 303
    assert cases.found(record).state == "in_force"


def test_a_field_that_the_change_asks_for_is_on_the_page_that_refuses(
    app: Flask, world: World, time: Any
) -> None:
    """There was no statement when the page was opened, so nothing asked for an answer to one."""
    record = cases.notified(world)
    records.waive(world.actor("agency"), record)
    page = f"/credit/records/{record}/uphold"
    decider = sign_in(app, world, "decider")
    form = opened(decider, page) | {"reason": cases.REASON, "months": "24"}
    assert "reply" not in form
    records.defend(world.actor("agency"), record, statement=MEANWHILE)
    refused = decider.post(page, form)
    assert refused.status == 409
    assert refused.value_of("reply") == ""
    form = current_values(refused.soup.select_one("main form[method=post]")) | {"reply": cases.REPLY}
    assert decider.post(page, form).status == 303


def test_repair_asked_for_anew_is_not_granted_on_the_paper_of_before(
    app: Flask, world: World, time: Any
) -> None:
    record = cases.repairing(world, time)
    page = f"/credit/records/{record}/repair"
    decider = sign_in(app, world, "decider")
    form = opened(decider, page) | {"reason": "整改已经完成,同意修复。"}
    records.withdraw(world.actor("agency"), record)
    records.ask_repair(world.actor("agency"), record, commitment=MEANWHILE, files=cases.files("另一份.pdf"))
    assert decider.post(page, form).status == 409
    assert cases.found(record).state == "repairing"


@pytest.mark.parametrize("act", ["confirm", "confirm_correction"])
def test_a_second_official_confirms_no_other_entry_than_the_page_showed(
    app: Flask, world: World, time: Any, act: str
) -> None:
    code = world.organisation("agency").uscc
    serious = {"of": "严重违法失信名单", "number": "某市监罚字1号"}
    bring(world, row(code, **serious), second=act == "confirm_correction")
    if act == "confirm_correction":
        bring(world, row(code, **serious, entered="2026-02-10"), second=False)
    cases.second_official(world)
    decider = sign_in(app, world, "decider")
    page = f"/credit/listings/{listings()[0].identifier}/{act}"
    form = opened(decider, page)
    bring(world, row(code, **serious, entered="2026-02-20"), second=False)
    refused = decider.post(page, form)
    assert refused.status == 409
    assert "2026-02-20" in refused.text
    assert listings()[0].entered_on.isoformat() == ("2026-02-20" if act == "confirm" else "2026-02-02")
    assert again(decider, page, refused).status == 303
    assert (listings()[0].state, listings()[0].entered_on.isoformat()) == ("listed", "2026-02-20")


@pytest.mark.parametrize("by", ["buyer", "agency"])
def test_nobody_signs_another_text_than_the_page_showed(app: Flask, world: World, by: str) -> None:
    contract = world.contract_of(world.awarded()).identifier
    page = f"/contracts/{contract}/agree_{by}"
    signer = sign_in(app, world, by)
    form = opened(signer, page)
    other = "agency" if by == "buyer" else "buyer"
    drafting.revise(world.actor(other), contract, texts={"secrecy": "双方另行签订保密协议,保密期五年。"})
    refused = signer.post(page, form | {"agree": "y"})
    assert refused.status in (409, 422)
    signed = select(func.count()).select_from(ContractSignature).join(Contract)
    assert db.session.scalar(signed.where(Contract.identifier == contract)) == 0


def test_a_dispute_is_not_decided_over_evidence_that_came_after_the_page(app: Flask, world: World) -> None:
    contract = world.started()
    dispute = disputing.file(
        world.actor("buyer"), contract, claim="机构一直没有派人到场踏勘", files=cases.files()
    )
    answer = "当天已经派人到场踏勘,有业主签字的签到表"
    disputing.answer(world.actor("agency"), dispute, answer=answer)
    page = f"/disputes/{dispute}/decide"
    official = sign_in(app, world, "regulator")
    form = opened(official, page)
    disputing.add_evidence(world.actor("buyer"), dispute, files=cases.files("门卫记录.pdf"))
    refused = official.post(
        page, form | {"outcome": "continue", "fault": "none", "reason": "证据充分,合同继续履行"}
    )
    assert refused.status == 409, refused.text
    assert refused.soup.select_one(f'main a[href="/disputes/{dispute}"]') is not None, "where the evidence is"
    assert "补充证据" in refused.text
    assert again(official, page, refused).status == 303


def test_the_form_of_every_act_of_a_case_carries_what_its_page_had_read(
    app: Flask, world: World, time: Any
) -> None:
    seen = set()
    for identifier in name_the_cases(world, time).values():
        case = find_case(db.session, identifier)
        if case is None:
            continue
        for name in ("buyer", "agency", "regulator", "custodian", "department"):
            actor = world.actor(name)
            for move in case.workflow.offered_to(case, actor):
                page = sign_in(app, world, name).get(f"{url_of(case.identifier)}/{move.act}")
                form = page.soup.select_one("main form[method=post]")
                if page.status == 200 and form is not None:
                    told = form.select_one("input[name=as_read]")
                    assert told is not None, (case.identifier, move.act)
                    assert told["value"].startswith(f"{case.identifier} ")
                    seen.add((case.workflow.name, move.act))
    assert len(seen) > 30, sorted(seen)


def test_what_the_system_does_of_itself_after_an_act_reads_no_page(
    app: Flask, world: World, time: Any
) -> None:
    """The official looked at a change in another tab before he answered the dispute."""
    code = world.organisation("agency").uscc
    bring(world, row(code, "严重违法失信名单", number="某市监罚字1号"))
    listing = listings()[0].identifier
    acts.dispute(world.actor("agency"), listing, dispute="我单位从未被列入,是同名误配。", files=cases.files())
    bring(world, whole=["serious"], second=False)
    cases.second_official(world)
    decider, page = sign_in(app, world, "decider"), f"/credit/listings/{listing}"
    form = opened(decider, f"{page}/uphold") | {"reason": "经核对确属误配,不计入"}
    assert decider.submit(f"{page}/decline_change", reason="网站上仍然有这条记录").status == 303
    assert decider.post(f"{page}/uphold", form).status == 303


def test_ones_own_acts_what_is_odd_and_what_comes_from_no_page_are_not_held_against_anybody(
    app: Flask, world: World
) -> None:
    record = cases.heard(world)
    page = f"/credit/records/{record}/uphold"
    decider = sign_in(app, world, "decider")
    sent = {"reason": cases.REASON, "reply": "", "months": "24"}  # an answer is lacking
    records.defend(world.actor("agency"), record, statement=MEANWHILE)
    other = opened(decider, page)["as_read"].replace(record, "X-2025-000001")
    odds = (
        "",
        record,
        f"{record} ",
        f"{record} x",
        f"{record} ²",
        *(f"{record} {'9' * n}" for n in (18, 40)),
    )
    for odd in (None, *odds, other):
        form = opened(decider, page) | sent
        form.pop("as_read") if odd is None else form.update(as_read=odd)
        assert decider.post(page, form).status == 422, odd
    newest = db.session.scalar(select(func.max(Event.id)).where(Event.case_identifier == record))
    assert opened(decider, page)["as_read"] == f"{record} {newest}"
