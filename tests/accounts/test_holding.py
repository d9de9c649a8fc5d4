"""Whoever shows that an address is theirs gets what waited for it, and nothing of somebody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, World, code
from market.accounts import jobs as letters
from market.accounts.actions import confirming, delegating, members, second_factor
from market.extensions import db
from market.sourcing.actions import scoring
from market.transaction import sealing_key, transaction
from models import accounts as people
from models import acting, clock, factors
from models.accounts import Delegation, Membership, User
from models.actors import VISITOR, Actor
from models.errors import Conflict, NotAllowed, RuleViolation
from models.holders import hold
from models.letters import Letter
from models.sourcing.evaluations import Evaluation
from tests.accounts.authenticator import code as shown
from tests.accounts.test_unknown_addresses import NOBODYS, link_in_letter
from tests.sourcing.test_merit import tender_of
from tests.web import Visitor, sign_in


def _register(email: str, number: int, password: str = PASSWORD) -> User:
    key = members.register(
        VISITOR,
        email=email,
        name=f"人{number}",
        password=password,
        kind="enterprise",
        organisation=f"公司{number}",
        uscc=code(number),
        region_code="632801",
    )
    return db.session.get_one(User, int(key), populate_existing=True)


def test_nobody_locks_an_owner_out_beforehand(app: Flask, world: World) -> None:
    """A stranger was first, with a second factor from when that was still allowed.

    The owner comes by 忘记密码 to its own account, and to no factor.
    """
    thief, owner = _register(NOBODYS, 7901), _register(NOBODYS, 7902)
    with transaction() as session:
        factors.set_authenticator(session, thief.id, factors.fresh_secret(), 0, sealing_key())
        factors.set_authenticator(session, owner.id, factors.fresh_secret(), 0, sealing_key())
    Visitor(app).submit("/forgotten", email=NOBODYS)
    link_in_letter()
    said = db.session.scalars(select(Letter.text).where(Letter.kind == "forgotten")).one()
    ways = dict(re.findall(r"公司(\d+)\n\S*(/forgotten/\S+)", str(said)))
    assert list(ways) == ["7902", "7901"], "each is named, the newest first"
    assert Visitor(app).submit(ways["7902"], password="violet kettle harbour 77").status == 303
    visitor = Visitor(app)
    assert visitor.submit("/sign-in", email=NOBODYS, password="violet kettle harbour 77").location == "/my", (
        "and is asked for nobody's code"
    )
    assert "公司7902" in visitor.get("/my/organisation").text
    late = Visitor(app).submit(ways["7901"], password="another kettle harbour 77")
    assert (late.status, "另一个账号" in late.text) == (409, True)


def test_whoever_took_the_wrong_account_for_its_own_comes_to_the_other(app: Flask, world: World) -> None:
    _register(NOBODYS, 7903)
    second = _register(NOBODYS, 7904, "violet kettle harbour 77")
    Visitor(app).submit("/forgotten", email=NOBODYS)
    link_in_letter()
    said = db.session.scalars(select(Letter.text).where(Letter.kind == "forgotten")).one()
    wrong = re.findall(r"/forgotten/\S+", str(said))[1]
    assert Visitor(app).submit(wrong, password="another kettle harbour 77").status == 303
    visitor = Visitor(app)
    assert visitor.submit("/sign-in", email=NOBODYS, password="violet kettle harbour 77").status == 303
    assert (
        visitor.submit("/my/address", email="other@example.cn", current="violet kettle harbour 77").status
        == 303
    )
    confirming.show_address("other@example.cn")
    db.session.rollback()
    found = db.session.scalars(select(User).where(User.email == "other@example.cn")).one()
    assert (found.id, found.memberships[0].organisation.name) == (second.id, "公司7904")


def test_a_second_factor_waits_for_the_address(app: Flask, world: World) -> None:
    actor = acting.actor_for(_register(NOBODYS, 7905))
    offer = second_factor.fresh_offer()
    with app.test_request_context(), pytest.raises(RuleViolation, match="确认您的邮箱"):
        second_factor.add_authenticator(actor, offer, current=PASSWORD, code=shown(offer.secret))
    visitor = Visitor(app)
    visitor.submit("/sign-in", email=NOBODYS, password=PASSWORD)
    assert "/my/security/authenticator" not in visitor.get("/my/security").text


def test_who_is_blocked_takes_no_address_and_no_password(app: Flask, world: World) -> None:
    email = world.emails["buyer"]
    confirming.change_address(world.actor("buyer"), email="moved@example.cn", current=PASSWORD)
    Visitor(app).submit("/forgotten", email=email)
    way = link_in_letter()
    person = db.session.scalars(select(User).where(User.email == email)).one()
    link = confirming.token(person, "moved@example.cn")
    world.appoint_admin()
    members.block_account(world.actor("admin"), email, reason="账号疑被他人使用")
    with pytest.raises(NotAllowed, match="停用"):
        confirming.confirm(VISITOR, token=link, password=PASSWORD)
    refused = Visitor(app).submit(way, password="violet kettle harbour 77")
    assert (refused.status, "账号疑被他人使用" in refused.text) == (403, True)
    db.session.rollback()
    person = db.session.get_one(User, person.id, populate_existing=True)
    assert (person.email, person.check_password(PASSWORD)) == (email, True)


def test_holding_an_address_passes_on_what_waited_and_takes_nothing_of_somebody_elses(world: World) -> None:
    until = clock.now() + timedelta(days=30)
    tender = tender_of(world)
    delegating.delegate(world.actor("buyer"), email=NOBODYS, scope=["tender"], most=100, until=until)
    scoring.appoint(world.actor("buyer"), tender, email=NOBODYS)
    waiting = db.session.scalars(select(User.id).where(User.email == NOBODYS)).one()
    members.add_member(world.actor("second"), email=NOBODYS, name="某员工", password=PASSWORD)
    members.add_member(world.actor("second"), email="agency@example.cn", name="另一员工", password=PASSWORD)
    claiming = {
        each.email_asked: each.id for each in db.session.scalars(select(User).where(User.email.is_(None)))
    }
    db.session.rollback()
    with transaction() as session:
        hold(session, session.get_one(User, claiming[NOBODYS]))
    with pytest.raises(Conflict), transaction() as session:
        hold(session, session.get_one(User, claiming["agency@example.cn"]))
    db.session.rollback()
    mine = db.session.scalars(select(User).where(User.email == NOBODYS)).one()
    assert mine.name == "某员工"
    assert [each.user_id for each in db.session.scalars(select(Delegation))] == [mine.id]
    evaluators = db.session.scalars(select(Evaluation.evaluator_id)).all()
    assert (mine.id in evaluators, waiting in evaluators) == (True, False)
    owner = db.session.scalars(select(User).where(User.email == "agency@example.cn")).one()
    assert owner.name == "agency", "whoever has shown an address to be theirs keeps it"
    both = [owner.id, claiming["agency@example.cn"]]
    assert {
        each.user_id for each in db.session.scalars(select(Membership).where(Membership.user_id.in_(both)))
    } == set(both), "each keeps what is its own"
    assert people.authenticate(db.session, "agency@example.cn", PASSWORD) is not None


def test_a_member_named_by_a_known_address_is_removed_by_its_button(app: Flask, world: World) -> None:
    members.add_member(
        world.actor("buyer"), email="agency@example.cn", name="某员工", password="some horse battery"
    )
    staff = Visitor(app)
    assert staff.submit("/sign-in", email="agency@example.cn", password="some horse battery").status == 303
    assert staff.get("/my/organisation").status == 403, (
        "a membership somebody gave to an address counts once that is shown"
    )
    agency = Visitor(app, "agency@example.cn")
    assert "agency单位" in agency.get("/my/organisation").text, (
        "the account that was there is another's and stays as it was"
    )
    members.remove_member(world.actor("buyer"), "agency@example.cn")
    assert staff.get("/my/organisation").status == 403
    assert "agency单位" in agency.get("/my/organisation").text


def test_the_owner_of_an_address_is_told_by_letter(world: World) -> None:
    members.add_member(world.actor("buyer"), email="agency@example.cn", name="某员工", password=PASSWORD)
    letters.work()
    db.session.rollback()
    assert [
        (each.kind, each.address, bool(each.text))
        for each in db.session.scalars(select(Letter).where(Letter.kind != "authority"))
    ] == [("joined", "agency@example.cn", True)]


def _joining(email: str) -> str:
    """The link of the letter that says somebody was added as a member."""
    letters.work()
    db.session.rollback()
    text = db.session.scalars(
        select(Letter.text)
        .where(Letter.kind == "joined", Letter.address == email)
        .order_by(Letter.id.desc())
        .limit(1)
    ).one()
    found = re.search(r"/confirm/\S+", str(text))
    assert found, text
    return found[0]


def test_an_employee_who_has_an_account_becomes_a_member_with_it(app: Flask, world: World) -> None:
    """Who signed up with the employer's code first, and was added after."""
    held = world.organisation("buyer")
    members.sign_up(
        VISITOR,
        email=NOBODYS,
        name="雇员",
        password=PASSWORD,
        kind="enterprise",
        organisation=held.name,
        uscc=held.uscc,
        region_code="632801",
    )
    members.add_member(world.actor("buyer"), email=NOBODYS, name="雇员", password="violet kettle harbour 77")
    link = _joining(NOBODYS)
    stranger = sign_in(app, world, "second")
    assert stranger.submit(link, password="not the password").status == 422
    assert Visitor(app).submit(link, password="violet kettle harbour 77").status == 409, (
        "the handed over password moves nobody's address"
    )
    visitor = Visitor(app, NOBODYS)
    assert visitor.get("/my/organisation").status == 403, "nobody is made a member unasked"
    assert held.name in visitor.get(link).text
    assert visitor.submit(link).location == "/my?confirmed=1"
    assert held.name in visitor.get("/my/organisation").text
    page = sign_in(app, world, "buyer").get("/my/organisation").text
    assert (NOBODYS in page, "待确认" in page) == (True, False)
    assert Visitor(app).submit("/sign-in", email=NOBODYS, password="violet kettle harbour 77").status == 401
    members.remove_member(world.actor("buyer"), NOBODYS)
    assert visitor.get("/my/organisation").status == 403


