"""A form sent again: the same in the same browser is one act.

Anything else is another or a conflict, and nobody is signed in as somebody else by it.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from bench.lifecycle import standing
from market.accounts.actions import claim_code
from market.extensions import db
from market.sourcing import actions as sourcing
from market.transaction import transaction
from models import clock, submissions
from models.accounts import Delegation, Membership, Organisation, User
from models.actors import VISITOR
from models.clock import BEIJING
from models.contracts import templates_of
from models.events import Event
from models.signing import SigningKey
from models.sourcing import Quote
from models.submissions import Submission, fingerprint
from models.text import Conflict, NotAllowed
from tests.factories import PASSWORD, PDF, World, code
from tests.web import Visitor, sign_in

ROLES = ("visitor", "buyer", "staff", "agency", "regulator", "department", "custodian", "admin")
CLAIMED = code(7777)
_taken = iter(range(8000, 9000))


def _person() -> dict[str, Any]:
    number = next(_taken)
    return {"name": "新来的人", "email": f"new{number}@example.cn", "password": PASSWORD}


def _organisation(**values: Any) -> dict[str, Any]:
    return {
        **_person(),
        "organisation": "新来的单位",
        "uscc": code(next(_taken)),
        "region_code": "632801",
        **values,
    }


@dataclass(frozen=True)
class Door:
    """A form that makes or changes who may do what.

    Fresh contents for it, and another value for some of its fields.
    """

    path: str
    who: tuple[str, ...]
    fresh: Callable[[], dict[str, Any]]
    others: dict[str, Any]


OTHER_PERSON = {"name": "另一个人", "email": "admin@example.cn", "password": "another horse battery"}
OTHER = {**OTHER_PERSON, "organisation": "另一家单位", "uscc": code(7001), "region_code": "632802"}
DOORS = {
    "an enterprise": Door(
        "/sign-up", ROLES, lambda: _organisation(kind="enterprise"), {**OTHER, "kind": "agency"}
    ),
    "an agency": Door(
        "/sign-up",
        ROLES,
        lambda: _organisation(kind="agency"),
        {**OTHER, "kind": "enterprise", "claim": "ABCDEFGHIJKL"},
    ),
    "a member": Door(
        "/my/members/new", ("buyer", "agency", "regulator", "department", "custodian"), _person, OTHER_PERSON
    ),
    "an authority": Door(
        "/admin/authorities/new",
        ("admin",),
        lambda: _organisation(authority_role="regulator", department=""),
        {**OTHER, "authority_role": "custodian"},
    ),
    "a delegation": Door(
        "/my/delegations/new",
        ("buyer",),
        lambda: {
            "again": PASSWORD,
            "email": "helper@example.cn",
            "scope": "request",
            "most": "30,000",
            "until": f"{clock.now().astimezone(BEIJING).replace(year=2027):%Y-%m-%dT%H:%M}",
        },
        {"email": "second@example.cn", "scope": "quote", "most": "90,000", "until": "2027-12-31T17:00"},
    ),
    "a fresh key": Door("/my/signing/renew", ("buyer", "agency"), lambda: {"again": PASSWORD}, {}),
    "a certificate of credit": Door("/my/certificate", ("agency",), dict, {}),
    "a certificate of a practitioner": Door(
        "/my/entry/practitioners",
        ("agency",),
        lambda: {
            "name": "才旦",
            "kind": "注册咨询工程师",
            "number": f"Z-{next(_taken)}",
            "valid_from": "2025-01-01",
            "valid_until": "2031-01-01",
        },
        {
            "name": "卓玛",
            "kind": "执业律师",
            "number": "Z-1",
            "valid_from": "2025-01-02",
            "valid_until": "2032-01-01",
        },
    ),
    "a material": Door(
        "/my/entry/materials",
        ("agency",),
        lambda: {"kind": "licence", "file": PDF},
        {"file": PDF + b"%another"},
    ),
}


def _furnish(world: World) -> None:
    """People and an organisation beside those of the world.

    An administrator, staff of the buyer, somebody to delegate to, and an imported agency nobody has claimed.
    """
    world.appoint_admin()
    world.enterprise("helper")
    world.member("buyer", "staff")


def _counted() -> tuple[int, ...]:
    """How much there is of all that an act of an identity makes."""
    db.session.rollback()
    return tuple(
        db.session.scalar(select(func.count()).select_from(kind)) or 0
        for kind in (User, Membership, Organisation, Delegation, SigningKey, Event)
    )


def _send(visitor: Visitor, path: str, values: dict[str, Any]) -> Any:
    return visitor.post(
        path, {k: (io.BytesIO(v), f"{k}.pdf") if isinstance(v, bytes) else v for k, v in values.items()}
    )


def _ticket(visitor: Visitor, path: str) -> dict[str, str]:
    page = visitor.get(path)
    return {name: page.value_of(name) for name in ("csrf_token", "submission")}


def _who(visitor: Visitor) -> str:
    """Who a browser is signed in as: the name at the top of the page, or nothing."""
    said = visitor.get("/check").soup.select_one(".me")
    return said.get_text() if said else ""


def _twin(visitor: Visitor) -> Visitor:
    """The same browser as it is now: what it sends at once, before an answer came, carries these cookies."""
    other = Visitor(visitor.app)
    other.client._cookies = copy.copy(visitor.client._cookies)
    return other


@pytest.mark.parametrize("name", DOORS)
def test_sent_again_on_every_door_as_every_role(app: Flask, world: World, name: str) -> None:
    _furnish(world)
    door, acted = DOORS[name], 0
    for role in ROLES:
        visitor = sign_in(app, world, role)
        if role not in door.who:
            status = visitor.get(door.path).status
            token = visitor.get("/check").value_of("csrf_token")
            refused = _send(visitor, door.path, {"csrf_token": token, "submission": "K", **door.fresh()})
            assert refused.status == (302 if role == "visitor" else 403), (role, status, refused.status)
            continue
        values = {**door.fresh(), **_ticket(visitor, door.path)}
        before, twin = _counted(), _twin(visitor)
        first = _send(visitor, door.path, values)
        assert first.status == 303, (role, first.text)
        made, person = _counted(), _who(visitor)
        assert made > before
        again = _send(_twin(twin), door.path, values)
        assert (again.status, again.location) == (303, first.location), "a double click has one outcome"
        assert _counted() == made, "and is one act"
        whose = _who(twin)
        for field, other in door.others.items():
            answer = _send(twin, door.path, {**values, field: other})
            assert answer.status == 409, (role, field, answer.status)
            assert "内容与这次不同" in answer.text
            held = standing(answer.soup.select_one("main form[method=post]"))
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
                assert held[kept] == (other if kept == field else values[kept]), (field, kept)
            assert _counted() == made, (role, field)
        assert (_who(visitor), _who(twin)) == (person, whose), "nobody becomes somebody else by it"
        if door.others:
            meant = _send(twin, door.path, {**values, "submission": held["submission"], **door.fresh()})
            assert meant.status == 303, (
                "whoever sends it again with the key of the page that said so means it"
            )
        acted += 1
    assert acted == len(door.who)


@pytest.mark.parametrize("victim", ["admin", "regulator", "custodian", "department", "agency", "buyer"])
def test_the_same_key_in_another_browser_is_another_key(app: Flask, world: World, victim: str) -> None:
    """What was walked through on a running server: a used key, and somebody else's address on the form."""
    _furnish(world)
    first = Visitor(app)
    used = {**_organisation(kind="agency"), **_ticket(first, "/sign-up")}
    assert _send(first, "/sign-up", used).location == "/my/entry"
    for email, password in ((world.emails[victim], "whatever it may be"), (world.emails[victim], PASSWORD)):
        other = Visitor(app)
        key = {**_ticket(other, "/sign-up"), "submission": used["submission"]}
        made = _counted()
        answer = _send(other, "/sign-up", {**used, **key, "email": email, "password": password})
        assert (answer.location, other.get("/my/organisation").status) == ("/my", 403), (
            "whoever comes second has a claim to show, and belongs to nothing"
        )
        newest = db.session.scalars(select(User).order_by(User.id.desc()).limit(1)).one()
        assert (_who(other), newest.email, newest.email_asked) == (newest.name, None, email), (
            "somebody of his own, and nothing is said of the address"
        )
        assert _counted() != made
    own = Visitor(app)
    fresh = {
        **_organisation(kind="enterprise", name="后来的人"),
        **_ticket(own, "/sign-up"),
        "submission": used["submission"],
    }
    assert _send(own, "/sign-up", fresh).location == "/my"
    assert (_who(own), _who(first)) == ("后来的人", "新来的人")


