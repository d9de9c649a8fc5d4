"""A form sent again: the same in the same browser is one act.

Anything else is another or a conflict, and nobody is signed in as somebody else by it.
"""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import PASSWORD, World
from harness.person import current_values
from market.extensions import db
from models.accounts import User
from models.regions import find
from tests.accounts.sending import DOORS, ROLES, an_organisation, counted, furnish, send, ticket, twin_of
from tests.web import Visitor, sign_in


def _who(visitor: Visitor) -> str:
    """Who a browser is signed in as: the name at the top of the page, or nothing."""
    said = visitor.get("/check").soup.select_one(".me")
    return said.get_text() if said else ""


@pytest.mark.parametrize("name", DOORS)
def test_sent_again_on_every_door_as_every_role(app: Flask, world: World, name: str) -> None:
    furnish(world)
    door, acted = DOORS[name], 0
    for role in ROLES:
        visitor = sign_in(app, world, role)
        if role not in door.who:
            status = visitor.get(door.path).status
            token = visitor.get("/check").value_of("csrf_token")
            refused = send(visitor, door.path, {"csrf_token": token, "submission": "K", **door.fresh()})
            assert refused.status == (302 if role == "visitor" else 403), (role, status, refused.status)
            continue
        values = {**door.fresh(), **ticket(visitor, door.path)}
        before, twin = counted(), twin_of(visitor)
        first = send(visitor, door.path, values)
        assert first.status == 303, (role, first.text)
        made, person = counted(), _who(visitor)
        assert made > before
        again = send(twin_of(twin), door.path, values)
        assert (again.status, again.location) == (303, first.location), "a double click has one outcome"
        assert counted() == made, "and is one act"
        whose = _who(twin)
        for field, other in door.others.items():
            answer = send(twin, door.path, {**values, field: other})
            assert answer.status == 409, (role, field, answer.status)
            assert "内容与这次不同" in answer.text
            held = current_values(answer.soup.select_one("main form[method=post]"))
            for kept in values.keys() - {
                "password",
                "again",
                "file",
                "csrf_token",
                "submission",
                "scope",
                "kind",
                "authority_role",
            }:
                said = other if kept == field else values[kept]
                if kept == "region_code":  # a region is shown by its name
                    assert find(held[kept], "630000") == (said,), field
                else:
                    assert held[kept] == said, (field, kept)
            assert counted() == made, (role, field)
        assert (_who(visitor), _who(twin)) == (person, whose), "nobody becomes somebody else by it"
        if door.others:
            meant = send(twin, door.path, {**values, "submission": held["submission"], **door.fresh()})
            assert meant.status == 303, (
                "whoever sends it again with the key of the page that said so means it"
            )
        acted += 1
    assert acted == len(door.who)


@pytest.mark.parametrize("victim", ["admin", "regulator", "custodian", "department", "agency", "buyer"])
def test_the_same_key_in_another_browser_is_another_key(app: Flask, world: World, victim: str) -> None:
    """What was walked through on a running server: a used key, and somebody else's address on the form."""
    furnish(world)
    first = Visitor(app)
    used = {**an_organisation(kind="agency"), **ticket(first, "/sign-up")}
    assert send(first, "/sign-up", used).location == "/my/entry"
    for email, password in ((world.emails[victim], "whatever it may be"), (world.emails[victim], PASSWORD)):
        other = Visitor(app)
        key = {**ticket(other, "/sign-up"), "submission": used["submission"]}
        made = counted()
        answer = send(other, "/sign-up", {**used, **key, "email": email, "password": password})
        assert answer.location.startswith("/claims/")
        assert other.get("/my/organisation").status == 403, (
            "whoever comes second has a claim to show, and belongs to nothing"
        )
        newest = db.session.scalars(select(User).order_by(User.id.desc()).limit(1)).one()
        assert (_who(other), newest.email, newest.email_asked) == (newest.name, None, email), (
            "somebody of his own, and nothing is said of the address"
        )
        assert counted() != made
    own = Visitor(app)
    fresh = {
        **an_organisation(kind="enterprise", name="后来的人"),
        **ticket(own, "/sign-up"),
        "submission": used["submission"],
    }
    assert send(own, "/sign-up", fresh).location == "/my"
    assert (_who(own), _who(first)) == ("后来的人", "新来的人")


def test_a_double_click_on_a_sign_up_carries_the_cookies_of_before(app: Flask, world: World) -> None:
    """Both requests leave before the first is answered: both come as the visitor."""
    first = Visitor(app)
    values = {**an_organisation(kind="enterprise"), **ticket(first, "/sign-up")}
    second = twin_of(first)
    assert [send(each, "/sign-up", values).status for each in (first, second)] == [303, 303]
    assert (_who(first), _who(second)) == ("新来的人", "新来的人")
    assert db.session.scalar(select(func.count(User.id)).where(User.email_asked == values["email"])) == 1


def test_an_old_password_opens_nothing(app: Flask, world: World) -> None:
    """A sign-up that somebody kept is worth nothing once the password is another.

    Its request and its cookies.
    """
    person = Visitor(app)
    values = {**an_organisation(kind="enterprise"), **ticket(person, "/sign-up")}
    thief = twin_of(person)
    send(person, "/sign-up", values)
    assert person.submit("/my/password", current=PASSWORD, password="another horse battery").status == 303
    assert send(thief, "/sign-up", values).location == "/sign-in"
    assert thief.get("/my").status == 302
