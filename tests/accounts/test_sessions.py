"""Sessions end: by whoever signs out, by another password, by an administrator, by themselves.

And every copy of the cookie with them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from harness.factories import PASSWORD, World
from market.extensions import db
from market.transaction import transaction
from models import clock, sessions
from models.accounts import User
from models.events import Event
from models.sessions import SignIn
from tests.web import Answer, Visitor, sign_in

OTHER = "another horse battery"


def _copy(visitor: Visitor) -> Visitor:
    """The same cookies in another browser: stolen, or kept from before."""
    other = Visitor(visitor.app)
    other.client._cookies = copy.copy(visitor.client._cookies)
    return other


def _is_in(visitor: Visitor) -> bool:
    return visitor.get("/my/sessions").status == 200


def press(visitor: Visitor, page: str, action: str) -> Answer:
    """Press the button on a page that sends a form there."""
    form = visitor.get(page).soup.select_one(f"form[action='{action}']")
    assert form is not None, f"{page} has no button for {action}"
    token = form.select_one("[name=csrf_token]")
    assert token is not None
    return visitor.post(action, {"csrf_token": token["value"]})


def _signs_out(app: Flask, world: World, here: Visitor) -> None:
    assert press(here, "/my", "/sign-out").status == 303


def _changes_the_password(app: Flask, world: World, here: Visitor) -> None:
    assert here.submit("/my/password", current=PASSWORD, password=OTHER).status == 303
    assert _is_in(here), "this browser goes on"


def _ends_all(app: Flask, world: World, here: Visitor) -> None:
    assert press(here, "/my/sessions", "/my/sessions/end").status == 303


def _ends_this_one(app: Flask, world: World, here: Visitor) -> None:
    row = here.get("/my/sessions").soup.find("span", class_="tag")
    assert row is not None
    action = row.find_parent("tr").find("form")["action"]
    assert press(here, "/my/sessions", action).status == 303


def _by_an_administrator(app: Flask, world: World, here: Visitor) -> None:
    admin = sign_in(app, world, "admin")
    assert admin.submit("/admin/people/sessions", email=" Buyer@Example.cn", reason="电脑失窃").status == 303
    assert _is_in(admin)


WAYS: list[Callable[[Flask, World, Visitor], None]] = [
    _signs_out,
    _changes_the_password,
    _ends_all,
    _ends_this_one,
    _by_an_administrator,
]
EVERYWHERE = {_changes_the_password, _ends_all, _by_an_administrator}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_a_copied_cookie_is_worth_nothing_after(
    app: Flask, world: World, way: Callable[[Flask, World, Visitor], None]
) -> None:
    world.appoint_admin()
    here, elsewhere, somebody = (
        sign_in(app, world, "buyer"),
        sign_in(app, world, "buyer"),
        sign_in(app, world, "agency"),
    )
    copied, before = _copy(here), _copy(here)
    assert _is_in(copied)
    way(app, world, here)
    assert not _is_in(copied)
    token = before.get("/sign-in").value_of("csrf_token")
    assert before.post("/my/delegations/new", {"csrf_token": token}).location.startswith("/sign-in"), (
        "nor does it act"
    )
    assert _is_in(elsewhere) is (way not in EVERYWHERE)
    assert _is_in(somebody)
    again = _copy(copied)
    again.get("/my")
    assert not _is_in(again), "and nothing brings it back"


def test_the_cookie_holds_no_key_and_the_database_no_token(app: Flask, world: World) -> None:
    visitor = sign_in(app, world, "buyer")
    with visitor.client.session_transaction() as held:
        token = held["_user_id"]
        assert len(token) >= 43
    kept = db.session.scalars(select(SignIn)).one()
    assert token not in (kept.token_hash, kept.handle)
    assert kept.token_hash == sessions.token_hash(token)
    for forged in (
        kept.token_hash,
        kept.handle,
        str(kept.user_id),
        f"{kept.user_id}:",
        "",
        token[:-1],
        "é" * 40,
    ):
        with visitor.client.session_transaction() as held:
            held["_user_id"] = forged
        assert visitor.get("/my").status == 302, forged


def test_a_sign_in_leaves_no_token_of_before(app: Flask, world: World) -> None:
    """Whoever planted a session, or kept one, is not signed in by another's sign-in."""
    visitor = Visitor(app)
    visitor.get("/sign-in")
    planted = _copy(visitor)
    assert visitor.submit("/sign-in", email="buyer@example.cn", password=PASSWORD).status == 303
    assert not _is_in(planted)


LIMITS = {
    "regulator": (timedelta(minutes=30), timedelta(hours=10)),
    "custodian": (timedelta(minutes=30), timedelta(hours=10)),
    "department": (timedelta(minutes=30), timedelta(hours=10)),
    "admin": (timedelta(minutes=30), timedelta(hours=10)),
    "buyer": (timedelta(days=7), timedelta(days=30)),
    "agency": (timedelta(days=7), timedelta(days=30)),
}


@pytest.mark.parametrize("role", LIMITS)
def test_it_ends_by_itself_as_the_role_has_it(app: Flask, world: World, time: Any, role: str) -> None:
    world.appoint_admin()
    idle, longest = LIMITS[role]
    visitor, start = sign_in(app, world, role), time.instant
    time.instant = start + idle - timedelta(seconds=1)
    assert _is_in(visitor)
    time.instant += idle
    assert not _is_in(visitor), "not seen for that long"
    visitor, start = sign_in(app, world, role), time.instant
    while time.instant - start < longest - idle * 2 / 3:
        time.instant += idle * 2 / 3
        assert _is_in(visitor)
    time.instant = start + longest
    assert not _is_in(visitor), "however busy it was"