def test_a_double_click_on_a_sign_up_carries_the_cookies_of_before(app: Flask, world: World) -> None:
    """Both requests leave before the first is answered: both come as the visitor."""
    first = Visitor(app)
    values = {**_organisation(kind="enterprise"), **_ticket(first, "/sign-up")}
    second = _twin(first)
    assert [_send(each, "/sign-up", values).status for each in (first, second)] == [303, 303]
    assert (_who(first), _who(second)) == ("新来的人", "新来的人")
    assert db.session.scalar(select(func.count(User.id)).where(User.email_asked == values["email"])) == 1


def test_an_old_password_opens_nothing(app: Flask, world: World) -> None:
    """A sign-up that somebody kept is worth nothing once the password is another.

    Its request and its cookies.
    """
    person = Visitor(app)
    values = {**_organisation(kind="enterprise"), **_ticket(person, "/sign-up")}
    thief = _twin(person)
    _send(person, "/sign-up", values)
    assert person.submit("/my/password", current=PASSWORD, password="another horse battery").status == 303
    assert _send(thief, "/sign-up", values).location == "/sign-in"
    assert thief.get("/my").status == 302


def test_a_claim_sent_again(app: Flask, world: World) -> None:
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers["third"], lock=True)
        agency.claimed, uscc, claim = False, agency.uscc, claim_code(agency)
        session.query(Membership).filter_by(organisation_id=agency.id).delete()
    visitor = Visitor(app)
    values = {**_organisation(kind="agency", uscc=uscc, claim=claim), **_ticket(visitor, "/sign-up")}
    twin = _twin(visitor)
    assert [_send(each, "/sign-up", values).location for each in (visitor, _twin(twin))] == ["/my/entry"] * 2
    for change in ({"claim": "ABCDEFGHIJKL"}, {"claim": "入驻码"}, {"email": "admin@example.cn"}):
        assert _send(twin, "/sign-up", {**values, **change}).status == 409
    assert _send(visitor, "/sign-up", values).status == 400, (
        "a form of before it signed in is of another session"
    )
    thief = Visitor(app)
    stolen = {
        **values,
        **_ticket(thief, "/sign-up"),
        "submission": values["submission"],
        "email": "thief@example.cn",
    }
    assert _send(thief, "/sign-up", stolen).location == "/my"
    assert thief.get("/my/organisation").status == 403, (
        "who comes second has a claim to show, and belongs to nothing"
    )


