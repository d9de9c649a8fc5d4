"""Blocking single accounts: who may, what it does at once, and that somebody is always left."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, World, code
from market.accounts.actions import members
from market.accounts.jobs import written
from market.extensions import db
from market.jobs import drain
from market.sourcing.actions import tenders
from models.accounts import Organisation, User
from models.acting import actor_for
from models.actors import SYSTEM, VISITOR, Actor
from models.blocking import people_of, rank_over
from models.errors import NotAllowed, NotFound, RuleViolation, WrongState
from models.events import Event
from models.letters import Letter
from models.notifications import Notification
from tests.test_queries import _Count
from tests.web import Visitor, sign_in

WHY = "账号疑被他人使用"


def of(email: str) -> Actor:
    db.session.rollback()
    return actor_for(db.session.query(User).filter_by(email=email).one())


@pytest.fixture
def crowd(world: World) -> World:
    """Beside the world's.

    Two administrators, regulators of the county, its city, elsewhere and of the province's own level, staff
    of the buyer, and somebody who belongs to nobody any more.
    """
    world.authority("county", "regulator", region="632801")
    world.authority("city", "regulator", region="632800")
    world.authority("elsewhere", "regulator", region="630102")
    world.authority("peer", "regulator")
    for name in ("staff", "gone"):
        world.member("buyer", name)
    members.remove_member(world.actor("buyer"), "gone@example.cn")
    world.appoint_admin()
    world.emails["other admin"] = members.appoint_admin(
        SYSTEM, email="admin2@example.cn", name="另一管理员", password=PASSWORD
    )
    return world


PEOPLE = (
    "buyer",
    "staff",
    "gone",
    "agency",
    "county",
    "city",
    "elsewhere",
    "regulator",
    "peer",
    "custodian",
    "department",
    "admin",
    "other admin",
)
# Who is over whose account, and in which rank: owner, regulator, admin, or not at all.
OVER = {
    #            buy  stf  gon  age  cou  cit  els  reg  pee  cus  dep  adm  oth
    "buyer": ".    o    .    .    .    .    .    .    .    .    .    .    .",
    "staff": ".    .    .    .    .    .    .    .    .    .    .    .    .",
    "gone": ".    .    .    .    .    .    .    .    .    .    .    .    .",
    "agency": ".    .    .    .    .    .    .    .    .    .    .    .    .",
    "county": "r    r    .    r    .    .    .    .    .    .    .    .    .",
    "city": "r    r    .    r    r    .    .    .    .    .    .    .    .",
    "elsewhere": ".    .    .    .    .    .    .    .    .    .    .    .    .",
    "regulator": "r    r    .    r    r    r    r    .    .    r    r    .    .",
    "peer": "r    r    .    r    r    r    r    .    .    r    r    .    .",
    "custodian": ".    .    .    .    .    .    .    .    .    .    .    .    .",
    "department": ".    .    .    .    .    .    .    .    .    .    .    .    .",
    "admin": "a    a    a    a    a    a    a    a    a    a    a    .    a",
}


def test_who_is_over_whose_account(crowd: World) -> None:
    for name, row in OVER.items():
        actor = of(crowd.emails[name])
        for other, expected in zip(PEOPLE, row.split(), strict=True):
            person = db.session.query(User).filter_by(email=crowd.emails[other]).one()
            assert (rank_over(actor, person) or ".")[0] == expected, (name, other)
            if expected == "." and name != other:
                for act in (members.block_account, members.unblock_account):
                    with pytest.raises((NotFound, NotAllowed)):
                        act(actor, crowd.emails[other], reason=WHY)
    for name in ("county", "city", "regulator", "admin"):
        actor = of(crowd.emails[name])
        listed = set(db.session.scalars(people_of(actor)).all())
        assert listed == {
            person for person in db.session.scalars(select(User)) if rank_over(actor, person)
        }, name


def test_a_blocked_account_is_out_at_once(app: Flask, crowd: World) -> None:
    staff, before = sign_in(app, crowd, "staff"), of(crowd.emails["staff"])
    tender = crowd.tender(publish=False)
    assert staff.get(f"/requests/{tender}").status == 200
    members.block_account(crowd.actor("buyer"), crowd.emails["staff"], reason=WHY)
    assert staff.get("/my").location.startswith("/sign-in"), "an open session is nobody's"
    assert staff.get(f"/requests/{tender}").status == 404
    for actor in (before, of(crowd.emails["staff"])):
        with pytest.raises(NotAllowed, match=WHY):
            tenders.publish(actor, tender)
        with pytest.raises(NotAllowed, match=WHY):
            members.change_password(actor, current=PASSWORD, password="another good passphrase")
    again = Visitor(app)
    refused = again.submit("/sign-in", email=crowd.emails["staff"], password=PASSWORD)
    assert refused.status == 403
    assert WHY in refused.text
    assert (
        WHY not in again.submit("/sign-in", email=crowd.emails["staff"], password="a wrong passphrase").text
    ), "only to whoever it is"
    members.unblock_account(crowd.actor("buyer"), crowd.emails["staff"], reason="本人已到场核实")
    assert staff.get("/my").location.startswith("/sign-in"), "what was open before stays shut"
    assert Visitor(app, crowd.emails["staff"]).get("/my").status == 200
    tenders.publish(of(crowd.emails["staff"]), tender)


def test_it_is_an_event_with_a_reason_and_a_notice(crowd: World) -> None:
    with pytest.raises(RuleViolation):
        members.block_account(crowd.actor("county"), crowd.emails["agency"], reason="短")
    members.block_account(crowd.actor("county"), crowd.emails["agency"], reason=WHY)
    with pytest.raises(WrongState):
        members.block_account(crowd.actor("regulator"), crowd.emails["agency"], reason=WHY)
    drain()
    happened = db.session.scalars(select(Event).where(Event.kind == "organisation.block")).one()
    agency = db.session.scalars(
        select(Organisation).where(Organisation.identifier == crowd.identifiers["agency"])
    ).one()
    assert (happened.case_identifier, happened.actor_role, happened.audience) == (
        agency.identifier,
        "regulator",
        "parties",
    )
    assert (happened.data["reason"], happened.data["name"]) == (WHY, "agency")
    assert db.session.scalars(
        select(Notification.event_id).where(
            Notification.organisation_id == agency.id, Notification.event_id == happened.id
        )
    ).one()
    members.unblock_account(crowd.actor("city"), crowd.emails["agency"], reason="本人已到场核实")
    assert (
        db.session.scalars(select(Event).where(Event.kind == "organisation.unblock")).one().data["reason"]
        == "本人已到场核实"
    )


def test_what_a_higher_rank_blocked_no_lower_one_lifts(crowd: World) -> None:
    members.block_account(of(crowd.emails["admin"]), crowd.emails["staff"], reason=WHY)
    for name in ("buyer", "county", "regulator"):
        with pytest.raises(NotAllowed, match="上级"):
            members.unblock_account(crowd.actor(name), crowd.emails["staff"], reason="本人已到场核实")
    members.unblock_account(of(crowd.emails["other admin"]), crowd.emails["staff"], reason="本人已到场核实")


def test_somebody_is_always_left(crowd: World) -> None:
    first, second = crowd.emails["admin"], crowd.emails["other admin"]
    both = {email: of(email) for email in (first, second)}
    for email, actor in both.items():
        with pytest.raises(NotAllowed, match="自己"):
            members.block_account(actor, email, reason=WHY)
    members.block_account(both[first], second, reason=WHY)
    with pytest.raises(
        NotAllowed, match=WHY
    ):  # who is blocked already blocks nobody, though the request began before
        members.block_account(both[second], first, reason=WHY)
    with pytest.raises(NotAllowed):
        members.block_account(crowd.actor("buyer"), crowd.emails["buyer"], reason=WHY)
    assert db.session.query(User).filter(User.is_admin, User.blocked_at.is_(None)).count() == 1


def test_no_answer_tells_whether_there_is_such_an_account(app: Flask, crowd: World) -> None:
    owner = sign_in(app, crowd, "buyer")
    answers = {
        email: owner.get(f"/accounts/{email}/block")
        for email in (crowd.emails["agency"], "nobody@example.cn")
    }
    assert {answer.status for answer in answers.values()} == {404}
    assert len({answer.soup.select_one("main").get_text() for answer in answers.values()}) == 1


def test_accounts_on_their_pages(app: Flask, crowd: World) -> None:
    owner, county = sign_in(app, crowd, "buyer"), sign_in(app, crowd, "county")
    assert "/accounts/staff%40example.cn/block" in owner.get("/my/organisation").text
    assert "/accounts/buyer%40example.cn/block" not in owner.get("/my/organisation").text
    short = owner.submit("/accounts/staff@example.cn/block", reason="短")
    assert short.status == 422
    assert "至少 5 个字" in short.error_at("reason")
    assert owner.submit("/accounts/staff@example.cn/block", reason=WHY).location == "/my/organisation"
    assert "/accounts/staff%40example.cn/unblock" in owner.get("/my/organisation").text
    link = next(
        a["href"]
        for a in county.get("/accounts?q=agency&page=1").soup.select("td a")
        if a["href"].startswith("/accounts/agency")
    )
    assert county.submit(link, reason=WHY).location == "/accounts?q=agency&page=1", (
        "back to the search it came from"
    )
    assert county.submit(link.replace("/block", "/unblock"), reason="本人已到场核实").status == 303
    assert "中介机构 · " in county.get("/accounts?q=agency").text
    listed = county.get("/accounts?blocked=1")
    assert WHY in listed.text
    assert "agency@example.cn" not in listed.text
    assert "custodian@example.cn" not in county.get("/accounts").text
    assert (
        county.submit("/accounts/staff@example.cn/unblock", reason="本人已到场核实").location == "/accounts"
    )


def test_the_list_of_accounts_asks_as_much_for_many(app: Flask, crowd: World) -> None:
    visitor = sign_in(app, crowd, "regulator")
    visitor.get("/accounts")
    counts = []
    for path in ("/accounts?q=staff", "/accounts"):
        with _Count() as asked:
            assert visitor.get(path).status == 200
        counts.append(len(asked.statements))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("blocker", ["admin", "city"])
def test_an_account_that_has_confirmed_nothing_is_blocked_too(app: Flask, crowd: World, blocker: str) -> None:
    key = members.register(
        VISITOR,
        email="stranger@example.cn",
        name="生人",
        password=PASSWORD,
        kind="enterprise",
        organisation="生人公司",
        uscc=code(7301),
        region_code="632801",
    )
    visitor = Visitor(app)
    assert visitor.submit("/sign-in", email="stranger@example.cn", password=PASSWORD).status == 303
    office = sign_in(app, crowd, blocker)
    row = next(
        each for each in office.get("/accounts?q=stranger").soup.select("tr") if "生人" in each.get_text()
    )
    assert office.submit(str(row.select_one("a")["href"]), reason=WHY).location == "/accounts?q=stranger"
    assert visitor.get("/my").status == 302
    assert "停用" in Visitor(app).submit("/sign-in", email="stranger@example.cn", password=PASSWORD).text
    members.unblock_account(
        crowd.actor(blocker), db.session.get_one(User, int(key)).handle, reason="本人已到场核实"
    )
    assert Visitor(app).submit("/sign-in", email="stranger@example.cn", password=PASSWORD).status == 303


def test_whoever_is_blocked_learns_why_and_whom_to_ask(app: Flask, crowd: World) -> None:
    members.block_account(crowd.actor("regulator"), "staff@example.cn", reason=WHY)
    letter = db.session.scalars(select(Letter).where(Letter.kind == "blocked")).one()
    words = written(db.session, letter)
    assert words is not None
    assert letter.address == "staff@example.cn"
    for told in (
        words.text,
        Visitor(app).submit("/sign-in", email="staff@example.cn", password=PASSWORD).text,
    ):
        assert WHY in told
        assert "监管部门" in told
    assert (
        WHY
        not in Visitor(app).submit("/sign-in", email="staff@example.cn", password="wrong horse battery").text
    )
    members.unblock_account(crowd.actor("regulator"), "staff@example.cn", reason="已查清,不是本人所为")
    assert db.session.scalars(select(Letter.kind).where(Letter.kind == "unblocked")).all() == ["unblocked"]
