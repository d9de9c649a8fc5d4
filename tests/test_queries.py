"""No list and no case page needs more queries for more rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from harness.factories import PDF, World, years
from market.accounts.actions import authorising
from market.agencies.actions import shortlist
from market.agencies.actions.serving import declare
from market.contracts.actions import changing, delivering, drafting
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import drain
from market.messages import actions
from market.payments.actions import importing, invoicing, paying, reconciling
from market.payments.jobs import match_lines
from market.sourcing.actions import drafting as tender_drafting
from market.sourcing.actions import quotes
from market.transaction import transaction
from models import clock, failures
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies.certificates import Practitioner
from models.agencies.checks import open_check
from models.contracts.deliverables import Deliverable
from models.credit.records import in_force
from models.payments.payment import Payment
from models.payments.reconciliation import Mismatch
from models.sourcing.steps import STEPS
from tests.credit import record_cases
from tests.web import sign_in


class _Count:
    def __enter__(self) -> _Count:
        self.statements: list[str] = []
        event.listen(db.engine, "before_cursor_execute", self._note)
        return self

    def _note(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)

    def __exit__(self, *_: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._note)


LISTS = {
    "/requests": "visitor",
    "/awards": "visitor",
    "/agencies": "visitor",
    "/credit": "visitor",
    "/credit.csv": "visitor",
    "/credit/unranked.csv": "visitor",
    "/credit/unranked": "visitor",
    "/credit/listings": "visitor",
    "/credit/listings.csv": "visitor",
    "/oversight/restricted": "regulator",
    "/credit/signals": "regulator",
    "/oversight/red-flags": "regulator",
    "/credit/links": "regulator",
    "/credit/external": "regulator",
    "/credit/fetches": "regulator",
    "/credit/records": "visitor",
    "/credit/records.csv": "visitor",
    "/my/records": "regulator",
    "/my/records.csv": "regulator",
    "/items": "visitor",
    "/items/WAT-01": "visitor",
    "/my/fees/new": "agency",
    "/my/fees/new?item=WAT-01": "agency",
    "/my": "buyer",
    "/my/notices": "agency",
    "/my/notices/settings": "agency",
    "/my/searches": "agency",
    "/requests?able=1&words=农田": "agency",
    "/contracts": "buyer",
    "/my/answers": "agency",
    "/oversight/agencies": "regulator",
    "/oversight/agencies.csv": "regulator",
    "/oversight/agencies/A-2026-000001?about=ratings": "regulator",
    "/oversight/agencies/A-2026-000001.csv": "regulator",
    "/oversight/agencies/A-2026-000001/contract": "regulator",
    "/contracts.csv": "buyer",
    "/admin/authorities": "admin",
    "/": "visitor",
    "/my/organisation": "buyer",
    "/oversight/checks": "regulator",
    "/oversight/checks.csv": "regulator",
    "/oversight/reports": "regulator",
    "/oversight/reports.csv": "regulator",
    "/oversight/complaints": "regulator",
    "/oversight/complaints.csv": "regulator",
    "/handling": "visitor",
    "/handling.csv": "visitor",
    "/typical-cases": "visitor",
    "/oversight/follow-ups": "regulator",
    "/oversight/follow-ups.csv": "regulator",
    "/oversight/rating-appeals": "regulator",
    "/oversight/rating-appeals.csv": "regulator",
    "/oversight/register": "regulator",
    "/imports": "agency",
    "/matters": "visitor",
    "/demanded?report=WAT-01": "visitor",
    "/items/WAT-01/history": "visitor",
    "/agencies?item=WAT-01&order=price": "visitor",
    "/agencies?q=格尔木水保多少钱": "visitor",
    "/agencies?q=Q-2026-000001 环评": "visitor",
    "/admin/failures": "admin",
    "/agencies/A-2026-000001": "visitor",
    "/agencies/A-2026-000001/ratings": "visitor",
    "/agencies/A-2026-000001/fees/WAT-01": "visitor",
    "/suggest?q=单位": "visitor",
    "/agencies?region=632801": "buyer",
    "/my/agencies": "buyer",
    "/my/agencies.csv": "buyer",
    "/reviews?standing=passed": "department",
    "/reviews.csv?standing=passed": "department",
    "/deliverables": "regulator",
    "/deliverables?standing=on_time&reason=data": "regulator",
    "/deliverables.csv": "regulator",
    "/contracts?money=any&region=632800&level=own": "regulator",
    "/oversight/months": "regulator",
    "/oversight/first-pass": "regulator",
    "/oversight/first-pass?by=item": "regulator",
    "/oversight/permit-times": "regulator",
    "/oversight/permit-times?by=region": "regulator",
    "/oversight/permit-times/matters": "regulator",
    "/oversight/permit-times/matters.csv": "regulator",
    "/oversight/clauses": "regulator",
    "/oversight/clauses.csv": "regulator",
    "/contract-templates": "visitor",
    "/contract-templates/report": "visitor",
    "/my/signing": "buyer",
    "/my/authorisation": "buyer",
    "/contracts/C-2026-000001": "buyer",
    "/cases/C-2026-000001/messages": "buyer",
    "/cases/C-2026-000001/contact": "buyer",
    "/my/contacts": "buyer",
    "/deliverables/V-2026-000001": "agency",
    "/payments/M-2026-000001": "buyer",
    "/payouts": "agency",
    "/my/statement": "buyer",
    "/my/statement.csv": "agency",
    "/custody": "custodian",
    "/custody/statements/S-2026-000001": "custodian",
    "/custody/statements/S-2026-000001.csv": "custodian",
    "/custody/differences": "custodian",
    "/custody/layouts": "custodian",
    "/ledger": "regulator",
    "/ledger/accounts": "regulator",
    "/ledger/accounts/clearing:bank": "custodian",
    "/ledger/accounts/clearing:bank.csv": "custodian",
    "/ledger/closings": "regulator",
    "/oversight/money": "regulator",
    "/oversight/money?view=overdue": "regulator",
    "/oversight/money?view=waiting": "regulator",
    "/oversight/money.csv?view=waiting": "regulator",
    "/oversight/money.csv?view=overdue": "regulator",
}


RUNNING = "C-2026-000001"


def _more(world: World, round_: int) -> None:
    name = f"more{round_}"
    world.agency(name, 5_000_000)
    shortlist.add(world.actor("buyer"), agency=world.identifiers[name])
    world.member("buyer", f"staff{round_}")
    ends = clock.now() + timedelta(days=30)
    authorising.hand_on(world.actor("buyer"), world.emails[f"staff{round_}"], covers=["sign"], until=ends)
    declare(world.actor(name), areas=["630100", "632801"])
    contract = world.settled(agency=name)
    world.fees("agency", 5_000_000 - round_)
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers[name])
        open_check(session, SYSTEM, agency, "scope", [])
        session.add(
            Practitioner(
                agency_id=world.organisation("agency").id,
                name="卓玛",
                kind="注册咨询工程师",
                number=f"M-{round_}",
                **years(),
            )
        )
    record_cases.in_force(world, subject=name, kind="unfair_terms", source=f"{name}字第1号")
    record_cases.notified(world, subject=name, kind="scope", source=f"{name}字第2号")
    for _ in range(2):
        tender = world.tender()
        quotes.submit(world.actor("agency"), tender, price=100, days=20)
    changed = world.contract_of(world.awarded()).identifier
    drafting.revise(world.actor("buyer"), changed, texts={"supplement": "本合同的最终解释权归乙方所有。"})
    for author in ("buyer", "agency"):
        actions.send(world.actor(author), RUNNING, text=f"第 {round_} 次说明", file_name="a.pdf", content=PDF)
    actions.add_contact(
        world.actor("buyer"), name=f"才让{round_}", purpose="技术", phone=f"0971-000012{round_}", email=""
    )
    change = changing.propose(
        world.actor("agency"), RUNNING, kind="termination", terms={"to_agency": 0}, reason="另有安排,不再继续"
    )
    changing.withdraw(world.actor("agency"), change)
    invoicing.record(
        world.actor("agency"),
        "M-2026-000001",
        number=f"{round_:020d}",
        amount=100,
        tax=1,
        issued_on=world.day(0),
        file_name="i.pdf",
        content=PDF,
    )
    rows = "\n".join(
        f"2026-03-0{round_ + 1},{n + 1}.00,,,某人,1,误汇,B{round_}{n}" for n in range(3 + 3 * round_)
    )
    importing.import_statement(
        world.actor("custodian"),
        file_name="s.csv",
        content=f"交易日期,收入金额,支出金额,余额,对方户名,对方账号,附言,交易流水号\n{rows}".encode(),
    )
    match_lines()
    reconciling.keep_discrepancies(
        SYSTEM, "bank", [Mismatch("theirs_only", f"x{n}", 1, 0) for n in range(3 * round_ + 1)]
    )
    paying.lapse(SYSTEM, world.one(Payment, world.signed(), kind="deposit").identifier)
    if round_ < 3:  # so often may a version be returned
        deliverable = world.delivered(RUNNING)
        points = world.one(Deliverable, RUNNING).contract.tender.item.checklist
        delivering.send_for_correction(
            world.actor("buyer"), deliverable, answers={points[0]: "缺少附图"}, reason="请修改后重报"
        )
    assert contract
    with transaction() as session:
        for number in range(round_ + 1):
            failures.note(
                session,
                failures.Attempt("deadlines", "close", "tender", f"Q-{round_}-{number}"),
                KeyError("x"),
            )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_records_in_force_are_found_in_one_statement(world: World) -> None:
    for name in ("agency", "second"):
        for number in range(2):
            record_cases.in_force(world, subject=name, kind="unfair_terms", source=f"{name}字第{number}号")
    keys = [world.organisation(name).id for name in ("agency", "second", "third")]
    with _Count() as counter:
        found = in_force(db.session, keys, clock.now())
        assert all(
            record.limits == [] and record.weight == "general" for each in found.values() for record in each
        )
    assert [len(found[key]) for key in keys] == [2, 2, 0]
    assert [record.id for record in found[keys[0]]] == sorted(record.id for record in found[keys[0]])
    assert len([said for said in counter.statements if said.startswith("SELECT")]) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the statements are the same on both
def test_more_rows_need_no_more_queries(app: Flask, world: World) -> None:
    world.appoint_admin()
    people = {role: sign_in(app, world, role) for role in set(LISTS.values())}

    def counts() -> dict[str, int]:
        found = {}
        for path, role in LISTS.items():
            if "-2026-" in path:  # to open a case reads what was told of it, once
                people[role].get(path)
            with _Count() as counter:
                assert people[role].get(path).status == 200
            found[path] = len(counter.statements)
        return found

    assert world.started() == RUNNING
    world.supplied(RUNNING)
    drain()
    rebuild_index()
    _more(world, 0)
    drain()
    few = counts()
    for round_ in range(1, 4):
        _more(world, round_)
    drain()
    assert counts() == few
    # the worklist: one a case type, whether its reader evaluates, what stops it
    assert max(few.values()) <= 46, few


def test_a_file_that_is_refused_is_not_looked_up(app: Flask, world: World) -> None:
    world.settled()
    for path, name, role, table in (
        ("/ledger/accounts.csv", "kind", "custodian", "FROM ledger_accounts"),
        ("/oversight/first-pass.csv", "by", "regulator", "FROM deliverables"),
        ("/contracts.csv", "state", "buyer", "contracts.identifier"),
    ):
        visitor = sign_in(app, world, role)
        with _Count() as counted:
            assert visitor.get(path).status == 200, path
        assert any(table in statement for statement in counted.statements), path
        with _Count() as counted:
            assert visitor.get(f"{path}?{name}=x").status == 422, path
        assert not any(table in statement for statement in counted.statements), path


def test_more_agencies_side_by_side_need_no_more_queries(app: Flask, world: World) -> None:
    visitor, sizes = sign_in(app, world, "visitor"), []
    chosen = [world.identifiers[name] for name in ("agency", "second", "third")]
    for number in (1, 2, 3):
        asked = "&".join(f"agency={identifier}" for identifier in chosen[:number])
        with _Count() as counter:
            assert visitor.get(f"/compare?{asked}&item=WAT-01&region=gem").status == 200
        sizes.append(len(counter.statements))
    assert sizes[0] == sizes[1] == sizes[2], sizes
    assert sizes[0] <= 10, sizes


def test_the_steps_of_a_request_need_no_more_queries_for_more_agencies_and_templates(
    app: Flask, world: World
) -> None:
    draft = world.tender(publish=False)
    visitor = sign_in(app, world, "buyer")
    paths = (
        "/requests/new?key=k",
        *(f"/requests/{draft}/edit/{step}" for step in STEPS),
        f"/requests/{draft}/publish",
    )

    def counts() -> list[int]:
        found = []
        for path in paths:
            with _Count() as counter:
                assert visitor.get(path).status == 200
            found.append(len(counter.statements))
        return found

    tender_drafting.keep_as_template(world.actor("buyer"), world.tender(), name="水保")
    few = counts()
    for number in range(3):
        world.agency(f"more{number}")
        made = world.tender(project=f"另一个项目第{number}期")
        tender_drafting.keep_as_template(world.actor("buyer"), made, name=f"水保{number}")
    assert counts() == few
    assert max(few) <= 30, few


def test_case_pages_need_no_more_queries_for_more_answers(app: Flask, world: World) -> None:
    tender = world.tender()
    visitor = sign_in(app, world, "buyer")
    sizes = []
    for name in ("agency", "second", "third"):
        quotes.submit(world.actor(name), tender, price=100, days=20)
        with _Count() as counter:
            assert visitor.get(f"/requests/{tender}").status == 200
            assert visitor.get(f"/requests/{tender}/compare").status == 200
        sizes.append(len(counter.statements))
    assert sizes[0] == sizes[1] == sizes[2], sizes
