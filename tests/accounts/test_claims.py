"""A second claim on a code that is taken.

A case with evidence and a limit, told to the present members, decided by a person.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, PDF, World
from market.accounts.actions import claiming, confirming, delegating, members
from market.agencies.actions import accounts as account_actions
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.transaction import transaction
from models import clock, workdays
from models.accounts import Delegation, Membership, Organisation, User
from models.acting import actor_for
from models.actors import VISITOR, Actor
from models.agencies.account_changes import AccountChange
from models.claims import Claim
from models.errors import NotAllowed, RuleViolation, WrongState
from models.events import Event
from models.letters import Letter
from models.notifications import Notification
from tests.web import Visitor, sign_in

EMAIL = "claimant@example.cn"


def claimed(world: World, of: str = "buyer", *, confirm: bool = True) -> str:
    """Somebody signs up with a code that is taken; the claim."""
    held = world.organisation(of)
    values = {
        "email": EMAIL,
        "name": "认领者",
        "password": PASSWORD,
        "kind": held.kind,
        "organisation": held.name,
        "region_code": "632801",
        "uscc": held.uscc,
    }
    if confirm:
        world.emails["claimant"] = EMAIL
        return members.sign_up(VISITOR, **values)
    members.register(VISITOR, **values)
    return db.session.scalars(select(Claim.identifier)).one()


def load(identifier: str) -> Claim:
    db.session.rollback()
    return Claim.load(db.session, identifier)


def filed(world: World, of: str = "buyer") -> str:
    claim = claimed(world, of)
    return claiming.file(
        world.actor("claimant"), claim, file_name="licence.pdf", content=PDF, statement="我是现任法定代表人。"
    )


def members_of(world: World, of: str = "buyer") -> dict[str, str]:
    db.session.rollback()
    query = (
        select(User.email, Membership.role)
        .join(Membership.user)
        .where(Membership.organisation_id == world.organisation(of).id)
    )
    return {str(email): role for email, role in db.session.execute(query)}


@pytest.mark.parametrize("of", ["buyer", "agency"])
def test_a_taken_code_opens_a_case_and_the_members_are_told_of_evidence(
    app: Flask, world: World, of: str
) -> None:
    claim = load(claimed(world, of, confirm=False))
    assert (claim.state, claim.organisation.identifier) == ("draft", world.identifiers[of])
    person = db.session.scalars(select(User).where(User.email_asked == EMAIL)).one()
    assert actor_for(person).organisation_id is None
    drain()
    mine = (
        select(Notification)
        .join(Notification.event)
        .where(Notification.organisation_id == world.organisation(of).id, Event.kind.startswith("claim."))
    )
    told = select(Letter.address).where(Letter.kind == "claimed")
    assert ([notice.event.kind for notice in db.session.scalars(mine)], db.session.scalars(told).all()) == (
        [],
        [],
    ), "of what anybody can do nobody is told"
    with pytest.raises(NotAllowed, match="确认您的邮箱"):
        claiming.file(actor_for(person), claim.identifier, file_name="l.pdf", content=PDF)
    assert claim.identifier in Visitor(app, EMAIL).get("/my").text
    world.emails["claimant"] = EMAIL
    confirming.show_address(EMAIL)
    claiming.file(world.actor("claimant"), claim.identifier, file_name="licence.pdf", content=PDF)
    drain()
    assert [notice.event.kind for notice in db.session.scalars(mine)] == ["claim.file"]
    assert db.session.scalars(told).all() == [world.emails[of]]


def test_a_claim_without_evidence_ends(world: World, time: Any) -> None:
    claim = claimed(world, confirm=False)
    assert load(claim).due_at == workdays.add(clock.now(), 10)
    time.instant = load(claim).due_at
    run_deadlines()
    assert load(claim).state == "withdrawn"
    drain()
    mine = (
        select(Event.kind)
        .join(Notification, Notification.event_id == Event.id)
        .where(
            Notification.organisation_id == world.organisation("buyer").id, Event.kind.startswith("claim.")
        )
    )
    assert db.session.scalars(mine).all() == []


def test_who_let_the_time_pass_goes_on_with_evidence(app: Flask, world: World, time: Any) -> None:
    claim = claimed(world)
    time.instant = load(claim).due_at
    run_deadlines()
    visitor = sign_in(app, world, "claimant")
    assert (
        visitor.get("/my").soup.select_one(f'main a[href="/claims/{claim}"]').get_text(strip=True)
        == "继续加入或认领单位"
    )
    assert visitor.submit(f"/claims/{claim}/resume").status == 303
    assert load(claim).due_at == workdays.add(clock.now(), 10)
    assert visitor.get("/my").soup.select_one(f'main a[href="/claims/{claim}"]') is not None
    claiming.file(
        world.actor("claimant"), claim, file_name="licence.pdf", content=PDF, statement="我是现任法定代表人。"
    )
    assert load(claim).state == "filed"
    with pytest.raises(WrongState):
        claiming.resume(world.actor("claimant"), claim)
    claiming.withdraw(world.actor("claimant"), claim)
    claiming.resume(world.actor("claimant"), claim)
    claiming.withdraw(world.actor("claimant"), claim)
    with pytest.raises(RuleViolation, match="不能再继续"):  # each filing is told to the members
        claiming.resume(world.actor("claimant"), claim)


def test_whoever_has_found_another_organisation_claims_none_besides(world: World) -> None:
    claim = filed(world)
    with transaction() as session:
        user = session.scalars(select(User.id).where(User.email == EMAIL)).one()
        session.add(Membership(user_id=user, organisation_id=world.organisation("agency").id, role="member"))
    claiming.answer(world.actor("buyer"), claim, statement="这家单位是我们的。")
    with pytest.raises(RuleViolation, match="另一家单位的成员"):
        claiming.grant(world.actor("regulator"), claim, reason="材料齐全,属实", replaces=False)
    claiming.withdraw(world.actor("claimant"), claim)
    with pytest.raises(RuleViolation, match="另一家单位的成员"):
        claiming.resume(world.actor("claimant"), claim)


def test_it_goes_on_with_evidence_only_and_the_members_answer(app: Flask, world: World) -> None:
    claim = claimed(world)
    with pytest.raises(RuleViolation, match="材料"):
        claiming.file(world.actor("claimant"), claim)
    claimant = sign_in(app, world, "claimant")
    assert claimant.submit(f"/claims/{claim}/file", statement="我是现任法定代表人。", file=PDF).status == 303
    assert (load(claim).state, load(claim).due_at) == ("filed", workdays.add(clock.now(), 3))
    for other in ("agency", "custodian", "visitor"):
        refused = 302 if other == "visitor" else 404
        assert sign_in(app, world, other).get(f"/claims/{claim}").status == refused, other
    with pytest.raises(RuleViolation, match="现登记的成员"):
        claiming.grant(world.actor("regulator"), claim, reason="证据充分,予以认定。", replaces=True)
    assert (
        sign_in(app, world, "buyer").submit(f"/claims/{claim}/answer", statement="他去年已经离职。").status
        == 303
    )
    assert (load(claim).state, load(claim).due_at) == ("answered", workdays.add(clock.now(), 5))
    with pytest.raises(NotAllowed):
        claiming.refuse(world.actor("buyer"), claim, reason="我们不同意这个认领。")
    claiming.refuse(world.actor("regulator"), claim, reason="授权书已经过期。")
    assert (load(claim).state, members_of(world)) == ("refused", {"buyer@example.cn": "owner"})


def test_its_limits_end_in_an_act_and_an_escalation(world: World, time: Any) -> None:
    world.authority("county", "regulator", region="632801")
    claim = filed(world)
    time.instant = load(claim).due_at
    run_deadlines()
    assert load(claim).state == "answered"
    time.instant = load(claim).due_at
    run_deadlines()
    assert (load(claim).state, load(claim).referred_to) == ("answered", "630000"), (
        "the level above may decide"
    )
    claiming.grant(world.actor("regulator"), claim, reason="证据充分,予以认定。", replaces=False)
    assert members_of(world) == {"buyer@example.cn": "owner", EMAIL: "owner"}
    assert world.actor("claimant").owner


def test_who_is_put_out_leaves_nothing_going(world: World) -> None:
    world.enterprise("helper")
    delegating.delegate(
        world.actor("buyer"),
        email="helper@example.cn",
        scope=["tender"],
        most=10**9,
        until=workdays.add(clock.now(), 30),
    )
    world.accept("helper")
    world.member("buyer", "staff")
    claim = filed(world)
    claiming.answer(world.actor("buyer"), claim, statement="公司是我们的。")
    claiming.grant(world.actor("regulator"), claim, reason="登记机关确认其为法定代表人。", replaces=True)
    assert members_of(world) == {EMAIL: "owner"}
    assert all(lent.revoked_at for lent in db.session.scalars(select(Delegation)))
    assert world.actor("buyer").organisation_id is None
    with pytest.raises(NotAllowed):
        world.tender()
    assert world.tender("claimant")


def test_money_stays_where_it_went_when_an_agency_is_taken_over(world: World) -> None:
    change = account_actions.change_account(
        world.actor("agency"), bank_name="别的银行", account_name="别人", account_number="9999000011112222"
    )
    claim = filed(world, "agency")
    claiming.answer(world.actor("agency"), claim, statement="机构是我们的。")
    claiming.grant(world.actor("regulator"), claim, reason="登记机关确认其为法定代表人。", replaces=True)
    db.session.rollback()
    assert AccountChange.load(db.session, change).state == "stopped"


def test_whoever_only_squats_on_a_code_is_not_waited_for(world: World) -> None:
    """An enterprise nobody has looked at: the evidence of its owner decides at once, and lets it in."""
    world.enterprise("squatter", verified=False)
    claim = filed(world, "squatter")
    claiming.grant(world.actor("regulator"), claim, reason="营业执照与登记一致。", replaces=True)
    db.session.rollback()
    found = Organisation.load(db.session, world.identifiers["squatter"])
    assert (found.state, members_of(world, "squatter")) == ("verified", {EMAIL: "owner"})


def test_it_may_be_withdrawn_and_an_imported_one_still_wants_its_code(app: Flask, world: World) -> None:
    claim = claimed(world)
    claiming.withdraw(world.actor("claimant"), claim)
    assert load(claim).state == "withdrawn"
    with transaction() as session:
        agency = Organisation.lock(session, world.identifiers["third"])
        agency.claimed = False
    values = {
        "email": "x@example.cn",
        "name": "x",
        "password": PASSWORD,
        "kind": "agency",
        "organisation": "x",
        "region_code": "632801",
        "uscc": agency.uscc,
    }
    with pytest.raises(RuleViolation, match="入驻码"):
        members.register(VISITOR, **values)


def test_the_administrator_decides_too(world: World) -> None:
    claim = filed(world)
    claiming.answer(world.actor("buyer"), claim, statement="公司是我们的。")
    claiming.grant(Actor("管理员", frozenset({"admin"})), claim, reason="证据充分,予以认定。", replaces=False)
    assert load(claim).state == "granted"


@pytest.mark.parametrize("of", ["buyer", "agency", "custodian", "department", "regulator", "peer"])
def test_a_regulator_gives_no_authority_away(world: World, time: Any, of: str) -> None:
    """Who is an authority is said by administrators alone, by whatever way somebody comes to one.

    An enterprise or agency by the regulator too.
    """
    world.authority("peer", "regulator", region="630000", department="水利")
    world.appoint_admin()
    office = world.organisation(of).kind == "authority"
    held = world.organisation(of)
    world.emails["claimant"] = EMAIL
    claim = members.sign_up(
        VISITOR,
        email=EMAIL,
        name="认领者",
        password=PASSWORD,
        kind="enterprise",
        organisation=held.name,
        region_code="630000",
        uscc=held.uscc,
    )
    claiming.file(
        world.actor("claimant"), claim, file_name="licence.pdf", content=PDF, statement="我是现任法定代表人。"
    )
    claiming.answer(world.actor(of), claim, statement="不是我们的人,请核实。")
    regulators = ("regulator", "peer") if of != "peer" else ("regulator",)
    for name in regulators if office else ():
        with pytest.raises(NotAllowed):
            claiming.grant(world.actor(name), claim, reason="核对材料后认定。", replaces=True)
        with pytest.raises(NotAllowed):
            claiming.refuse(world.actor(name), claim, reason="核对材料后认定。")
    for name in ("regulator", "peer"):
        actor = world.actor(name)
        db.session.rollback()
        seen = db.session.scalars(select(Claim.identifier).where(Claim.scope("regulator", actor))).all()
        assert (claim in seen) is ("regulator" in load(claim).roles_of(actor)) is (not office)
    time.instant = load(claim).due_at
    run_deadlines()
    drain()
    told = (
        select(Notification)
        .join(Notification.event)
        .where(Notification.organisation_id == world.organisation("regulator").id)
    )
    kinds = [
        notice.event.kind for notice in db.session.scalars(told) if notice.event.kind.startswith("claim.")
    ]
    assert ("claim.refer" in kinds) is (not office or of == "regulator"), (
        "of what it has no part in nobody is told"
    )
    claiming.grant(
        world.actor("admin" if office else "regulator"), claim, reason="核对材料后认定。", replaces=True
    )
    assert members_of(world, of) == {EMAIL: "owner"}