def test_a_password_sent_again(app: Flask, world: World) -> None:
    visitor = sign_in(app, world, "buyer")
    values = {"current": PASSWORD, "password": "another horse battery", **_ticket(visitor, "/my/password")}
    assert [_send(visitor, "/my/password", values).status for _ in range(2)] == [303, 303], (
        "the second does not find the first password wrong"
    )
    assert _send(visitor, "/my/password", {**values, "password": "a third horse battery"}).status == 409
    assert _send(visitor, "/my/password", {**values, "current": "another horse battery"}).status == 409
    assert (
        Visitor(app).submit("/sign-in", email="buyer@example.cn", password="another horse battery").status
        == 303
    )


def test_a_delegation_sent_again_to_somebody_else_is_not_dropped(app: Flask, world: World) -> None:
    _furnish(world)
    buyer = sign_in(app, world, "buyer")
    values = {**DOORS["a delegation"].fresh(), **_ticket(buyer, "/my/delegations/new")}
    assert _send(buyer, "/my/delegations/new", values).status == 303
    world.enterprise("another")
    second = {**values, "email": "another@example.cn"}
    said = _send(buyer, "/my/delegations/new", second)
    assert said.status == 409
    assert (
        _send(buyer, "/my/delegations/new", {**second, "submission": said.value_of("submission")}).status
        == 303
    )
    emails = db.session.scalars(
        select(User.email).join(Delegation, Delegation.user_id == User.id).order_by(Delegation.id)
    )
    assert emails.all() == ["helper@example.cn", "another@example.cn"]
    said = _send(sign_in_english(app, world), "/my/delegations/new", values)
    assert said.status in (303, 400), "of another session it is another key, and its token another token"


def sign_in_english(app: Flask, world: World) -> Visitor:
    visitor = Visitor(app, language="en")
    assert visitor.submit("/sign-in", email="buyer@example.cn", password=PASSWORD).status == 303
    return visitor


def test_the_conflict_is_said_in_the_readers_language(app: Flask, world: World) -> None:
    _furnish(world)
    visitor = sign_in_english(app, world)
    values = {**DOORS["a delegation"].fresh(), **_ticket(visitor, "/my/delegations/new")}
    assert _send(visitor, "/my/delegations/new", values).status == 303
    said = _send(visitor, "/my/delegations/new", {**values, "most": "1"})
    assert (said.status, "sent before" in said.text) == (409, True)


