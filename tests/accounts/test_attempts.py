"""Tries are limited by account and address together.

An office behind one proxy waits for nobody's mistakes, a stranger keeps nobody out.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import PASSWORD, World, code
from market import attempts, create_app
from market.attempts import FREE, LONGEST_WAIT, MOST_OF_AN_ADDRESS, wait_after
from market.extensions import db, place
from market.serving import limits as ours
from models.letters import Letter
from tests.conftest import settings
from tests.web import Answer, Visitor

OFFICE, ELSEWHERE = "203.0.113.7", "198.51.100.9"


class Clock:
    """The machine's time, by which limits go."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def machine(monkeypatch: Any) -> Clock:
    clock = Clock()
    monkeypatch.setattr(ours.time, "time", clock)
    monkeypatch.setattr(attempts, "time", clock)
    return clock


@pytest.fixture
def limited(app: Flask, world: World, tmp_path: Path, machine: Clock) -> Iterator[list[Flask]]:
    """The same market in two processes that count together."""
    url = app.config["SQLALCHEMY_ENGINES"]["default"]["url"]
    db.session.rollback()
    told = {
        **settings(url, tmp_path),
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": f"limits+sqlite:///{tmp_path}/limits.sqlite3",
    }
    apps = [create_app(told) for _ in range(2)]
    yield apps
    for each in apps:
        with each.app_context():
            db.engine.dispose()


def _at(app: Flask, address: str) -> Visitor:
    visitor = Visitor(app)
    visitor.client.environ_base["REMOTE_ADDR"] = address
    return visitor


def _try(visitor: Visitor, password: str = "not the password", email: str = "buyer@example.cn") -> Answer:
    return visitor.submit("/sign-in", email=email, password=password)


@given(failures=st.integers(0, 10**6))
def test_waits_grow_and_end(failures: int) -> None:
    assert wait_after(failures) <= wait_after(failures + 1) <= LONGEST_WAIT
    assert (wait_after(failures) == 0) == (failures < FREE)


def test_one_account_from_one_address_waits_longer_each_time_in_any_process(
    limited: list[Flask], machine: Clock
) -> None:
    assert [_try(_at(limited[number % 2], OFFICE)).status for number in range(FREE)] == [401] * FREE
    waits = []
    for number in range(4):
        held = _try(_at(limited[number % 2], OFFICE), PASSWORD)
        assert (held.status, "秒" in held.text) == (429, True), "not even with the right password"
        assert held.value_of("email") == "buyer@example.cn"
        waits.append(wait_after(FREE + number))
        machine.now += waits[-1] - 1
        assert _try(_at(limited[number % 2], OFFICE), PASSWORD).status == 429
        machine.now += 2
        assert _try(_at(limited[number % 2], OFFICE)).status == 401
    assert waits == [5, 10, 20, 40]
    machine.now += wait_after(FREE + 4) + 1
    assert _try(_at(limited[0], OFFICE), PASSWORD).status == 303
    assert [_try(_at(limited[1], OFFICE)).status for _ in range(FREE)] == [401] * FREE, (
        "and what went wrong before is forgotten"
    )


def test_the_office_and_the_person_elsewhere_go_on(limited: list[Flask], machine: Clock) -> None:
    for _ in range(FREE * 4):
        _try(_at(limited[0], OFFICE))
    assert _try(_at(limited[0], OFFICE), PASSWORD).status == 429
    for colleague in ("agency", "second", "third", "regulator"):
        assert _try(_at(limited[0], OFFICE), PASSWORD, f"{colleague}@example.cn").status == 303, (
            "thirty people sign in at nine from one address"
        )
    assert _try(_at(limited[0], ELSEWHERE), PASSWORD).status == 303, "a stranger keeps nobody out"


def test_forty_people_of_one_office_sign_in_in_one_minute(limited: list[Flask]) -> None:
    assert [_try(_at(limited[number % 2], OFFICE), PASSWORD).status for number in range(40)] == [303] * 40


