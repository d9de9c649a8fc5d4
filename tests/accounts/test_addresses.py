"""E-mail addresses in every spelling, and what may stand in the address of a page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import PASSWORD, World, code
from market.accounts.actions import confirming, delegating, members
from market.extensions import db
from models import clock, workdays
from models.accounts import Delegation, Membership, User
from models.spelling import UNKEEPABLE
from tests.machines import examples
from tests.web import Visitor, sign_in

# As somebody types it at sign-up, as it is kept, and how it may be typed at the next sign-in.
SPELLINGS = [
    (
        "li@ｅxample.cn",
        "li@example.cn",
        ["li@example.cn", "LI@EXAMPLE.CN", "ｌｉ＠example．cn", "l\u200bi@example.cn"],
    ),
    ("rene\u0301@example.cn", "ren\u00e9@example.cn", ["ren\u00e9@example.cn", "RENE\u0301@example.cn"]),
    ("wang@xn--fiqs8s.cn", "wang@中国.cn", ["wang@中国.cn", "Wang@中国。cn", "wang@XN--FIQS8S.cn"]),
]


@pytest.mark.parametrize(("typed", "kept", "others"), SPELLINGS, ids=["full width", "decomposed", "punycode"])
def test_an_account_is_one_whatever_the_address_is_typed_like(
    app: Flask, world: World, typed: str, kept: str, others: list[str]
) -> None:
    person = {
        "name": "李某",
        "password": PASSWORD,
        "kind": "enterprise",
        "organisation": "李某公司",
        "region_code": "632801",
        "uscc": code(7001),
    }
    assert Visitor(app).submit("/sign-up", email=typed, **person).status == 303
    person_made = db.session.scalars(select(User).where(User.name == "李某")).one()
    assert (person_made.email, person_made.email_asked) == (None, kept)
    assert Visitor(app).submit("/sign-in", email=kept, password=PASSWORD).status == 303, (
        "before it is confirmed, too"
    )
    confirming.show_address(kept)
    for number, other in enumerate([typed, kept, *others]):
        assert Visitor(app).submit("/sign-in", email=other, password=PASSWORD).status == 303, ascii(other)
        again = {
            **person,
            "uscc": code(7010 + number),
            "name": f"后来{number}",
            "password": "another horse battery",
        }
        assert Visitor(app).submit("/sign-up", email=other, **again).status == 303
        assert db.session.scalars(select(User.email_asked).where(User.name == again["name"])).one() == kept, (
            "an account of its own, that only claims the address"
        )
    assert Visitor(app).submit("/sign-in", email=typed, password="another password").status == 401


def test_an_address_is_looked_up_in_any_spelling(world: World) -> None:
    world.enterprise("helper")
    delegating.delegate(
        world.actor("buyer"),
        email=" Helper＠ＥXAMPLE.cn",
        scope=["tender"],
        most=100,
        until=workdays.add(clock.now(), 3),
    )
    assert db.session.query(Delegation).one().user.email == "helper@example.cn"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "a@",
        "@b.cn",
        "a@b",
        "a@\u200b",
        "a@b..cn",
        "\ufdfa" * 60 + "@example.cn",
        "a@xn--a.cn",
        "a\u2028b@example.cn",
        "a@exa mple.cn",
    ],
)
def test_what_is_no_address_is_told_at_the_field_and_signs_nobody_in(
    app: Flask, world: World, typed: str
) -> None:
    person = {
        "name": "李某",
        "password": PASSWORD,
        "kind": "enterprise",
        "organisation": "李某公司",
        "region_code": "632801",
        "uscc": code(7003),
    }
    refused = Visitor(app).submit("/sign-up", email=typed, **person)
    assert refused.status == 422
    assert refused.error_at("email")
    answer = Visitor(app).submit("/sign-in", email=typed, password=PASSWORD)
    assert answer.status == (401 if typed.strip() else 422)


@examples(25)
@given(typed=st.text(max_size=12))
def test_no_text_breaks_the_sign_in(app: Flask, world: World, typed: str) -> None:
    answer = Visitor(app).submit("/sign-in", email=f"{typed}@example.cn", password=PASSWORD)
    assert answer.status == (422 if UNKEEPABLE.search(typed) else 401)


@pytest.mark.parametrize(
    "address",
    [
        "a/b@example.cn",
        "a//b@example.cn",
        "a/./b@example.cn",
        "a/remove/b@example.cn",
        "a%2fb@example.cn",
        "a?b@example.cn",
        "a#b@example.cn",
        "ren\u00e9@例子.cn",
    ],
)
def test_any_member_can_be_removed_by_the_button_beside_it(app: Flask, world: World, address: str) -> None:
    members.add_member(world.actor("buyer"), email=address, name="某员工", password=PASSWORD)
    owner = sign_in(app, world, "buyer")
    form = next(
        form
        for form in owner.get("/my/organisation").soup.select("form")
        if "/my/members/" in str(form["action"])
    )
    token = form.select_one("input[name=csrf_token]")
    assert owner.post(str(form["action"]), {"csrf_token": token["value"]}).status == 303
    assert (
        db.session.scalars(select(Membership.role).join(Membership.user).where(User.name == "某员工")).all()
        == []
    )


def test_a_member_of_nobody_is_not_found(app: Flask, world: World) -> None:
    owner = sign_in(app, world, "buyer")
    token = owner.get("/my/members/new").value_of("csrf_token")
    for address in ("x/y@example.cn", "nobody", "agency@example.cn", "%00"):
        assert (
            owner.post(f"/my/members/{quote(address, safe='%')}/remove", {"csrf_token": token}).status == 404
        )


def _paths(app: Flask) -> dict[str, Any]:
    """A path for every rule with a number in it, `{}` where the number goes."""
    found = {}
    for rule in app.url_map.iter_rules():
        for name, converter in rule._converters.items():
            if type(converter).__name__ == "Number":
                values = dict.fromkeys(rule.arguments, "S-2026-000001") | {name: 7}
                with app.test_request_context():
                    _domain, path = rule.build(values) or ("", "")
                found[rule.endpoint] = path.replace("7", "{}", 1), "GET" in (rule.methods or set())
    return found


@pytest.mark.parametrize(
    "number", ["2147483648", "9223372036854775808", "9" * 19, "9" * 40, "9" * 5000, "-1", "1e3", "٣", "１"]
)
def test_a_number_the_database_could_not_hold_is_no_page(app: Flask, world: World, number: str) -> None:
    paths = _paths(app)
    assert len(paths) >= 3, "every rule with a number is found by its converter"
    for who in ("buyer", "agency", "custodian"):
        visitor = sign_in(app, world, who) if who in world.emails else Visitor(app)
        token = visitor.get("/sign-in").value_of("csrf_token")
        for path, reads in paths.values():
            answer = (
                visitor.get(path.format(number))
                if reads
                else visitor.post(path.format(number), {"csrf_token": token})
            )
            assert answer.status == 404, (who, path, number)


@pytest.mark.parametrize("text", ["%00", "a%00b", "%ff%fe", "%ed%a0%80", "%EF%BF%BE", "9" * 5000, "\u200b"])
def test_no_identifier_breaks_a_page(app: Flask, world: World, text: str) -> None:
    owner = sign_in(app, world, "buyer")
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and rule.arguments and "static" not in rule.endpoint:
            with app.test_request_context():
                built = (
                    rule.build(
                        {
                            name: "ZZZ" if type(c).__name__ != "Number" else 1
                            for name, c in rule._converters.items()
                        }
                    )
                    if "any" not in str(rule)
                    else None
                )
            if built:
                status = owner.get(built[1].replace("ZZZ", text)).status
                assert status in (200, 302, 303, 308, 403, 404, 405, 422), (rule.rule, text, status)