def test_whoever_was_added_before_it_confirmed_its_own_account_joins_too(app: Flask, world: World) -> None:
    mine = _register("other@example.cn", 7906)
    members.add_member(
        world.actor("buyer"), email="other@example.cn", name="雇员", password="violet kettle harbour 77"
    )
    made = db.session.scalars(
        select(User).where(User.email_asked == "other@example.cn", User.id != mine.id)
    ).one()
    confirming.confirm(acting.actor_for(mine), token=confirming.token(mine, "other@example.cn"))
    db.session.rollback()
    assert db.session.get_one(User, made.id).address == "other@example.cn", (
        "it waits for whoever holds the address"
    )
    visitor = Visitor(app, "other@example.cn")
    full = visitor.submit(f"/confirm/{confirming.token(made, 'other@example.cn')}")
    assert (full.status, "公司7906" in full.text) == (422, True), (
        "a second membership would count for nothing"
    )


def test_an_official_is_set_up_for_another_authority_by_its_letter(app: Flask, world: World) -> None:
    world.member("department", "clerk")
    members.remove_member(world.actor("department"), "clerk@example.cn")
    admin = Actor("管理员", frozenset({"admin"}))
    told: Any = {
        "uscc": code(7907),
        "organisation": "新局",
        "region_code": "632800",
        "authority_role": "regulator",
        "department": None,
    }
    members.set_up_authority(
        admin, email="clerk@example.cn", name="某人", password="violet kettle harbour 77", **told
    )
    assert Visitor(app, "clerk@example.cn").submit(_joining("clerk@example.cn")).location == "/my?confirmed=1"
    db.session.rollback()
    actor = world.actor("clerk")
    assert (actor.organisation_name, actor.roles, actor.owner) == ("新局", {"regulator"}, True)


def test_an_addresss_of_the_demonstration_is_waited_for_by_nobody(world: World) -> None:
    """A market that holds one does not start again."""
    with pytest.raises(RuleViolation):
        delegating.delegate(
            world.actor("buyer"),
            email="x@demo.gongxin.cn",
            scope=["tender"],
            most=100,
            until=clock.now() + timedelta(days=3),
        )
    with pytest.raises(RuleViolation):
        scoring.appoint(world.actor("buyer"), tender_of(world), email="x@demo.gongxin.cn")
    assert db.session.scalars(select(User.id).where(User.email.endswith("@demo.gongxin.cn"))).all() == []