def test_a_new_role_has_its_limits_at_once(app: Flask, world: World, time: Any) -> None:
    visitor = sign_in(app, world, "buyer")
    time.instant += timedelta(hours=1)
    assert _is_in(visitor)
    with transaction() as session:
        session.scalars(select(User).where(User.email == "buyer@example.cn")).one().is_admin = True
    time.instant += timedelta(minutes=31)
    assert not _is_in(visitor)


def test_reading_a_page_writes_nothing_but_now_and_then(app: Flask, world: World, time: Any) -> None:
    visitor = sign_in(app, world, "buyer")
    written: list[str] = []
    event.listen(
        db.engine,
        "before_cursor_execute",
        lambda *args: written.append(args[2]) if args[2].startswith(("UPDATE", "INSERT", "DELETE")) else None,
    )
    for second in range(0, 119, 7):
        time.instant += timedelta(seconds=7)
        assert _is_in(visitor), second
    assert written == []
    time.instant += timedelta(minutes=2)
    assert _is_in(visitor)
    assert _is_in(visitor)
    assert len(written) == 1
    db.session.rollback()
    assert db.session.scalars(select(SignIn.seen_at)).one() == clock.now()


def test_who_is_signed_in_costs_no_query_more(app: Flask, world: World) -> None:
    visitor, asked = sign_in(app, world, "buyer"), list[str]()
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert visitor.get("/my/password").status == 200
    assert len([one for one in asked if "sign_ins" in one]) == 1
    assert not [one for one in asked if "FROM users" in one], "the person comes with it"


def test_the_page_lists_where_and_since_when_and_ends_any(app: Flask, world: World, time: Any) -> None:
    here = sign_in(app, world, "buyer")
    phone = Visitor(app)
    phone.client.environ_base |= {
        "HTTP_USER_AGENT": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0",
        "REMOTE_ADDR": "203.0.113.77",
    }
    assert phone.submit("/sign-in", email="buyer@example.cn", password=PASSWORD).status == 303
    page = here.get("/my/sessions")
    assert all(each in page.text for each in ("微信 · iOS", "203.0.113.0/24", "2026-03-02 09:00"))
    assert "203.0.113.77" not in page.text, "no more of an address than is needed"
    row = next(row for row in page.soup.select("main tr") if "微信" in row.get_text())
    theirs = str(row.find("form")["action"])
    stranger = sign_in(app, world, "agency")
    assert theirs not in stranger.get("/my/sessions").text
    token = stranger.get("/my/password").value_of("csrf_token")
    assert stranger.post(theirs, {"csrf_token": token}).status == 404
    assert _is_in(phone), "nobody ends another's"
    assert press(here, "/my/sessions", theirs).status == 303
    assert (_is_in(phone), _is_in(here)) == (False, True)


def test_one_person_has_so_many_and_no_more(app: Flask, world: World) -> None:
    first = sign_in(app, world, "buyer")
    for _ in range(sessions.MOST):
        sign_in(app, world, "buyer")
    assert not _is_in(first)
    assert len(db.session.scalars(select(SignIn.id)).all()) == sessions.MOST


def test_only_an_administrator_ends_anothers_and_learns_nothing_by_it(app: Flask, world: World) -> None:
    world.appoint_admin()
    assert sign_in(app, world, "regulator").submit("/my/password").status == 422
    for role in ("buyer", "regulator", "custodian"):
        assert sign_in(app, world, role).get("/admin/people/sessions").status == 403
    admin = sign_in(app, world, "admin")
    answers = [
        admin.submit("/admin/people/sessions", email=address, reason="核实")
        for address in ("buyer@example.cn", "nobody@example.cn")
    ]
    assert len({(each.status, each.location) for each in answers}) == 1
    kinds = db.session.execute(select(Event.kind, Event.audience).where(Event.case_type == "person")).all()
    assert kinds == [("person.session_end_all", "internal")]


def test_the_night_drops_what_is_over(app: Flask, world: World, time: Any) -> None:
    from market.accounts.jobs import tidy

    sign_in(app, world, "buyer")
    time.instant += timedelta(days=31)
    tidy()
    db.session.rollback()
    assert db.session.scalars(select(SignIn.id)).all() == []


@given(address=st.ip_addresses())
def test_a_network_is_no_address(address: Any) -> None:
    network = sessions.network_of(str(address))
    assert network.endswith(("/24", "/48"))
    assert (
        str(address) not in network or str(address).endswith((".0", ":")) or network.startswith(f"{address}/")
    )


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge · Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1 Version/18.0 Safari/605.1",
            "Safari · macOS",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("curl/8", ""),
        ("", ""),
        ("<script>" * 500, ""),
    ],
)
def test_a_browser_in_words(agent: str, said: str) -> None:
    assert sessions.device_of(agent) == said


def test_more_sessions_need_no_more_queries(app: Flask, world: World) -> None:
    here, asked = sign_in(app, world, "buyer"), list[str]()
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for _ in range(3):
        asked.clear()
        assert here.get("/my/sessions").status == 200
        counts.append(len(asked))
        for _more in range(4):
            sign_in(app, world, "buyer")
    assert len(set(counts)) == 1


def test_signing_out_everywhere_says_so(app: Flask, world: World) -> None:
    visitor = Visitor(app, "buyer@example.cn")
    ended = press(visitor, "/my/sessions", "/my/sessions/end")
    assert "已在所有设备退出" in visitor.get(ended.location).text
