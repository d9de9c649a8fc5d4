"""No form tells whether an address is anybody's.

The same answer in status, words, place and work, whoever asks; and what was meant for an address is the
person's once it was shown to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from harness.factories import PASSWORD, World, code
from market.accounts import jobs as letters
from market.accounts.actions import delegating, members
from market.extensions import db
from models import accounts as people
from models import acting, clock, password_hashing
from models.accounts import Delegation, User
from models.actors import SYSTEM, VISITOR
from models.clock import BEIJING
from models.errors import NotAllowed, RuleViolation
from models.letters import Letter
from tests.sourcing.test_merit import tender_of
from tests.web import Answer, Visitor, sign_in

KNOWN = ("second@example.cn", "regulator@example.cn", "expert@example.cn")
NOBODYS = "nobody1@example.cn"


def _until() -> str:
    return f"{(clock.now() + timedelta(days=30)).astimezone(BEIJING):%Y-%m-%dT%H:%M}"


def _sign_up(kind: str) -> Callable[[Flask, World, str, int], Answer]:
    def ask(app: Flask, world: World, address: str, number: int) -> Answer:
        visitor = Visitor(app)
        told = {
            "name": "李某",
            "organisation": "李某公司",
            "region_code": "632801",
            "uscc": code(7100 + number),
            "kind": kind,
            "password": "some horse battery",
        }
        answer = visitor.submit("/sign-up", email=address, **told)
        return answer if answer.status != 303 else _after(visitor, answer)

    return ask


def _after(visitor: Visitor, answer: Answer) -> Answer:
    """What is seen at the end of the way, with where it led."""
    page = visitor.get(answer.location)
    page.location = answer.location
    return page


def _sign_in(app: Flask, world: World, address: str, number: int) -> Answer:
    return Visitor(app).submit("/sign-in", email=address, password="not the password")


def _forgotten(app: Flask, world: World, address: str, number: int) -> Answer:
    visitor = Visitor(app)
    return _after(visitor, visitor.submit("/forgotten", email=address))


def _delegation(app: Flask, world: World, address: str, number: int) -> Answer:
    buyer = sign_in(app, world, "buyer")
    return _after(
        buyer,
        buyer.submit(
            "/my/delegations/new",
            again=PASSWORD,
            email=address,
            scope="tender",
            most="30,000",
            until=_until(),
        ),
    )


def _member(app: Flask, world: World, address: str, number: int) -> Answer:
    owner = sign_in(app, world, "buyer")
    return _after(
        owner, owner.submit("/my/members/new", email=address, name="新成员", password="some horse battery")
    )


def _authority(app: Flask, world: World, address: str, number: int) -> Answer:
    admin = sign_in(app, world, "admin")
    told = {
        "name": "某人",
        "organisation": f"某局{'甲乙丙丁'[number % 4]}",
        "region_code": "632801",
        "uscc": code(7200 + number),
        "authority_role": "regulator",
        "department": "",
        "password": "some horse battery",
    }
    return admin.submit("/admin/authorities/new", email=address, **told)


def _evaluator(app: Flask, world: World, address: str, number: int) -> Answer:
    tender = world.identifiers["merit"]
    buyer = sign_in(app, world, "buyer")
    return _after(buyer, buyer.submit(f"/requests/{tender}/appoint", email=address))


FORMS = {
    "sign up as a buyer": _sign_up("enterprise"),
    "sign up as an agency": _sign_up("agency"),
    "sign in": _sign_in,
    "forgotten": _forgotten,
    "delegation": _delegation,
    "member": _member,
    "authority": _authority,
    "evaluator": _evaluator,
}


def _plain(answer: Answer, address: str) -> tuple[int, str, str]:
    """An answer without what any two differ in: keys, numbers, the address itself.

    Of a page that lists what was sent before as well, the rows that name the address.
    """
    rows = [str(row) for row in answer.soup.select("main tr, main li") if address in row.get_text()]
    said = "".join(rows) or str(answer.soup.select_one("main"))
    said = re.sub(r'(value|href|action)="[^"]*"', "", said.replace(address, ""))
    return answer.status, re.sub(r"\d+", "0", answer.location), re.sub(r"[甲乙丙丁]|[0-9A-Z ]+", "", said)


@pytest.fixture
def asked(app: Flask, world: World) -> World:
    world.appoint_admin()
    world.enterprise("expert")
    world.identifiers["merit"] = tender_of(world)
    return world


@pytest.mark.parametrize("name", FORMS)
def test_a_form_answers_alike(app: Flask, asked: World, name: str) -> None:
    answers, work = [], []
    for number, address in enumerate((NOBODYS, *KNOWN, "nobody2@example.cn")):
        counted: list[str] = []
        note: Any = lambda *args, counted=counted: counted.append(args[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", note)
        answer = FORMS[name](app, asked, address, number)
        event.remove(db.engine, "before_cursor_execute", note)
        answers.append(_plain(answer, address))
        work.append(len(counted))
    assert len(set(answers)) == 1, answers
    assert max(work) - min(work) <= 6, (name, work)


def test_lists_show_the_address_and_nothing_the_account_says(app: Flask, asked: World) -> None:
    for address in (NOBODYS, "expert@example.cn"):
        _delegation(app, asked, address, 1)
        _evaluator(app, asked, address, 1)
    for page in ("/my/organisation", f"/requests/{asked.identifiers['merit']}"):
        text = sign_in(app, asked, "buyer").get(page).soup.select_one("main").get_text(" ")
        assert NOBODYS in text
        assert not re.search(r"\bexpert\b(?!@)", text), page


def test_a_password_is_checked_twice_whoever_has_the_address(world: World, monkeypatch: Any) -> None:
    members.add_member(
        world.actor("second"), email="buyer@example.cn", name="某员工", password="some horse battery"
    )
    delegating.delegate(
        world.actor("buyer"),
        email=NOBODYS,
        scope=["tender"],
        most=100,
        until=clock.now() + timedelta(days=3),
    )
    tried: list[str] = []
    real = password_hashing.verifies
    monkeypatch.setattr(
        password_hashing, "verifies", lambda hashed, password: tried.append(hashed) or real(hashed, password)
    )
    found = {}
    for address in ("buyer@example.cn", "agency@example.cn", "never@example.cn", NOBODYS, "no address"):
        tried.clear()
        found[address] = people.authenticate(db.session, address, "not the password")
        assert len(tried) == 2, address
        assert all(tried), "no hash is empty: it would take no time"
    assert set(found.values()) == {None}
    assert people.authenticate(db.session, "buyer@example.cn", PASSWORD).name == "buyer"
    assert people.authenticate(db.session, "buyer@example.cn", "some horse battery").name == "某员工"


def test_nobody_signs_in_as_an_address_that_waits(app: Flask, world: World) -> None:
    delegating.delegate(
        world.actor("buyer"),
        email=NOBODYS,
        scope=["tender"],
        most=100,
        until=clock.now() + timedelta(days=3),
    )
    for password in ("", " ", "nobody has this password", "x" * 200):
        answer = Visitor(app).submit("/sign-in", email=NOBODYS, password=password)
        assert answer.status == (401 if password else 422)
    user = db.session.scalars(select(User).where(User.email == NOBODYS)).one()
    assert (user.awaited, user.name) == (True, "")


def test_a_delegation_counts_once_the_address_is_shown_to_be_somebodys(
    app: Flask, world: World, time: Any
) -> None:
    buyer = world.organisation("buyer").id
    delegating.delegate(
        world.actor("buyer"),
        email=NOBODYS,
        scope=["tender"],
        most=10**8,
        until=clock.now() + timedelta(days=30),
    )
    thief = members.register(
        VISITOR,
        email=NOBODYS,
        name="冒名",
        password=PASSWORD,
        kind="enterprise",
        organisation="冒名公司",
        uscc=code(7001),
        region_code="632801",
    )
    user = db.session.get_one(User, int(thief))
    assert (user.address, user.email) == (NOBODYS, None)
    assert acting.actor_for(user).mandates == (), "an address that is only claimed is lent nothing"
    visitor = Visitor(app)
    assert visitor.submit("/sign-in", email=NOBODYS, password=PASSWORD).status == 303
    assert "冒名" in visitor.get("/my").text
    visitor.submit("/forgotten", email=NOBODYS)
    link = link_in_letter()
    assert Visitor(app).submit(link, password="shown by a letter").status == 303
    db.session.rollback()
    held = db.session.scalars(select(User).where(User.email == NOBODYS)).one()
    assert (held.id, held.email_asked) == (int(thief), "")
    delegating.accept(acting.actor_for(held), db.session.scalars(select(Delegation.id)).one())
    db.session.rollback()
    mandate = acting.actor_for(db.session.get_one(User, held.id)).mandates
    assert [each.buyer_id for each in mandate] == [buyer]
    assert visitor.get("/my").status == 302, "whoever had been in is out"


def link_in_letter() -> str:
    letters.work()
    db.session.rollback()
    newest = db.session.scalars(
        select(Letter).where(Letter.kind == "forgotten").order_by(Letter.id.desc()).limit(1)
    ).one()
    found = re.search(r"/forgotten/[\w-]+", newest.text or "")
    assert found, newest.text
    return found[0]


def test_only_the_owner_of_a_buyer_names_a_delegate(world: World) -> None:
    with pytest.raises(NotAllowed):
        delegating.delegate(
            world.actor("agency"),
            email=NOBODYS,
            scope=["tender"],
            most=100,
            until=clock.now() + timedelta(days=3),
        )
    assert db.session.scalars(select(User.id).where(User.email == NOBODYS)).all() == []


def test_whoever_runs_the_machine_is_told(world: World) -> None:
    with pytest.raises(RuleViolation, match="已经注册"):
        members.appoint_admin(SYSTEM, email="agency@example.cn", name="管理员", password=PASSWORD)
    delegating.delegate(
        world.actor("buyer"),
        email=NOBODYS,
        scope=["tender"],
        most=100,
        until=clock.now() + timedelta(days=3),
    )
    members.appoint_admin(SYSTEM, email=NOBODYS, name="管理员", password=PASSWORD)
    held = db.session.scalars(select(User).where(User.email == NOBODYS)).one()
    assert (held.is_admin, held.email_asked, len(held.delegations)) == (True, "", 1)
