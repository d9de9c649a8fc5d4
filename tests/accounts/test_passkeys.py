"""Passkeys: what signs in, what is refused in every part of it, and where there are none."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, World
from market.extensions import db
from models import factors
from models.factors import Passkey, RecoveryCode
from tests.accounts.authenticator import SecurityKey
from tests.accounts.factors import first_step, set_up
from tests.web import Answer, Visitor, sign_in


def options_of(page: Answer) -> dict[str, Any]:
    asked = page.soup.select_one("[data-options]")
    assert asked is not None
    options: dict[str, Any] = json.loads(str(asked["data-options"]))
    return options


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


def test_where_there_are_no_passkeys_it_says_why(app: Flask, world: World) -> None:
    app.config["PUBLIC_URL"] = "http://192.0.2.1"
    page = sign_in(app, world, "buyer").get("/my/security").text
    assert "还没有设置这样的网址" in page
    assert "PUBLIC_URL" not in page, "a reader knows no settings"