def test_a_browser_that_is_known_is_counted_by_itself(limited: list[Flask]) -> None:
    """The account is tried from the very network its owner sits in."""
    mine = _at(limited[0], OFFICE)
    assert _try(mine, PASSWORD).status == 303
    mine.client.delete_cookie("session")
    for _ in range(FREE + 3):
        _try(_at(limited[1], OFFICE))
    assert _try(_at(limited[1], OFFICE), PASSWORD).status == 429
    assert _try(mine, PASSWORD).status == 303
    mine.client.delete_cookie("session")
    assert [_try(mine).status for _ in range(FREE + 1)] == [401] * FREE + [429], "which is no way around"


def test_what_a_browser_is_known_by_cannot_be_made_up_nor_lent(limited: list[Flask]) -> None:
    mine = _at(limited[0], OFFICE)
    assert _try(mine, PASSWORD, "agency@example.cn").status == 303
    mine.client.delete_cookie("session")
    for _ in range(FREE):
        _try(mine)
    assert _try(mine, PASSWORD).status == 429, "known for one account is not known for another"
    for made_up in ("x", "eyJ9.x.y", mine.client.get_cookie(attempts.COOKIE).value[:-2]):
        thief = _at(limited[0], OFFICE)
        thief.client.set_cookie(attempts.COOKIE, made_up)
        assert _try(thief, PASSWORD).status == 429


def test_one_address_that_tries_everybody_stops_and_known_people_there_do_not(
    limited: list[Flask], machine: Clock
) -> None:
    known, told = _at(limited[0], OFFICE), _at(limited[0], OFFICE)
    assert _try(known, PASSWORD).status == 303
    known.client.delete_cookie("session")
    with limited[0].app_context():
        storage = attempts._storage()
        assert storage is not None
        storage.incr(attempts._key("place", OFFICE), 3600, MOST_OF_AN_ADDRESS - 1)
    assert _try(told, email="somebody@example.cn").status == 401
    assert _try(told, email="another@example.cn").status == 429
    assert _try(known, PASSWORD).status == 303
    assert _try(_at(limited[0], ELSEWHERE), PASSWORD, "agency@example.cn").status == 303
    machine.now += 3601
    assert _try(told, email="another@example.cn").status == 401


def test_unknown_addresses_are_counted_like_known_ones(limited: list[Flask]) -> None:
    answers = [
        [_try(_at(limited[0], OFFICE), email=address) for _ in range(FREE + 1)]
        for address in ("buyer@example.cn", "nobody@example.cn")
    ]
    assert [[each.status for each in row] for row in answers] == [[401] * FREE + [429]] * 2


def test_spellings_of_an_address_are_one_account(limited: list[Flask]) -> None:
    spellings = (
        "buyer@example.cn",
        "BUYER@example.cn",
        "ｂuyer@example.cn",
        " buyer@example.cn ",
        "bu\u200byer@example.cn",
    )
    for number in range(FREE):
        assert _try(_at(limited[0], OFFICE), email=spellings[number % len(spellings)]).status == 401
    assert _try(_at(limited[0], OFFICE), PASSWORD, spellings[2]).status == 429


def test_an_open_browser_does_not_try_the_password_for_ever(limited: list[Flask]) -> None:
    visitor = _at(limited[0], OFFICE)
    assert _try(visitor, PASSWORD).status == 303
    tried = [
        visitor.submit("/my/password", current=f"guess number {n}", password="another horse battery").status
        for n in range(FREE)
    ]
    assert tried == [422] * FREE
    assert visitor.submit("/my/security/remove", current=PASSWORD).status == 429, "whichever form asks for it"
    token = visitor.get("/my/password").value_of("csrf_token")
    assert (
        visitor.post(
            "/my/password", {"csrf_token": token, "current": PASSWORD, "password": "another horse battery"}
        ).status
        == 429
    )


def test_forms_that_are_wrong_otherwise_are_no_tries(limited: list[Flask]) -> None:
    visitor = _at(limited[0], OFFICE)
    assert _try(visitor, PASSWORD).status == 303
    for _ in range(FREE + 2):
        assert visitor.submit("/my/password", current=PASSWORD, password="short").status == 422
        assert _try(_at(limited[0], OFFICE), "").status == 422
    assert visitor.submit("/my/password", current=PASSWORD, password="another horse battery").status == 303


