"""The accounts of the demonstration, whose password is published: they are nobody's in a market in use."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World, code
from market.demonstration.people import ACCOUNTS, PASSWORD
from market.extensions import db
from market.transaction import transaction
from models.accounts import User
from tests.web import Visitor


def _enter(email: str) -> None:
    person = User(email=email, name="管理员", is_admin=True)
    person.set_password(PASSWORD)
    with transaction() as session:
        session.add(person)


def _refused(visitor: Visitor, email: str) -> bool:
    answer = visitor.submit("/sign-in", email=email, password=PASSWORD)
    return answer.status == 403 and "演示账号" in answer.text and visitor.get("/my").status == 302


@pytest.mark.parametrize("email", [ACCOUNTS[-1][1], "d07@demo.gongxin.cn"])
def test_they_sign_in_nowhere_but_in_the_demonstration_and_a_trial(app: Flask, email: str) -> None:
    _enter(email)
    assert _refused(Visitor(app), email)
    for kind in ("DEMO", "TRIAL"):
        app.config[kind] = True
        visitor = Visitor(app)
        assert visitor.submit("/sign-in", email=email, password=PASSWORD).status == 303
        app.config[kind] = False
        assert visitor.get("/my").status == 302, "nor does who was signed in before stay so"


def test_a_wrong_password_is_a_wrong_password(app: Flask) -> None:
    _enter("admin@demo.gongxin.cn")
    assert Visitor(app).submit("/sign-in", email="admin@demo.gongxin.cn", password="guess").status == 401


def test_nobody_takes_such_an_address_and_keeps_the_market_from_starting_again(
    app: Flask, world: World
) -> None:
    fresh: dict[str, Any] = {
        "email": "Anybody@Demo.Gongxin.cn",
        "name": "来客",
        "password": "correct horse battery",
        "kind": "enterprise",
        "organisation": "来客有限公司",
        "uscc": code(7),
        "region_code": "632801",
    }
    answer = Visitor(app).submit("/sign-up", **fresh)
    assert (answer.status, answer.error_at("email")) == (422, "这个邮箱属于演示账号,请换一个。")
    added = Visitor(app, "buyer@example.cn").submit(
        "/my/members/new", email="a@demo.gongxin.cn", name="来客", password="correct horse battery"
    )
    assert (added.status, added.error_at("email")) == (422, "这个邮箱属于演示账号,请换一个。")
    db.session.rollback()
    assert db.session.scalars(select(User.email).where(User.email.endswith("@demo.gongxin.cn"))).all() == []
