"""The second factor: asked of those who must, offered to all.

Every code counts once, and only for whom it was made.
"""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from market.accounts import letters, second_factor
from market.extensions import db
from market.transaction import transaction
from models import factors, policy
from models.accounts import User
from models.factors import Authenticator, Passkey, RecoveryCode
from models.letters import Letter
from models.text import NotAllowed, RuleBroken
from tests.accounts.authenticator import SecurityKey, code
from tests.accounts.test_sessions import press
from tests.factories import PASSWORD, World
from tests.web import Answer, Visitor, sign_in

MUST = ("regulator", "department", "custodian", "admin")
MAY = ("buyer", "agency")


@pytest.fixture
def public(app: Flask, world: World) -> World:
    """A market as the public has it: the second factor is asked for."""
    world.appoint_admin()
    app.config["SECOND_FACTOR"] = "required"
    return world


def _secret(page: Answer) -> str:
    shown = page.soup.select_one("code.secret")
    assert shown is not None
    return shown.get_text().replace(" ", "").strip()


def set_up(visitor: Visitor) -> tuple[str, list[str]]:
    """Set up an authenticator; its secret, and the recovery codes that were shown."""
    secret = _secret(visitor.get("/my/security/authenticator"))
    done = visitor.submit("/my/security/authenticator", current=PASSWORD, code=code(secret))
    assert done.status in (200, 303), done.text
    return secret, [each.get_text() for each in done.soup.select("ul.codes code")]


def first_step(app: Flask, world: World, role: str) -> Visitor:
    visitor = Visitor(app)
    assert (
        visitor.submit("/sign-in", email=world.emails[role], password=PASSWORD).location == "/sign-in/second"
    )
    return visitor


