"""The second factor: asked of those who must, offered to all.

Every code counts once, and only for whom it was made.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import PASSWORD, World
from market.accounts import jobs as letters
from market.accounts.actions import second_factor
from market.extensions import db
from market.transaction import transaction
from models import factors, policy
from models.accounts import User
from models.errors import NotAllowed, RuleViolation
from models.factors import Authenticator, RecoveryCode
from models.letters import Letter
from tests.accounts.authenticator import code
from tests.accounts.factors import first_step, secret_of, set_up
from tests.accounts.test_sessions import press
from tests.machines import examples
from tests.web import Visitor, sign_in

MUST = ("regulator", "department", "custodian", "admin")
MAY = ("buyer", "agency")


@pytest.mark.parametrize("role", MUST)
def test_who_must_does_nothing_else_first(app: Flask, public: World, role: str) -> None:
    visitor = sign_in(app, public, role)
    for path in (
        "/my",
        "/",
        "/my/organisation",
        "/oversight/agencies.csv",
        "/custody",
        "/admin/override",
        "/ledger",
        "/agencies",
        "/my/notices",
    ):
        assert visitor.get(path).location == "/my/security", path
    token = visitor.get("/my/security").soup.select_one("[name=csrf_token]")["value"]
    for path in (
        "/admin/override",
        "/my/members/new",
        "/requests/new",
        "/my/security/remove",
        "/hooks/stripe",
    ):
        assert visitor.post(path, {"csrf_token": token}).status == 403, path
    assert "必须使用第二重验证" in visitor.get("/my/security").text
    _, codes = set_up(visitor)
    assert len(codes) == factors.CODES
    assert visitor.get("/my").status == 200


@pytest.mark.parametrize("role", MAY)
def test_everybody_else_may(app: Flask, public: World, role: str) -> None:
    visitor = sign_in(app, public, role)
    assert visitor.get("/my").status == 200
    secret, _codes = set_up(visitor)
    again = first_step(app, public, role)
    assert again.get("/my").status == 302, "half-way is nobody"
    again.client.get("/my")
    assert again.submit("/sign-in/second", code=code(secret, 1)).location == "/my"
    assert again.get("/my").status == 200


def test_the_demonstrations_accounts_need_none_there(app: Flask) -> None:
    from market.demonstration.people import PASSWORD as PUBLISHED
    from tests.accounts.test_published import _enter

    app.config.update(DEMO=True, SECOND_FACTOR="required")
    _enter("admin@demo.gongxin.cn")
    visitor = Visitor(app)
    assert visitor.submit("/sign-in", email="admin@demo.gongxin.cn", password=PUBLISHED).status == 303
    assert visitor.get("/my").status == 200


def test_every_role_the_policy_names_is_meant(app: Flask) -> None:
    assert set(policy.current().words("session.second_factor_roles")) == set(MUST)


def test_a_code_counts_once_and_not_for_long(app: Flask, public: World, time: Any) -> None:
    secret, _codes = set_up(sign_in(app, public, "buyer"))
    first = first_step(app, public, "buyer")
    assert first.submit("/sign-in/second", code=code(secret)).status == 401, (
        "the code that set it up is used up"
    )
    time.instant += timedelta(seconds=30)
    shown = code(secret)
    twin = first_step(app, public, "buyer")
    assert first.submit("/sign-in/second", code=f" {shown[:3]} {shown[3:]} ").status == 303
    assert twin.submit("/sign-in/second", code=shown).status == 401, (
        "nor in another browser within the thirty seconds"
    )
    assert twin.submit("/sign-in/second", code=code(secret, -1)).status == 401, "nor an older one"
    for steps in (-3, -2, 2, 3):
        assert twin.submit("/sign-in/second", code=code(secret, steps)).status == 401, steps
    said = twin.submit("/sign-in/second", code="０00000")
    assert (said.status, "用过" in said.error_at("code")) == (401, True)
    full_width = code(secret, 1).translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert twin.submit("/sign-in/second", code=full_width).status == 303


@examples(60)
@given(steps=st.lists(st.integers(-4, 4), min_size=1, max_size=12))
def test_no_step_counts_twice_in_any_order(session: Any, steps: list[int]) -> None:
    secret, last, counted = factors.fresh_secret(), 0, []
    for steps_on in steps:
        step = factors.step_of(secret, code(secret, steps_on), last)
        if step is not None:
            counted.append(step)
            last = step
    assert counted == sorted(set(counted))


@pytest.mark.parametrize(
    "typed", ["", " ", "12345", "1234567", "abcdef", "\u200b", "-1", "0" * 40, "１２３", "𝟘" * 6, "'; --"]
)
def test_what_is_no_code_is_refused_in_words(app: Flask, public: World, typed: str) -> None:
    set_up(sign_in(app, public, "buyer"))
    visitor = first_step(app, public, "buyer")
    answer = visitor.submit("/sign-in/second", code=typed)
    assert answer.status == 401
    assert answer.error_at("code")


def test_a_recovery_code_counts_once_however_it_is_typed(app: Flask, public: World) -> None:
    _, codes = set_up(sign_in(app, public, "buyer"))
    kept = db.session.scalars(select(RecoveryCode.code_hash)).all()
    assert len(kept) == len(set(kept)) == factors.CODES
    assert not set(codes) & set(kept)
    typed = codes[0].upper().replace("-", " ")
    assert first_step(app, public, "buyer").submit("/sign-in/second", code=typed).status == 303
    assert first_step(app, public, "buyer").submit("/sign-in/second", code=codes[0]).status == 401
    visitor = first_step(app, public, "buyer")
    assert visitor.submit("/sign-in/second", code=codes[1]).status == 303
    assert "还剩 8 个" in visitor.get("/my/security").text
    assert all(each not in visitor.get("/my/security").text for each in codes)
    fresh = [
        each.get_text()
        for each in visitor.submit("/my/security/codes", current=PASSWORD).soup.select("ul.codes code")
    ]
    assert len(set(fresh) - set(codes)) == factors.CODES
    assert first_step(app, public, "buyer").submit("/sign-in/second", code=codes[2]).status == 401, (
        "those of before are none"
    )
    assert first_step(app, public, "buyer").submit("/sign-in/second", code=fresh[0]).status == 303


def test_anothers_codes_are_nothing(app: Flask, public: World) -> None:
    secret, codes = set_up(sign_in(app, public, "buyer"))
    set_up(sign_in(app, public, "agency"))
    visitor = first_step(app, public, "agency")
    for typed in (code(secret, 1), codes[0]):
        assert visitor.submit("/sign-in/second", code=typed).status == 401


def test_the_secret_is_sealed_and_offered_before_it_is_kept(app: Flask, public: World) -> None:
    visitor = sign_in(app, public, "buyer")
    secret = secret_of(visitor.get("/my/security/authenticator"))
    assert secret_of(visitor.get("/my/security/authenticator")) == secret, (
        "a page looked at twice shows the same"
    )
    assert db.session.scalars(select(Authenticator.id)).all() == [], "and writes nothing"
    with visitor.client.session_transaction() as held:
        assert secret not in str(dict(held))
    for typed, current, field in (
        ("000000", PASSWORD, "code"),
        (code(secret), "wrong horse battery", "current"),
        ("", PASSWORD, "code"),
    ):
        said = visitor.submit("/my/security/authenticator", current=current, code=typed)
        assert (said.status, bool(said.error_at(field)), secret_of(said)) == (422, True, secret)
    set_up(visitor)
    kept = db.session.scalars(select(Authenticator)).one()
    assert secret.encode() not in kept.sealed
    picture = visitor.get("/my/security/authenticator").soup.select_one("main img")
    assert str(picture["src"]).startswith("data:image/svg+xml")
    assert picture["alt"]


def test_setting_it_up_ends_what_was_signed_in_without(app: Flask, public: World) -> None:
    here, elsewhere = sign_in(app, public, "buyer"), sign_in(app, public, "buyer")
    stolen = Visitor(app)
    stolen.client._cookies = copy.copy(here.client._cookies)
    set_up(here)
    assert [each.get("/my").status for each in (here, elsewhere, stolen)] == [200, 302, 302]
    letters.work()
    db.session.rollback()
    assert [each.kind for each in db.session.scalars(select(Letter).where(Letter.kind != "confirm"))] == [
        "factor_changed"
    ]


def test_half_way_ends_too(app: Flask, public: World, time: Any) -> None:
    secret, _codes = set_up(sign_in(app, public, "buyer"))
    late, changed = first_step(app, public, "buyer"), first_step(app, public, "buyer")
    token = late.get("/sign-in/second").soup.select_one("[name=csrf_token]")["value"]
    time.instant += timedelta(minutes=10)
    assert late.post("/sign-in/second", {"csrf_token": token, "code": code(secret)}).location == "/sign-in"
    assert late.get("/sign-in/second").location == "/sign-in"
    waiting, owner = first_step(app, public, "buyer"), first_step(app, public, "buyer")
    copied = Visitor(app)
    copied.client._cookies = copy.copy(owner.client._cookies)
    assert owner.submit("/sign-in/second", code=code(secret)).status == 303
    assert copied.get("/sign-in/second").location == "/sign-in", "what was half-way is used up"
    assert owner.submit("/my/password", current=PASSWORD, password="another horse battery").status == 303
    assert waiting.get("/sign-in/second").location == "/sign-in", "a changed password ends it as well"
    assert changed.get("/sign-in/second").location == "/sign-in"


def test_taking_it_away_asks_for_the_password_and_of_who_must_another(app: Flask, public: World) -> None:
    visitor = sign_in(app, public, "regulator")
    set_up(visitor)
    assert visitor.submit("/my/security/remove", current="wrong horse battery").error_at("current")
    assert visitor.submit("/my/security/remove", current=PASSWORD).location == "/my/security"
    assert visitor.get("/my").location == "/my/security"
    assert db.session.scalars(select(RecoveryCode.id)).all() == []


def test_who_lost_everything_asks_an_administrator(app: Flask, public: World) -> None:
    set_up(sign_in(app, public, "buyer"))
    admin = sign_in(app, public, "admin")
    set_up(admin)
    assert admin.submit("/admin/people/factors", email="buyer@example.cn", reason=" ").status == 422
    answers = [
        admin.submit("/admin/people/factors", email=address, reason="当面核对了身份证")
        for address in ("buyer@example.cn", "nobody@example.cn")
    ]
    assert len({(each.status, each.location) for each in answers}) == 1
    assert Visitor(app).submit("/sign-in", email="buyer@example.cn", password=PASSWORD).location == "/my"
    with pytest.raises(NotAllowed):
        second_factor.reset_of(public.actor("regulator"), email="agency@example.cn", reason="核实")


def test_signing_out_and_the_button_work_from_the_page_one_is_kept_on(app: Flask, public: World) -> None:
    visitor = sign_in(app, public, "admin")
    assert press(visitor, "/my/security", "/sign-out").status == 303
    assert visitor.get("/my").status == 302


def test_two_at_once_use_one_code_once(app: Flask, public: World) -> None:
    """The row is locked, so the second finds the step used; the same inside one transaction after another."""
    secret, codes = set_up(sign_in(app, public, "buyer"))
    key = db.session.scalars(select(User.id).where(User.email == "buyer@example.cn")).one()
    shown = code(secret, 1)
    with transaction() as session:
        assert factors.use_totp(session, key, shown, app.extensions["sealing_key"])
        assert not factors.use_totp(session, key, shown, app.extensions["sealing_key"])
        assert factors.use_recovery(session, key, codes[3])
        assert not factors.use_recovery(session, key, codes[3])


def test_codes_without_a_factor_are_refused(public: World) -> None:
    with pytest.raises(RuleViolation):
        second_factor._set_codes(public.actor("buyer"), factors.fresh_codes())


def test_where_it_is_waived_pages_say_so(app: Flask, world: World) -> None:
    app.config["SECOND_FACTOR"] = "offered"
    assert "没有强制" in sign_in(app, world, "regulator").get("/my/security").text
    assert "没有强制" not in sign_in(app, world, "buyer").get("/my/security").text, (
        "nothing is asked of a buyer"
    )
    assert "没有强制" in sign_in(app, world, "visitor").get("/policy").text
    app.config["SECOND_FACTOR"] = "required"
    assert "没有强制" not in sign_in(app, world, "visitor").get("/policy").text