def test_a_reason_sent_twice_is_one_act(app: Flask, world: World) -> None:
    """The case has moved on when the second arrives; the form still asks what it asked."""
    request, buyer = world.request(), sign_in(app, world, "buyer")
    values = {"reason": "资金计划有变,不再采购", **_ticket(buyer, f"/requests/{request}/cancel")}
    answers = [buyer.post(f"/requests/{request}/cancel", values) for _ in range(2)]
    assert [a.location for a in answers] == [f"/requests/{request}"] * 2
    assert (
        buyer.post(f"/requests/{request}/cancel", {**values, "reason": "另一个理由,同样的钥匙"}).status == 409
    )


def test_a_form_that_looks_different_afterwards_is_still_the_same_form(app: Flask, world: World) -> None:
    """An award has no quotes to choose from once it is made.

    A template is revised from the version that stands now.
    """
    request = world.request()
    sourcing.submit_quote(world.actor("agency"), request, price=100, days=20)
    sourcing.close(world.actor("buyer"), request)
    contract = world.contract_of(world.awarded()).identifier
    added = len(templates_of(db.session, "report")[0].clauses)
    for role, path, change in (
        (
            "buyer",
            f"/requests/{request}/award",
            {"agency": world.identifiers["agency"], "reasons": "价格合理,工期满足"},
        ),
        ("agency", f"/contracts/{contract}/revise", {"text_secrecy": "双方另行签订保密协议。"}),
        (
            "regulator",
            "/contract-templates/report/revise",
            {f"title_{added}": "新的条款", f"text_{added}": "新的条款的文字。", "reason": "补充约定如下"},
        ),
    ):
        visitor = sign_in(app, world, role)
        page = visitor.get(path)
        values = {**standing(page.soup.select_one("main form[method=post]")), **change}
        first = visitor.post(path, values)
        assert first.status == 303, (path, first.text)
        made = _counted()
        again = visitor.post(path, values)
        assert (again.status, again.location, _counted()) == (303, first.location, made), path
        other = next(name for name in change if name != "agency")
        assert visitor.post(path, {**values, other: "另外的文字,同样的钥匙"}).status == 409


def test_actions_hold_the_key_themselves(world: World) -> None:
    """Whoever calls with a key gets the same: by act, by every argument, by person."""
    request = world.request()
    first = sourcing.submit_quote(world.actor("agency"), request, price=1000, days=20, submission="K")
    assert sourcing.submit_quote(world.actor("agency"), request, price=1000, days=20, submission="K") == first
    for change in ({"price": 1001}, {"days": 21}, {"note": "不同"}):
        with pytest.raises(Conflict, match="内容与这次不同"):
            sourcing.submit_quote(
                world.actor("agency"), request, **{"price": 1000, "days": 20, **change}, submission="K"
            )
    with pytest.raises(Conflict):
        sourcing.withdraw_quote(world.actor("agency"), first, submission="K")
    assert sourcing.submit_quote(world.actor("second"), request, price=1000, days=20, submission="K") != first
    assert db.session.scalar(select(func.count(Quote.id))) == 2
    with pytest.raises(NotAllowed):
        sourcing.submit_quote(VISITOR, request, price=1000, days=20, submission="K")
    assert db.session.scalar(select(func.count(Submission.id))) == 2, "what was refused uses up no key"


def test_a_fingerprint_tells_apart_and_gives_nothing_away() -> None:
    told = [
        {"a": 1},
        {"a": "1"},
        {"a": True},
        {"a": 1.5},
        {"a": None},
        {},
        {"b": 1},
        {"a": [1]},
        {"a": b"1"},
        {"a": b"2"},
        {"a": {"x": 1}},
        {"a": {1: 1}},
        {"a": {"1": 1}},
        {"a": clock.today()},
        {"a": clock.today().isoformat()},
        {"a": clock.now()},
        {"a": {1, 2}},
        {"a": [1, 2]},
    ]
    prints = {fingerprint(b"secret", "act", (), each) for each in told}
    assert len(prints) == len(told)
    assert (
        fingerprint(b"secret", "act", (1,), {})
        != fingerprint(b"secret", "act", (), {"a": 1})
        != fingerprint(b"secret", "other", (), {"a": 1})
    )
    assert fingerprint(b"secret", "act", (), {"a": 1, "b": {"x": 1, "y": 2}}) == fingerprint(
        b"secret", "act", (), {"b": {"y": 2, "x": 1}, "a": 1}
    )
    assert fingerprint(b"secret", "act", (), {"password": "p"}) != fingerprint(
        b"other", "act", (), {"password": "p"}
    ), "without the secret no password can be tried"
    with pytest.raises(TypeError):
        fingerprint(b"secret", "act", (object(),), {})
    assert submissions.key_of(None, "K") != submissions.key_of(1, "K")
    assert submissions.key_of(1, "\x00💥" * 5000) != submissions.key_of(1, "K"), "any text is a key"