def options_of(page: Answer) -> dict[str, Any]:
    asked = page.soup.select_one("[data-options]")
    assert asked is not None
    options: dict[str, Any] = json.loads(str(asked["data-options"]))
    return options


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
        assert visitor.post(path, {"csrf_token": token}).status in (403, 400), path
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
    from market.demo.people import PASSWORD as PUBLISHED
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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    assert answer.status in (401, 422)
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
    secret = _secret(visitor.get("/my/security/authenticator"))
    assert _secret(visitor.get("/my/security/authenticator")) == secret, (
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
        assert (said.status, bool(said.error_at(field)), _secret(said)) == (422, True, secret)
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
    time.instant += timedelta(minutes=10)
    assert late.post("/sign-in/second", {"csrf_token": "x"}).status in (303, 400)
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


def _with_key(app: Flask, world: World, role: str) -> tuple[Visitor, SecurityKey]:
    visitor, key = sign_in(app, world, role), SecurityKey()
    page = visitor.get("/my/security/passkeys/new")
    done = visitor.submit(
        "/my/security/passkeys/new",
        current=PASSWORD,
        name="办公室电脑",
        answer=key.register(options_of(page)),
    )
    assert (done.status, len(done.soup.select("ul.codes code"))) == (200, factors.CODES), done.text
    return visitor, key


@pytest.mark.parametrize("role", ["regulator", "buyer"])
def test_a_passkey_signs_in(app: Flask, public: World, role: str) -> None:
    visitor, key = _with_key(app, public, role)
    assert visitor.get("/my").status == 200
    assert "办公室电脑" in visitor.get("/my/security").text
    again = first_step(app, public, role)
    answer = key.sign(options_of(again.get("/sign-in/second")))
    thief = Visitor(app)
    thief.client._cookies = copy.copy(again.client._cookies)
    assert again.submit("/sign-in/second", answer=answer).location == "/my"
    assert again.get("/my").status == 200
    assert thief.get("/sign-in/second").status == 303
    other = first_step(app, public, role)
    assert other.submit("/sign-in/second", answer=answer).status == 401, "an answer is to one question"


def test_a_passkey_of_elsewhere_is_none(app: Flask, public: World) -> None:
    visitor = sign_in(app, public, "buyer")
    options = options_of(visitor.get("/my/security/passkeys/new"))
    assert (options["rp"]["id"], options["attestation"]) == ("market.test", "none")
    assert "buyer" not in str(options["user"]["id"])
    for origin in (
        "http://evil.test",
        "https://market.test",
        "http://market.test.evil.test",
        "http://market.test:81",
        "",
    ):
        said = visitor.submit(
            "/my/security/passkeys/new", current=PASSWORD, answer=SecurityKey(origin=origin).register(options)
        )
        assert said.status == 422, origin
    for changed in ({**options, "rp": {"id": "evil.test"}}, {**options, "challenge": "AAAA"}):
        assert (
            visitor.submit(
                "/my/security/passkeys/new", current=PASSWORD, answer=SecurityKey().register(changed)
            ).status
            == 422
        )
    stranger = sign_in(app, public, "agency")
    assert (
        stranger.submit(
            "/my/security/passkeys/new", current=PASSWORD, answer=SecurityKey().register(options)
        ).status
        == 422
    ), "a question is one browser's"
    assert db.session.scalars(select(Passkey.id)).all() == []


def test_signing_in_with_a_passkey_is_checked_in_every_part(app: Flask, public: World) -> None:
    _visitor, key = _with_key(app, public, "buyer")
    _other, theirs = _with_key(app, public, "agency")
    again = first_step(app, public, "buyer")
    options = options_of(again.get("/sign-in/second"))
    forged = SecurityKey(id=key.id)
    for answer in (
        forged.sign(options),
        theirs.sign(options),
        SecurityKey().sign(options),
        key.sign({**options, "challenge": "AAAA"}),
        key.sign({**options, "rpId": "evil.test"}),
    ):
        assert again.submit("/sign-in/second", answer=answer).status == 401
    key.origin = "https://phishing.test"
    assert again.submit("/sign-in/second", answer=key.sign(options)).status == 401
    key.origin = "http://market.test"
    key.count = 50
    assert again.submit("/sign-in/second", answer=key.sign(options)).status == 303
    key.count = 20
    copied = first_step(app, public, "buyer")
    assert (
        copied.submit("/sign-in/second", answer=key.sign(options_of(copied.get("/sign-in/second")))).status
        == 401
    ), "a copied key counts behind"


NONSENSE = [
    "{}",
    "[]",
    "null",
    "x",
    "0",
    '{"rawId": 1}',
    '{"rawId": "é"}',
    '{"id":"AA","rawId":"AA","type":"public-key","response":{}}',
    "[" * 5000,
    '{"a":' * 2000,
    "x" * 30_000,
    '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA","authenticatorData":"AA","signature":"AA"}}',
]


@pytest.mark.parametrize("answer", NONSENSE)
def test_no_answer_breaks_a_page(app: Flask, public: World, answer: str) -> None:
    visitor, _key = _with_key(app, public, "buyer")
    assert visitor.submit("/my/security/passkeys/new", current=PASSWORD, answer=answer).status == 422
    assert first_step(app, public, "buyer").submit("/sign-in/second", answer=answer).status == 401


def test_a_passkey_is_kept_once_and_taken_away(app: Flask, public: World) -> None:
    visitor, key = _with_key(app, public, "buyer")
    page = visitor.get("/my/security/passkeys/new")
    again = visitor.submit(
        "/my/security/passkeys/new", current=PASSWORD, answer=key.register(options_of(page))
    )
    assert (again.status, "已经登记过" in again.text) == (422, True)
    link = next(
        str(each["href"])
        for each in visitor.get("/my/security").soup.select("a")
        if str(each["href"]).endswith("/remove") and "passkeys" in str(each["href"])
    )
    assert sign_in(app, public, "agency").get(link).status == 404
    assert visitor.submit(link, current=PASSWORD).status == 303
    assert Visitor(app).submit("/sign-in", email="buyer@example.cn", password=PASSWORD).location == "/my"
    assert db.session.scalars(select(RecoveryCode.id)).all() == [], "with the last factor the codes go"


def test_a_market_without_a_name_offers_no_passkeys(app: Flask, public: World) -> None:
    for address in ("http://127.0.0.1:8000", "http://[::1]"):
        app.config["PUBLIC_URL"] = address
        visitor = sign_in(app, public, "buyer")
        assert visitor.get("/my/security/passkeys/new").status == 404
        assert "passkeys/new" not in visitor.get("/my/security").text
    set_up(visitor)


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
    with pytest.raises(RuleBroken):
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


def test_where_there_are_no_passkeys_it_says_why(app: Flask, world: World) -> None:
    app.config["PUBLIC_URL"] = "http://192.0.2.1"
    assert "PUBLIC_URL" in sign_in(app, world, "buyer").get("/my/security").text
