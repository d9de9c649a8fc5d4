"""Mail addresses are shown before they count: who claims one, who confirms it, and what waits until then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from harness.factories import PASSWORD, PDF, World, code
from market import permissions
from market.accounts import jobs as letters
from market.accounts.actions import confirming, delegating, members
from market.agencies.actions import entry as entry_actions
from market.extensions import db
from market.sourcing.actions import drafting, scoring, tenders
from market.transaction import ACTIONS, transaction
from models import clock, workdays
from models.accounts import Delegation, Organisation, User, authenticate
from models.acting import actor_for
from models.actors import VISITOR, Actor
from models.errors import Conflict, NotAllowed, NotFound, RuleViolation
from models.letters import MOST_A_DAY, MOST_FROM_ALL, Letter
from models.sourcing.tenders import Tender
from tests.every_case import CRITERIA
from tests.web import Visitor

THIEF = "a thief's own password"
ADDRESS = "expert@example.cn"


def signed_up(email: str = ADDRESS, number: int = 7100, password: str = PASSWORD, **changes: Any) -> User:
    """Somebody who has signed up, and confirmed nothing."""
    person = {
        "name": "才旦",
        "kind": "enterprise",
        "organisation": f"单位{number}",
        "region_code": "632801",
        "uscc": code(number),
        **changes,
    }
    return found(members.register(VISITOR, email=email, password=password, **person))


def found(key: str) -> User:
    db.session.rollback()
    return db.session.get_one(User, int(key), populate_existing=True)


def actor(user: User) -> Actor:
    return actor_for(found(str(user.id)))


def delegated(world: World) -> None:
    delegating.delegate(
        world.actor("buyer"),
        email=ADDRESS,
        scope=["tender"],
        most=10**8,
        until=workdays.add(clock.now(), 30),
    )


def test_who_registers_somebodys_address_first_is_given_nothing_and_keeps_nothing(world: World) -> None:
    """The attack that was walked through.

    An expert's address, registered by somebody else, delegated to, and used to publish.
    """
    thief = signed_up(password=THIEF)
    delegated(world)
    merit = world.tender(mode="merit", funds="state", criteria=CRITERIA)
    scoring.appoint(world.actor("buyer"), merit, email=ADDRESS)
    assert (actor(thief).mandates, actor(thief).confirmed) == ((), False), (
        "what is meant for an address waits until it is shown"
    )
    expert = signed_up(number=7101)
    confirming.confirm(actor(expert), token=confirming.token(expert, ADDRESS))
    assert found(str(thief.id)).address == "", "nobody else claims it any more"
    assert authenticate(db.session, ADDRESS, PASSWORD).id == expert.id  # type: ignore[union-attr]
    assert authenticate(db.session, ADDRESS, THIEF) is None
    assert [lent.user_id for lent in db.session.scalars(select(Delegation))] == [expert.id]
    number = db.session.scalars(select(Delegation.id)).one()
    with pytest.raises(NotAllowed):
        delegating.accept(actor(thief), number)
    assert not actor(expert).mandates, "nor does it count before its person accepts it"
    delegating.accept(actor(expert), number)
    assert not actor(thief).mandates
    assert actor(expert).mandates


def test_confirming_takes_an_address_from_whoever_claimed_it_since(world: World) -> None:
    expert = signed_up()
    link = confirming.token(expert, ADDRESS)
    thief = signed_up(number=7101, password=THIEF)
    assert {found(str(each.id)).address for each in (expert, thief)} == {ADDRESS}
    confirming.confirm(VISITOR, token=link, password=PASSWORD)
    assert (found(str(expert.id)).email, found(str(thief.id)).address) == (ADDRESS, "")
    later = signed_up(number=7102)
    assert (
        db.session.scalars(
            select(Letter.kind).where(Letter.address == ADDRESS).order_by(Letter.id.desc()).limit(1)
        ).one()
        == "known"
    ), "told to whose it is alone"
    with pytest.raises(Conflict):
        confirming.confirm(actor(later), token=confirming.token(later, ADDRESS))
    with pytest.raises(Conflict):
        confirming.confirm(actor(thief), token=confirming.token(thief, ADDRESS))


@pytest.mark.parametrize("who", ["visitor", "buyer"])
def test_the_owner_of_a_box_does_not_confirm_a_strangers_account_by_following_its_link(
    app: Flask, world: World, who: str
) -> None:
    thief = signed_up(password=THIEF)
    link = f"/confirm/{confirming.token(thief, ADDRESS)}"
    victim = Visitor(app, world.emails.get(who, ""))
    assert victim.get(link).status == 200
    assert not found(str(thief.id)).confirmed, "reading the page confirms nothing"
    refused = victim.submit(link, password=PASSWORD)
    assert (refused.status, bool(refused.error_at("password"))) == (422, True)
    assert not found(str(thief.id)).confirmed


def test_a_newcomer_is_through_in_seconds(app: Flask, world: World) -> None:
    """As in the demonstration.

    No mail leaves, the page says where it stands, and the link there is followed.
    """
    visitor = Visitor(app)
    entry = {
        "name": "才旦",
        "email": "new@example.cn",
        "password": PASSWORD,
        "kind": "agency",
        "organisation": "新来的事务所",
        "uscc": code(7103),
        "region_code": "632801",
    }
    page = visitor.get(visitor.submit("/sign-up", **entry).location)
    assert "请先确认您的邮箱" in page.text
    outbox = page.soup.select_one("a[href='/outbox']")
    assert outbox is not None
    link = visitor.get(str(outbox["href"])).soup.select_one("a[href^='/confirm/']")
    assert link is not None
    assert visitor.submit(str(link["href"])).location == "/my?confirmed=1"
    assert "请先确认您的邮箱" not in visitor.get("/my").text
    other = Visitor(app, "buyer@example.cn")
    assert "new@example.cn" not in other.get("/outbox").text, "letters are their readers'"


def test_on_another_device_the_password_signs_in_with_it(app: Flask, world: World) -> None:
    person = signed_up()
    phone = Visitor(app)
    link = f"/confirm/{confirming.token(person, ADDRESS)}"
    assert phone.submit(link, password=PASSWORD).location == "/my?confirmed=1"
    assert phone.get("/my").status == 200
    assert found(str(person.id)).confirmed


def test_who_began_something_goes_on_with_it(app: Flask, world: World) -> None:
    person = signed_up()
    with transaction() as session:
        session.get_one(Organisation, actor(person).organisation_id).state = "verified"
    draft, visitor = drafting.create(actor(person), **world.asked()), Visitor(app, ADDRESS)
    landed = visitor.submit(f"/confirm/{confirming.token(person, ADDRESS)}").location
    assert visitor.get(landed).location == f"/requests/{draft}/publish"


def test_no_act_but_preparing_is_open_before(app: Flask, world: World) -> None:
    """Over every act there is, and every one that comes to be added."""
    unconfirmed = actor(signed_up())
    assert set(ACTIONS) >= permissions.BEFORE_CONFIRMING
    assert len(ACTIONS) > 150
    for name, act in ACTIONS.items():
        assert ("确认您的邮箱" in _refused(act, unconfirmed)) is (
            name not in permissions.BEFORE_CONFIRMING
        ), name


def _refused(act: Any, actor: Actor) -> str:
    """Why an act that is told nothing else is refused to this actor, if it is."""
    try:
        act(actor)
    except NotAllowed as refused:
        return refused.message
    except (TypeError, RuleViolation):  # it is asked what it is about
        pass
    return ""


def test_who_has_not_confirmed_drafts_and_does_nothing_else(app: Flask, world: World) -> None:
    person = signed_up()
    draft = drafting.create(actor(person), **world.asked())
    drafting.edit(actor(person), draft, **world.asked(project="改过的项目名称"))
    with pytest.raises(NotAllowed, match="确认您的邮箱"):
        tenders.publish(actor(person), draft)
    db.session.rollback()
    assert Tender.load(db.session, draft).state == "draft"


def test_a_membership_given_to_an_address_counts_once_it_is_confirmed(app: Flask, world: World) -> None:
    members.add_member(world.actor("buyer"), email=ADDRESS, name="职员", password=PASSWORD)
    person = db.session.scalars(select(User).where(User.email_asked == ADDRESS)).one()
    assert (actor(person).organisation_id, actor(person).roles) == (None, frozenset())
    draft = world.tender(publish=False)
    assert Visitor(app, ADDRESS).get(f"/requests/{draft}").status == 404, (
        "nor does it read what the organisation's members may"
    )
    confirming.show_address(ADDRESS)
    assert actor(person).organisation_id == world.organisation("buyer").id
    assert Visitor(app, ADDRESS).get(f"/requests/{draft}").status == 200


def test_an_authoritys_first_member_watches_nothing_before(world: World) -> None:
    world.emails["new"] = "new@example.cn"
    admin = Actor("管理员", frozenset({"admin"}))
    members.set_up_authority(
        admin,
        email="new@example.cn",
        name="新",
        password=PASSWORD,
        uscc=code(7105),
        organisation="新局",
        region_code="632800",
        authority_role="regulator",
        department=None,
    )  # type: ignore[arg-type]
    person = db.session.scalars(select(User).where(User.email_asked == "new@example.cn")).one()
    assert actor(person).roles == frozenset()
    confirming.show_address("new@example.cn")
    assert actor(person).roles == {"regulator"}


def test_a_link_is_for_one_purpose_one_address_and_three_days(app: Flask, world: World, time: Any) -> None:
    person = signed_up()
    link = confirming.token(person, ADDRESS)
    other = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="another purpose").dumps(
        [person.id, ADDRESS, ""]
    )
    for forged in ("", "x", link[:-2], link + "x", str(other)):
        with pytest.raises(NotFound):
            confirming.confirm(actor(person), token=forged)
    time.instant += confirming.GOOD_FOR
    confirming.read(link)
    time.instant += timedelta(seconds=1)
    with pytest.raises(confirming.Expired):
        confirming.confirm(actor(person), token=link)
    assert Visitor(app).get(f"/confirm/{link}").status == 410


def test_another_address_waits_until_it_is_confirmed_and_the_old_one_is_told(
    app: Flask, world: World, time: Any
) -> None:
    time.instant += timedelta(minutes=1)
    buyer = world.actor("buyer")
    user = found(str(buyer.user_id))
    for email, current, field in (
        (ADDRESS, "wrong horse battery", "current"),
        ("no address", PASSWORD, "email"),
    ):
        with pytest.raises(RuleViolation) as refused:
            confirming.change_address(buyer, email=email, current=current)
        assert refused.value.field == field
    confirming.change_address(buyer, email=ADDRESS, current=PASSWORD)
    assert (found(str(user.id)).email, found(str(user.id)).email_asked) == ("buyer@example.cn", ADDRESS)
    assert actor(user).confirmed, "what it had goes on"
    first = confirming.token(found(str(user.id)), ADDRESS)
    confirming.confirm(buyer, token=first)
    assert found(str(user.id)).email == ADDRESS
    told = db.session.scalars(select(Letter).where(Letter.kind == "moved")).one()
    assert (told.address, ADDRESS in letters.written(db.session, told).text) == ("buyer@example.cn", True)
    confirming.change_address(actor(user), email="third-address@example.cn", current=PASSWORD)
    confirming.confirm(actor(user), token=confirming.token(found(str(user.id)), "third-address@example.cn"))
    with pytest.raises(RuleViolation, match="已经用过"):
        confirming.confirm(actor(user), token=first)


def test_letters_are_limited_by_who_asks_and_nobody_keeps_the_owners_from_going(
    world: World, time: Any
) -> None:
    person = signed_up()
    for _ in range(MOST_A_DAY - 1):
        confirming.send_again(actor(person))
    with pytest.raises(RuleViolation, match="明天再试"):
        confirming.send_again(actor(person))
    for number in range(2):
        with pytest.raises(RuleViolation, match="明天再试"):
            confirming.change_address(actor(person), email=f"elsewhere{number}@example.cn", current=PASSWORD)
    owner = signed_up(number=7101)
    assert db.session.scalars(select(Letter.address).where(Letter.user_id == owner.id)).all() == [ADDRESS]
    time.instant += timedelta(days=1, seconds=1)
    confirming.change_address(actor(person), email="elsewhere@example.cn", current=PASSWORD)


def test_strangers_fill_no_box(app: Flask, world: World, time: Any) -> None:
    """Sign-ups with an address that never registered.

    A few letters from one network, some from all, and the owner's own among them.
    """

    def sign_up(number: int, network: str) -> None:
        with app.test_request_context(environ_base={"REMOTE_ADDR": network}):
            signed_up(number=number)

    def sent() -> int:
        letters.work()
        db.session.rollback()
        return len(
            db.session.scalars(
                select(Letter).where(
                    Letter.kind == "confirm", Letter.address == ADDRESS, Letter.text.is_not(None)
                )
            ).all()
        )

    for number in range(MOST_A_DAY + 3):
        sign_up(7200 + number, f"2001:db8:1:2::{number}")
    assert sent() == MOST_A_DAY
    sign_up(7220, "203.0.113.7")
    assert sent() == MOST_A_DAY + 1, "one network keeps nobody's letter from going"
    for number in range(MOST_FROM_ALL):
        sign_up(7230 + number, f"198.51.100.{number}")
    assert sent() == MOST_FROM_ALL, "what one network asked for too often counts as often as it was sent"
    time.instant += timedelta(days=1, seconds=1)
    sign_up(7260, "203.0.113.7")
    assert sent() == MOST_FROM_ALL + 1, "and begins anew the next day"


def test_of_an_account_that_claims_an_address_its_owner_hears_nothing(world: World) -> None:
    person = signed_up()
    members.change_password(actor(person), current=PASSWORD, password="violet kettle harbour 77")
    assert set(db.session.scalars(select(Letter.kind).where(Letter.address == ADDRESS))) == {"confirm"}


def test_the_page_says_what_waits_and_sends_again(app: Flask, world: World) -> None:
    signed_up()
    visitor = Visitor(app, ADDRESS, language="en")
    page = visitor.get("/my/address")
    assert ADDRESS in page.text
    form = page.soup.select_one("form[action='/my/address/again']")
    assert form is not None
    sent = visitor.post(
        "/my/address/again", {field["name"]: field["value"] for field in form.select("input")}
    )
    assert "Another letter" in visitor.get(sent.location).text
    found = db.session.scalars(select(Letter).where(Letter.address == ADDRESS).order_by(Letter.id)).all()
    assert [letter.locale for letter in found] == ["zh_Hans_CN", "en"]
    assert "confirm" in letters.written(db.session, found[1]).subject.lower()
    refused = visitor.draft(
        "/requests/new?item=WAT-01",
        project="高标准农田项目",
        region_code="632801",
        mode="inquiry",
        funds="private",
        openness="open",
    )
    answer = visitor.get(f"{refused.location}/publish")
    assert (answer.status, "Confirm your" in answer.text) == (403, True)


def test_whoever_signs_in_unconfirmed_may_hand_in_its_papers(world: World) -> None:

    person = signed_up(kind="agency")
    entry_actions.fill(
        actor(person),
        "licence",
        legal_form="company",
        established_on=world.day(-900),
        licence_until=None,
        registered_capital=None,
        scope="水土保持",
    )
    entry_actions.hand_in_material(actor(person), kind="licence", file_name="l.pdf", content=PDF)
    for act in (entry_actions.submit, entry_actions.commit):
        with pytest.raises(NotAllowed, match="确认您的邮箱"):
            act(actor(person), committed=True)


def test_a_newcomer_is_told_what_is_to_be_done_and_when_it_is(app: Flask, world: World) -> None:
    user = signed_up()
    visitor = Visitor(app, ADDRESS)
    said = visitor.get("/my").text
    assert "要办 2 件" in said, "an address to confirm, a licence to bring"
    assert all(path in said for path in ("/my/address", "/my/licence"))
    for path in ("/my", "/my/address", "/outbox"):
        assert "该邮箱也可能已属于您的另一个账号" in visitor.get(path).text
    assert "该邮箱可能已有账号" in Visitor(app).get("/sign-up").text, (
        "said to everybody, whether or not there is one"
    )
    link = f"/confirm/{confirming.token(user, ADDRESS)}"
    confirmed = visitor.submit(link)
    assert "邮箱已确认" in visitor.get(confirmed.location).text
    once_more = visitor.get(link)
    assert (once_more.status, "已经确认过了" in once_more.text) == (200, True)
    assert not once_more.soup.select("main form[method=post]")
    assert "要办 1 件" in visitor.get("/my").text