def test_second_codes_are_limited_from_everywhere_together(
    limited: list[Flask], machine: Clock, time: Any
) -> None:
    from tests.accounts.authenticator import code as shown
    from tests.accounts.factors import set_up

    owner = _at(limited[0], OFFICE)
    assert _try(owner, PASSWORD).status == 303
    secret, _codes = set_up(owner)
    owner.client.delete_cookie("session")
    for number in range(FREE):
        thief = _at(limited[number % 2], f"198.51.100.{number}")
        assert _try(thief, PASSWORD).location == "/sign-in/second"
        assert thief.submit("/sign-in/second", code="000000").status == 401
    thief = _at(limited[0], "198.51.100.200")
    _try(thief, PASSWORD)
    assert thief.submit("/sign-in/second", code=shown(secret, 1)).status == 429
    _try(owner, PASSWORD)
    assert owner.submit("/sign-in/second", code=shown(secret, 1)).status == 303, (
        "a browser the owner used before is counted by itself"
    )


STRANGER = {
    "name": "冒名",
    "password": "purple anchor lantern 42",
    "kind": "enterprise",
    "organisation": "冒名公司",
    "region_code": "632801",
    "legal_representative": "冒名",
}


def _claims_the_address(visitor: Visitor, email: str = "buyer@example.cn") -> None:
    """Somebody signs up under an address that is another's, and leaves again."""
    assert visitor.submit("/sign-up", email=email, uscc=code(7990), **STRANGER).status == 303
    visitor.client.delete_cookie("session")


def test_an_account_that_only_claims_the_address_is_no_way_around(
    limited: list[Flask], machine: Clock
) -> None:
    thief = _at(limited[0], ELSEWHERE)
    _claims_the_address(thief)
    assert thief.client.get_cookie(attempts.COOKIE) is None
    tried = []
    for number in range(FREE * 3):
        tried.append(_try(thief, f"guess number {number}").status)
        if number % 4 == 3 and number < FREE:
            assert _try(thief, STRANGER["password"]).status == 303
            assert thief.submit("/my/security/remove", current=STRANGER["password"]).status == 303
            thief.client.delete_cookie("session")
    assert tried == [401] * FREE + [429] * FREE * 2
    machine.now += wait_after(FREE) + 1
    assert _try(thief, STRANGER["password"]).status == 303, "the account itself waits like anybody"
    assert _try(_at(limited[0], ELSEWHERE)).status == 429, "and what it does right ends nobody's wait"
    assert _try(_at(limited[0], OFFICE), PASSWORD).status == 303


def test_second_codes_are_no_more_for_a_browser_that_claims_the_address(
    limited: list[Flask], machine: Clock
) -> None:
    from tests.accounts.factors import set_up

    owner = _at(limited[0], OFFICE)
    assert _try(owner, PASSWORD).status == 303
    set_up(owner)
    thief, tried = _at(limited[0], ELSEWHERE), []
    _claims_the_address(thief)
    for _ in range(4):
        assert _try(thief, STRANGER["password"]).status == 303
        thief.client.delete_cookie("session")
        assert _try(thief, PASSWORD).location == "/sign-in/second"
        tried += [thief.submit("/sign-in/second", code="000000").status for _ in range(4)]
    assert tried == [401] * FREE + [429] * (16 - FREE)
    db.session.rollback()
    assert len(db.session.scalars(select(Letter).where(Letter.kind == "factor_tried")).all()) == 1


def test_signing_in_again_begins_no_other_count(limited: list[Flask], machine: Clock) -> None:
    mine, before = _at(limited[0], OFFICE), []
    for _ in range(3):
        machine.now += 2
        assert _try(mine, PASSWORD).status == 303
        mine.client.delete_cookie("session")
        before.append(mine.client.get_cookie(attempts.COOKIE).value)
    for number in range(FREE):
        mine.client.set_cookie(attempts.COOKIE, before[number % 3])
        assert _try(mine).status == 401
    mine.client.set_cookie(attempts.COOKIE, before[0])
    assert _try(mine).status == 429


