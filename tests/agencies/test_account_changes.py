"""Where an agency's money goes changes only with the password again, and after days.

It is told to all its owners, any of whom can stop it in those days.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, World
from market.agencies.actions import accounts, entry
from market.extensions import db
from market.gateways import bank_transfer
from market.jobs import drain, run_deadlines
from market.transaction import transaction
from models import clock, workdays
from models.accounts import Membership, Organisation, User
from models.agencies.account_changes import AccountChange
from models.agencies.entry import profile_of
from models.errors import NotAllowed, RuleViolation
from models.letters import Letter
from models.notifications import Notification
from models.payments.payouts import Payout
from models.signing.keys import SigningKey
from tests.web import sign_in

OLD, NEW = "6228000012345678", "9999000011112222"
BANK = {"bank_name": "别的银行", "account_name": "agency单位", "account_number": NEW}


def account(world: World) -> str:
    db.session.rollback()
    return profile_of(db.session, world.organisation("agency")).account_number


def paid_to(payout: str) -> str:
    """The account number the payout's page tells the custodian to pay to."""
    db.session.rollback()
    account = bank_transfer().account_of(Payout.load(db.session, payout).payee)
    return account.number if account else ""


def asked(world: World) -> str:
    return accounts.change_account(world.actor("agency"), **BANK)


def second_owner(world: World) -> None:
    world.member("agency", "partner")
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == world.emails["partner"])).one()
        session.scalars(select(Membership).where(Membership.user_id == user.id)).one().role = "owner"


def test_the_page_asks_for_the_password_and_nothing_changes_yet(app: Flask, world: World) -> None:
    agency = sign_in(app, world, "agency")
    wrong = agency.submit("/my/entry/bank", **BANK, again="wrong horse battery")
    assert (wrong.status, bool(wrong.error_at("again"))) == (422, True)
    assert wrong.value_of("account_number") == NEW, "nothing typed is lost"
    assert db.session.scalars(select(AccountChange)).all() == []
    done = agency.submit("/my/entry/bank", **BANK, again=PASSWORD)
    change = db.session.scalars(select(AccountChange)).one()
    assert done.location == f"/account-changes/{change.identifier}"
    assert (account(world), change.state, change.due_at) == (OLD, "waiting", workdays.add(clock.now(), 3))
    assert NEW in agency.get(done.location).text
    assert f"/account-changes/{change.identifier}" in agency.get("/my/entry/bank").text


def test_the_older_way_is_closed(world: World) -> None:
    for step, values in (
        ("bank", {**BANK, "stripe_account": ""}),
        ("representative", {"legal_representative": "别人", "phone": "1"}),
    ):
        with pytest.raises(NotAllowed):
            entry.fill(world.actor("agency"), step, **values)
    assert account(world) == OLD


def test_every_owner_is_told_and_any_of_them_stops_it(app: Flask, world: World) -> None:
    second_owner(world)
    change = asked(world)
    drain()
    agency = world.organisation("agency").id
    assert "account_change.ask" in [
        n.event.kind
        for n in db.session.scalars(
            select(Notification).join(Notification.event).where(Notification.organisation_id == agency)
        )
    ]
    told = db.session.scalars(
        select(Letter).where(
            Letter.kind == "authority", Letter.data["path"].as_string() == f"/account-changes/{change}"
        )
    ).all()
    assert {letter.address for letter in told} == {"agency@example.cn", "partner@example.cn"}
    partner = sign_in(app, world, "partner")
    assert partner.submit(f"/account-changes/{change}/stop", reason="不是我们改的。").status == 303
    db.session.rollback()
    found = AccountChange.load(db.session, change)
    assert (found.state, found.due_at, account(world)) == ("stopped", None, OLD)


def test_members_who_are_no_owners_neither_ask_nor_stop(world: World) -> None:
    world.member("agency", "staff")
    with pytest.raises(NotAllowed):
        accounts.change_account(world.actor("staff"), **BANK)
    with pytest.raises(NotAllowed):
        accounts.change_representative(world.actor("staff"), legal_representative="别人", phone="1")
    change = asked(world)
    for other in ("staff", "second", "buyer", "regulator"):
        with pytest.raises(NotAllowed):
            accounts.stop(world.actor(other), change, reason="理由足够长")


