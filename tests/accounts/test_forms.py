"""People and organisations: bad input is answered at the field, and nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import PASSWORD, World, code
from market.extensions import db
from models import clock
from models.accounts import Delegation, Organisation, User
from models.clock import BEIJING
from tests.web import Visitor, sign_in

ENTRY = {
    "kind": "agency",
    "organisation": "新来的事务所",
    "uscc": code(900),
    "region_code": "632801",
    "name": "才旦",
    "email": "new@example.cn",
    "password": PASSWORD,
    "introduction": "水土保持",
}


@pytest.mark.parametrize(
    ("field", "value", "zh", "en"),
    [
        ("uscc", "91630100MA00000000", "校验位", "check digit"),
        ("uscc", "", "请填写这一项", "must be filled in"),
        ("email", "not-an-address", "邮箱地址不正确", "not right"),
        ("password", "short", "至少 10 个字符", "at least 10"),
        ("organisation", "   ", "请填写", ""),
        ("organisation", "长" * 201, "", ""),
        ("region_code", "999999", "没有找到这个地区", "region"),
        ("kind", "bank", "", ""),
    ],
)
def test_signing_up(app: Flask, world: World, field: str, value: str, zh: str, en: str) -> None:
    for language, said in (("zh-CN", zh), ("en", en)):
        visitor = Visitor(app, language=language)
        values = {**ENTRY, field: value}
        answer = visitor.submit("/sign-up", **values)
        assert answer.status == 422
        assert said in answer.error_at(field)
        assert answer.error_at(field)
        for kept in {"organisation", "name", "introduction", "uscc"} - {field}:
            assert answer.value_of(kept) == ENTRY[kept]
        assert answer.value_of(field) == value if field in ("uscc", "email", "organisation") else True
        assert "input" in str(answer.soup.select_one("[name=password]"))
        assert not answer.soup.select_one("[name=password]").get("value"), "a password is never sent back"
    assert db.session.scalar(select(func.count(User.id)).where(User.email == "new@example.cn")) == 0


def test_a_changed_password_ends_every_other_session(app: Flask, world: World) -> None:
    here, copied = Visitor(app, "buyer@example.cn"), Visitor(app, "buyer@example.cn")
    assert copied.get("/my").status == 200
    assert here.submit("/my/password", current=PASSWORD, password="another horse battery").status == 303
    assert here.get("/my").status == 200, "with the new password this one goes on"
    assert copied.get("/my").location.startswith("/sign-in")


def test_signing_up_leaves_nothing_of_the_visitors_session(app: Flask, world: World) -> None:
    visitor = Visitor(app)
    with visitor.client.session_transaction() as held:
        held["planted"], held["locale"] = "by somebody else", "en"
    visitor.submit("/sign-up", **ENTRY)
    with visitor.client.session_transaction() as held:
        assert ("planted" in held, held["locale"]) == (False, "en")


def test_signing_up_and_in(app: Flask, world: World) -> None:
    visitor = Visitor(app)
    assert visitor.submit("/sign-up", **ENTRY).location == "/my/entry"
    assert visitor.get("/my").status == 200
    new = db.session.scalars(select(Organisation).where(Organisation.name == ENTRY["organisation"])).one()
    assert (new.state, new.committed_at) == ("draft", None)
    again = Visitor(app).submit("/sign-up", **{**ENTRY, "email": "other@example.cn"})
    assert again.location.startswith("/claims/"), "a code that is taken opens a claim"
    wrong = Visitor(app).submit("/sign-in", email="new@example.cn", password="wrong horse battery")
    assert (wrong.status, "邮箱或密码不正确" in wrong.text) == (401, True)
    unknown = Visitor(app).submit("/sign-in", email="nobody@example.cn", password="wrong horse battery")
    assert unknown.status == 401
    assert "邮箱或密码不正确" in unknown.text, "nobody learns who has an account"
    back = Visitor(app).post("/sign-in?next=//evil.example/", {})
    assert back.status == 400, "without its token a form is refused"
    inside = Visitor(app).submit("/sign-in?next=/contracts", email="new@example.cn", password=PASSWORD)
    assert inside.location == "/contracts"
    outside = Visitor(app).submit("/sign-in?next=//evil.example/", email="new@example.cn", password=PASSWORD)
    assert outside.location == "/my"


def test_too_many_attempts_are_slowed_down(tmp_path: Any) -> None:
    from market import create_app
    from tests.conftest import settings

    app = create_app(
        {
            **settings(f"sqlite:///{tmp_path}/none.sqlite3", tmp_path),
            "RATELIMIT_ENABLED": True,
            "WTF_CSRF_ENABLED": False,
        }
    )
    client = app.test_client()
    statuses = [client.post("/sign-up", data={}).status_code for _ in range(101)]
    assert statuses[:100] == [422] * 100
    assert statuses[100] == 429
    with app.app_context():
        db.engine.dispose()


def test_a_sign_out_ends_the_session(app: Flask, world: World) -> None:
    visitor = sign_in(app, world, "buyer")
    token = visitor.get("/my").soup.select_one("form[action='/sign-out'] [name=csrf_token]")["value"]
    assert visitor.post("/sign-out", {"csrf_token": token}).location == "/"
    assert visitor.get("/my").status == 302


TENDER = {
    "item_code": "WAT-01",
    "project": "高标准农田项目",
    "region_code": "632801",
    "description": "说明文字",
    "mode": "inquiry",
    "funds": "private",
    "openness": "open",
}


def _at(days: float) -> str:
    return f"{(clock.now() + timedelta(days=days)).astimezone(BEIJING):%Y-%m-%dT%H:%M}"


def test_members_and_delegates(app: Flask, world: World) -> None:
    world.enterprise("helper")
    buyer = sign_in(app, world, "buyer")
    person = {"name": "新成员", "email": "staff@example.cn", "password": PASSWORD}
    assert "至少 10" in buyer.submit("/my/members/new", **{**person, "password": "abc"}).error_at("password")
    assert buyer.submit("/my/members/new", **person).status == 303
    staff = Visitor(app, "staff@example.cn")
    assert staff.get("/my/organisation").status == 403, (
        "what was given to an address counts once it is confirmed"
    )
    world.emails["staff"] = "staff@example.cn"
    world.confirm("staff")
    assert "新成员" in staff.get("/my/organisation").text
    assert staff.get("/my/members/new").status == 403
    changed = {"current": "wrong horse battery", "password": "another horse battery"}
    assert "不正确" in staff.submit("/my/password", **changed).error_at("current")
    assert "至少 10" in staff.submit("/my/password", current=PASSWORD, password="short").error_at("password")
    assert staff.submit("/my/password", **{**changed, "current": PASSWORD}).location == "/my"
    assert (
        Visitor(app).submit("/sign-in", email="staff@example.cn", password="another horse battery").status
        == 303
    )
    assert Visitor(app).submit("/sign-in", email="staff@example.cn", password=PASSWORD).status == 401
    token = buyer.get("/my/organisation").soup.select_one("main [name=csrf_token]")["value"]
    assert buyer.post("/my/members/buyer@example.cn/remove", {"csrf_token": token}).status == 404
    assert buyer.post("/my/members/staff@example.cn/remove", {"csrf_token": token}).status == 303
    assert staff.get("/my/organisation").status == 403
    lent = {
        "email": "helper@example.cn",
        "scope": "tender",
        "most": "30,000",
        "until": _at(30),
        "again": PASSWORD,
    }
    for change, field in (
        ({"email": "no"}, "email"),
        ({"most": "0"}, "most"),
        ({"until": _at(-1)}, "until"),
        ({"scope": "award"}, "scope"),
        ({"again": "wrong horse battery"}, "again"),
    ):
        assert buyer.submit("/my/delegations/new", **{**lent, **change}).error_at(field), field
    assert buyer.submit("/my/delegations/new", **lent).status == 303
    helper = sign_in(app, world, "helper")
    key = db.session.scalars(select(Delegation.id)).one()
    asked = {"on_behalf_of": str(world.organisation("buyer").id), "budget": "30,000"}
    assert helper.submit("/requests/new?key=k", **TENDER, **asked).status == 422, "it counts for nothing yet"
    assert "/my/delegations" in helper.get("/my").text
    page = helper.get("/my/delegations")
    assert "直到您辞去" in page.text, "whoever accepts is told that it ties"
    token = page.soup.select_one("main [name=csrf_token]")["value"]
    for stranger in ("agency", "buyer"):
        other = sign_in(app, world, stranger)
        own_token = other.get("/my").soup.select_one("[name=csrf_token]")["value"]
        assert other.post(f"/my/delegations/{key}/accept", {"csrf_token": own_token}).status == 404, stranger
    assert "待受托人接受" in buyer.get("/my/organisation").text
    assert helper.post(f"/my/delegations/{key}/accept", {"csrf_token": token}).status == 303
    assert "您已接受" in helper.get("/my/delegations").text
    assert "受托人已接受" in buyer.get("/my/organisation").text
    own = helper.draft(**TENDER, on_behalf_of=str(world.organisation("buyer").id), budget="30,000")
    assert own.status == 303
    assert helper.submit(f"{own.location}/publish").status == 303
    token = buyer.get("/my/organisation").soup.select_one("main [name=csrf_token]")["value"]
    assert buyer.post(f"/my/delegations/{key}/revoke", {"csrf_token": token}).status == 303
    assert helper.get(f"{own.location}/cancel").status == 404
    agency = sign_in(app, world, "agency")
    token = agency.get("/my").soup.select_one("[name=csrf_token]")["value"]
    assert agency.post(f"/my/delegations/{key}/revoke", {"csrf_token": token}).status == 403


def test_all_that_is_wrong_is_said_at_once_each_at_its_field(app: Flask, world: World) -> None:
    visitor = Visitor(app)
    assert visitor.get("/sign-up").soup.select_one("legend .must"), "that a kind must be chosen is marked"
    values = {key: value for key, value in ENTRY.items() if key != "kind"} | {
        "password": "password1234",
        "uscc": "91630100MA00000000",
        "email": "nobody",
    }
    answer = visitor.submit("/sign-up", **values)
    assert answer.status == 422
    said = {field: answer.error_at(field) for field in ("kind", "password", "uscc", "email")}
    assert all(said.values()), said
    assert "执照上就是这样印的" in said["uscc"], "what the box beside it is for"
    assert "密码要重新填写" in answer.text, "a password is not still there"
