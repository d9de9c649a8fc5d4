"""Who is suspended, revoked, out of office or of another area or line of work does not act."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from harness.factories import PASSWORD, PDF, World
from market.accounts.actions import delegating, members
from market.agencies.actions import entry, registry
from market.catalogue import actions as catalogue
from market.contracts.actions import changing
from market.contracts.actions import drafting as contract_drafting
from market.extensions import db
from market.payments.actions import importing, paying
from market.sourcing.actions import cancelling, questions, quotes, tenders
from market.sourcing.actions import drafting as tender_drafting
from market.transaction import transaction
from models import CASES, clock, permission, workdays
from models.accounts import Delegation, Membership, Organisation, authority_for
from models.contracts.templates import current_templates
from models.errors import NotAllowed
from models.payments.payment import Payment
from tests.kinds import people
from tests.models.test_workflow import whole_market
from tests.web import Visitor, sign_in


@pytest.mark.parametrize(
    ("person", "act"),
    [("buyer", "publish"), ("helper", "publish"), ("buyer", "create"), ("helper", "create")],
)
def test_a_suspended_enterprise_takes_nothing_on(world: World, person: str, act: str) -> None:
    """Neither its own people nor whoever it delegated; what runs goes on, and it may step back."""
    people(world)
    draft, running = world.tender(publish=False), world.signed()
    before = world.actor(person)
    entry.suspend(world.actor("regulator"), world.identifiers["buyer"], reason="核查期间暂停其业务")
    buyer = world.organisation("buyer").id
    for actor in (before, world.actor(person)):  # one whose request began before, too
        with pytest.raises(NotAllowed, match="已暂停"):
            tenders.publish(actor, draft) if act == "publish" else tender_drafting.create(
                actor, **world.asked(), on_behalf_of=buyer
            )
    payment = world.one(Payment, running, kind="deposit").identifier
    paying.pay(world.actor(person), payment, bank_reference="20260302-1", file_name="v.pdf", content=PDF)
    cancelling.cancel(world.actor(person), draft)


def test_a_suspended_agency_delivers_and_is_paid_but_offers_nothing(world: World) -> None:
    contract, inquiry = world.started(), world.tender()
    world.supplied(contract)
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="核查期间暂停其业务")
    for act in (
        lambda: quotes.submit(world.actor("agency"), inquiry, price=100, days=20),
        lambda: questions.ask(world.actor("agency"), inquiry, question="是否包含现场踏勘?"),
        lambda: world.fees("agency", 100),
        lambda: changing.propose(
            world.actor("agency"), contract, kind="extension", terms={"days": 5}, reason="踏勘遇到大雪"
        ),
        lambda: members.add_member(
            world.actor("agency"), email="new@example.cn", name="新人", password=PASSWORD
        ),
    ):
        with pytest.raises(NotAllowed, match="已暂停"):
            act()
    world.delivered(contract)


def test_an_authority_out_of_standing_has_no_office(app: Flask, world: World) -> None:
    for name in ("custodian", "department"):
        entry.suspend(world.actor("regulator"), world.identifiers[name], reason="核查期间暂停其职权")
    custodian, department = sign_in(app, world, "custodian"), sign_in(app, world, "department")
    for path in ("/custody", "/custody/import", "/ledger", "/ledger.csv"):
        assert "已暂停" in custodian.get(path).text
        assert custodian.get(path).status == 403
    assert [custodian.get("/my").status, custodian.get("/my/organisation").status] == [200, 200]
    assert department.get("/items/WAT-01/edit").status == department.get("/reviews").status == 403
    for link in custodian.get("/my").soup.select("main a"):
        assert not str(link["href"]).startswith(("/custody", "/ledger"))
    with pytest.raises(NotAllowed, match="已暂停"):
        importing.import_statement(world.actor("custodian"), file_name="s.csv", content=b"")


def test_nobody_is_over_himself_or_his_like(app: Flask, world: World) -> None:
    world.authority("peer", "regulator")
    world.authority("county", "regulator", region="632801")
    own = world.identifiers["regulator"]
    for name in ("regulator", "peer", "county"):
        with pytest.raises(NotAllowed):
            entry.suspend(world.actor(name), own, reason="核查期间暂停其职权")
        page = sign_in(app, world, name).get(f"/agencies/{own}")
        assert "/suspend" not in page.text
        seen = db.session.scalars(
            select(Organisation.identifier).where(Organisation.scope("regulator", world.actor(name)))
        ).all()
        assert own not in seen
        assert (world.identifiers["county"] in seen) is (name != "county")
    entry.suspend(world.actor("regulator"), world.identifiers["county"], reason="核查期间暂停其职权")
    assert world.actor("county").roles == frozenset()


def test_a_regulator_of_a_part_keeps_to_its_part(app: Flask, world: World) -> None:
    """The market's templates, catalogue, register, books and statements are the whole market's.

    So is what leads to them.
    """
    world.authority("county", "regulator", region="632801")
    statement = importing.import_statement(
        world.actor("custodian"),
        file_name="s.csv",
        content="交易日期,收入金额,支出金额\n2026-03-02,1.00,".encode(),
    )
    paths = (
        "/contract-templates/report/revise",
        "/items/WAT-01/edit",
        "/items/new",
        "/items/WAT-01/withdraw",
        "/oversight/register",
        "/custody",
        f"/custody/statements/{statement}",
        f"/custody/statements/{statement}.csv",
        "/custody/differences",
        "/ledger",
        "/ledger.xlsx",
        "/ledger/accounts",
        "/ledger/closings",
    )
    county, province = sign_in(app, world, "county"), sign_in(app, world, "regulator")
    assert {path: county.get(path).status for path in paths} == dict.fromkeys(paths, 403)
    assert {path: province.get(path).status for path in paths} == dict.fromkeys(paths, 200)
    offered = {
        str(link.get("href"))
        for path in ("/my", "/contract-templates/report", "/items", "/items/WAT-01")
        for link in county.get(path).soup.select("a")
    }
    assert not offered & set(paths)
    template = current_templates(db.session)["report"]
    with pytest.raises(NotAllowed, match="整个市场"):
        contract_drafting.publish_template(
            world.actor("county"),
            "report",
            title=template.title,
            clauses=template.clauses,
            milestones=template.milestones,
            effective_from=None,
            reason="改一改条款",
        )
    with pytest.raises(NotAllowed, match="整个市场"):
        registry.compare_with_register(
            world.actor("county"), file_name="r.csv", content="统一社会信用代码,名称,登记状态".encode()
        )


def test_what_is_suspended_while_an_act_waits_is_refused(world: World) -> None:
    """The actor was made before; the act asks anew inside its transaction."""
    quote = quotes.submit(world.actor("agency"), world.tender(), price=100, days=20)
    before = world.actor("buyer")
    entry.suspend(world.actor("regulator"), world.identifiers["buyer"], reason="核查期间暂停其业务")
    with pytest.raises(NotAllowed, match="已暂停"):
        quotes.accept(before, quote)
    quotes.decline(before, quote)


NO_LINE = (
    "organisation",
    "check",
    "credit_record",
    "external_listing",
    "claim",
    "account_change",
    "authorisation",
)


def test_a_regulator_of_one_line_of_work_oversees_that_line(world: World, time: Any) -> None:
    """WAT-01 is of 水利; what is of no line, an agency or its check, is everybody's who oversees the area.

    A sealed bid is its agency's alone.
    """
    world.authority("water", "regulator", region="632801", department="水利")
    world.authority("ecology", "regulator", region="632801", department="生态环境")
    identifiers = whole_market(world, time)
    for name, case_class in CASES.items():
        db.session.rollback()
        case = case_class.load(db.session, identifiers[name])
        of_none = name in (
            "organisation",
            "check",
            "credit_record",
            "external_listing",
            "claim",
            "account_change",
            "authorisation",
            "violation_report",  # said of no item
        )
        for regulator, expected in (
            ("water", name not in ("bid", "answer")),  # an answer is looked at by the level above it
            ("ecology", of_none),
            ("regulator", name != "bid"),
        ):
            actor = world.actor(regulator)
            case = case_class.load(db.session, identifiers[name])
            assert ("regulator" in case.roles_of(actor)) is expected, (name, regulator)
            seen = db.session.scalar(
                select(case_class.id).where(case_class.id == case.id, case_class.scope("regulator", actor))
            )
            assert (seen is not None) is expected, (name, regulator)
    assert catalogue.may_edit(world.actor("regulator"), "生态环境")
    region = "632801"
    assert authority_for(db.session, "regulator", "生态环境", region).name == "ecology单位"
    assert authority_for(db.session, "regulator", "自然资源", region).name == "regulator单位"
    entry.suspend(world.actor("regulator"), world.identifiers["water"], reason="核查期间暂停其职权")
    assert authority_for(db.session, "regulator", "水利", region).name == "regulator单位", (
        "one out of standing is passed over"
    )


def test_what_was_revoked_or_ended_meanwhile_does_not_act(world: World) -> None:
    """Between the beginning of a request and its act.

    A delegation taken back, one that ran out, a membership ended, an owner that is one no more.
    """
    world.enterprise("helper")
    world.member("buyer", "staff")
    buyer = world.actor("buyer")
    delegating.delegate(
        buyer, email="helper@example.cn", scope=["tender"], most=10**9, until=workdays.add(clock.now(), 30)
    )
    world.accept("helper")
    helper, staff = world.actor("helper"), world.actor("staff")
    before = [permission.fresh(db.session, each) for each in (buyer, helper, staff)]
    assert before == [buyer, helper, staff], "nothing happened yet"
    assert helper.mandates
    assert staff.organisation_id == buyer.organisation_id
    with transaction() as session:
        session.execute(update(Delegation).values(revoked_at=clock.now()))
        session.execute(delete(Membership).where(Membership.user_id == staff.user_id))
        session.execute(update(Membership).where(Membership.user_id == buyer.user_id).values(role="staff"))
    after = permission.fresh(db.session, helper)
    assert (after.mandates, after.organisation_id, after.owner) == ((), helper.organisation_id, True)
    assert not permission.fresh(db.session, buyer).owner
    gone = permission.fresh(db.session, staff)
    assert (gone.roles, gone.organisation_id, gone.belongs, gone.region_code) == (frozenset(), None, (), None)
    with pytest.raises(NotAllowed):
        tender_drafting.create(helper, on_behalf_of=buyer.organisation_id, **world.asked())
    with pytest.raises(NotAllowed):
        tender_drafting.create(staff, **world.asked())
    with pytest.raises(NotAllowed):
        members.remove_member(buyer, "staff@example.cn")


def test_a_suspended_buyer_is_told_why_and_others_are_warned(app: Flask, world: World) -> None:
    tender = world.tender("buyer")
    entry.suspend(world.actor("regulator"), world.identifiers["buyer"], reason="执照已被吊销,请说明。")
    buyer = sign_in(app, world, "buyer")
    said = buyer.get("/my").text
    assert all(words in said for words in ("已暂停", "执照已被吊销", world.organisation("regulator").name))
    assert "已退出" not in said
    assert "/requests/new" not in said
    refused = buyer.get("/requests/new?key=k")
    assert (refused.status, "执照已被吊销" in refused.text, "已暂停" in refused.soup.h1.text) == (
        403,
        True,
        True,
    )  # type: ignore[union-attr]
    for who in ("visitor", "agency"):
        assert "不能确定中选" in sign_in(app, world, who).get(f"/requests/{tender}").text
    assert "业主已暂停" in Visitor(app).get("/requests").text
    assert "不能确定中选" in sign_in(app, world, "agency").get(f"/requests/{tender}/answer").text
    regulator = sign_in(app, world, "regulator")
    assert "暂停发起采购" not in regulator.get(f"/agencies/{world.identifiers['buyer']}").soup.aside.text  # type: ignore[union-attr]
    entry.restore(world.actor("regulator"), world.identifiers["buyer"], reason="已说明清楚。")
    assert "暂停发起采购" in regulator.get(f"/agencies/{world.identifiers['buyer']}").text, (
        "not “to suspend its work” of a buyer"
    )
    assert "不能确定中选" not in Visitor(app).get(f"/requests/{tender}").text