def test_payouts_go_to_the_old_account_until_the_days_are_over(app: Flask, world: World, time: Any) -> None:
    contract = world.settled()
    payout = world.one(Payout, contract, kind="earned").identifier
    change = asked(world)
    ends = AccountChange.load(db.session, change).due_at
    page = sign_in(app, world, "custodian").get(f"/payouts/{payout}").text
    assert OLD in page
    assert NEW not in page
    assert "正在更换收款账户" in page
    time.instant = ends - timedelta(seconds=1)
    run_deadlines()
    assert (paid_to(payout), account(world)) == (OLD, OLD)
    time.instant = ends
    run_deadlines()
    assert (paid_to(payout), account(world)) == (NEW, NEW)
    page = sign_in(app, world, "custodian").get(f"/payouts/{payout}").text
    assert NEW in page
    assert "正在更换收款账户" not in page


def test_one_waits_at_a_time_and_another_is_another(world: World) -> None:
    with pytest.raises(RuleViolation, match="现在的收款账户"):
        accounts.change_account(
            world.actor("agency"), bank_name="演示银行", account_name="agency单位", account_number=OLD
        )
    change = asked(world)
    with pytest.raises(RuleViolation, match="等待生效"):
        asked(world)
    accounts.stop(world.actor("agency"), change, reason="填错了账号。")
    assert asked(world) != change


def test_a_stripe_account_waits_as_well(world: World, time: Any) -> None:
    values = {
        "bank_name": "演示银行",
        "account_name": "agency单位",
        "account_number": OLD,
        "stripe_account": "acct_12345678",
    }
    change = accounts.change_account(world.actor("agency"), **values)
    assert profile_of(db.session, world.organisation("agency")).stripe_account == ""
    time.instant = AccountChange.load(db.session, change).due_at
    run_deadlines()
    db.session.rollback()
    assert profile_of(db.session, world.organisation("agency")).stripe_account == "acct_12345678"


def test_an_agency_that_fills_in_its_entry_just_tells_its_account(world: World) -> None:
    world.agency("beginner", verified=False)
    assert profile_of(db.session, world.organisation("beginner")).account_number
    assert db.session.scalars(select(AccountChange)).all() == []


def test_who_speaks_for_it_and_what_signs_for_it_want_the_password_and_are_told(
    app: Flask, world: World
) -> None:
    agency = sign_in(app, world, "agency")
    for path, values in (
        ("/my/entry/representative", {"legal_representative": "别人", "phone": "0979-9"}),
        ("/my/signing/renew", {}),
    ):
        before = db.session.scalars(select(Letter.id).where(Letter.kind == "authority")).all()
        keys = db.session.scalars(select(SigningKey.id)).all()
        for password in ("", "wrong horse battery"):
            assert agency.submit(path, **values, again=password).status == 422, path
        db.session.rollback()
        assert db.session.scalars(select(SigningKey.id)).all() == keys
        assert Organisation.load(
            db.session, world.identifiers["agency"]
        ).legal_representative != "别人" or path.endswith("renew")
        assert agency.submit(path, **values, again=PASSWORD).status == 303, path
        db.session.rollback()
        assert (
            len(db.session.scalars(select(Letter.id).where(Letter.kind == "authority")).all())
            == len(before) + 1
        ), path


def test_a_member_and_a_delegate_are_told_to_every_owner(world: World) -> None:
    from market.accounts.actions import delegating

    world.enterprise("helper")
    world.member("buyer", "staff")
    delegating.delegate(
        world.actor("buyer"),
        email="helper@example.cn",
        scope=["tender"],
        most=100,
        until=workdays.add(clock.now(), 3),
    )
    told = db.session.scalars(select(Letter).where(Letter.kind == "authority").order_by(Letter.id)).all()
    assert [(letter.address, letter.data["what"]) for letter in told] == [
        ("buyer@example.cn", "增加了一名成员"),
        ("buyer@example.cn", "委托了他人采购"),
    ]


def test_every_owner_finds_it_where_he_looks(app: Flask, world: World) -> None:
    change = asked(world)
    agency = sign_in(app, world, "agency")
    for path in ("/my", "/my/entry"):
        page = agency.get(path)
        assert (f"/account-changes/{change}" in page.text, NEW in page.text, NEW[-4:] in page.text) == (
            True,
            False,
            True,
        )
    accounts.stop(world.actor("agency"), change, reason="不是我们提出的。")
    assert f"/account-changes/{change}" not in agency.get("/my").text