@given(host=st.integers(0, 2**64 - 1))
def test_all_of_a_household_is_one_place(host: int) -> None:
    def at(address: str) -> str:
        with Flask(__name__).test_request_context(environ_base={"REMOTE_ADDR": address}):
            return place()

    assert (
        at(str(IPv6Address((0x20010DB8_00010002 << 64) + host)))
        == at("2001:db8:1:2::1")
        != at("2001:db8:1:3::1")
    )
    assert at(f"::ffff:{OFFICE}") == at(OFFICE) == OFFICE != at(ELSEWHERE)


def test_another_address_of_the_same_household_is_no_way_around(limited: list[Flask]) -> None:
    tried = [_try(_at(limited[number % 2], f"2001:db8:1:2::{number:x}")).status for number in range(FREE + 2)]
    assert tried == [401] * FREE + [429] * 2
    with limited[0].app_context():
        storage = attempts._storage()
        assert storage is not None
        storage.incr(attempts._key("network", "2001:db8:1::/48"), 3600, attempts.MOST_OF_A_NETWORK)
    assert _try(_at(limited[0], "2001:db8:1:7::1"), email="another@example.cn").status == 429, (
        "nor are the networks of one site"
    )


def test_what_is_over_takes_no_room(tmp_path: Path, machine: Clock) -> None:
    storage = ours.SqliteStorage(f"limits+sqlite:///{tmp_path}/limits.sqlite3")
    for number in range(50):
        storage.incr(f"name {number}", 60)
    machine.now += 200
    storage.incr("one more", 60)
    assert storage._one("SELECT count(*) FROM counted") == (1,)


ASKS_AGAIN = {  # a page that asks for the password once more, and the rest of what it wants
    "/my/password": ("current", {"password": "violet kettle harbour 77"}),
    "/my/address": ("current", {"email": "new@example.cn"}),
    "/my/delegations/new": (
        "again",
        {"email": "x@example.cn", "scope": "tender", "most": "1000", "until": "2026-06-01T10:00"},
    ),
    "/my/signing/renew": ("again", {}),
    "/my/authorisation/declare": ("again", {"covers": ["sign"]}),
    "/my/security/authenticator": ("current", {"code": "000000"}),
}


@pytest.mark.parametrize("first", sorted(ASKS_AGAIN))
def test_a_session_left_open_guesses_the_password_nowhere_twice(
    limited: tuple[Flask, World], machine: Clock, first: str
) -> None:
    """The password is one: tries at it count together, on whatever page it is asked for."""
    visitor = _at(limited[0], OFFICE)
    assert _try(visitor, PASSWORD).status == 303
    field, rest = ASKS_AGAIN[first]
    for number in range(FREE):
        assert visitor.submit(first, **{**rest, field: f"guess {number} of many"}).status == 422
    for path, (field, rest) in ASKS_AGAIN.items():
        answer = visitor.submit(path, **{**rest, field: PASSWORD})
        assert answer.status == 429, path
        assert "尝试次数太多" in answer.text, path
    assert _try(_at(limited[0], OFFICE), PASSWORD).status == 303, "the owner signs in by another browser"


def test_the_password_asked_by_a_letters_link_counts_too(
    limited: tuple[Flask, World], machine: Clock
) -> None:
    from market.accounts.actions import confirming
    from models.accounts import User, known_as

    app = limited[0]
    with app.app_context():
        user: User = db.session.scalars(known_as("buyer@example.cn")).one()
        link = confirming.token(user, "other@example.cn")
        db.session.rollback()
    reader = _at(app, ELSEWHERE)
    for number in range(FREE):
        assert reader.submit(f"/confirm/{link}", password=f"guess {number} of many").status == 422
    answer = reader.submit(f"/confirm/{link}", password=PASSWORD)
    assert answer.status == 429
    assert "尝试次数太多" in answer.text
    assert _try(_at(app, ELSEWHERE), PASSWORD).status == 429
