"""Another password for who forgot it: by a letter, once, and soon."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, World
from market.accounts import jobs as letters
from market.accounts.actions import resets
from market.extensions import db
from models import failures
from models.actors import VISITOR
from models.errors import NotFound
from models.letters import MOST_AN_HOUR, Letter, Reset
from tests.accounts.authenticator import code as shown
from tests.accounts.factors import set_up
from tests.accounts.test_passwords import OTHER
from tests.web import Visitor, sign_in


def _link(address: str = "buyer@example.cn") -> str:
    letters.work()
    db.session.rollback()
    newest = db.session.scalars(
        select(Letter)
        .where(Letter.kind == "forgotten", Letter.address == address)
        .order_by(Letter.id.desc())
        .limit(1)
    ).one()
    found = re.search(r"http://market\.test(/forgotten/[\w-]+)", newest.text or "")
    assert found, newest.text
    return found[1]


def test_a_forgotten_password_is_chosen_anew_once(app: Flask, world: World) -> None:
    inside, visitor = sign_in(app, world, "buyer"), Visitor(app)
    for address in ("buyer@example.cn", "BUYER＠example.cn"):
        assert visitor.submit("/forgotten", email=address).location == "/forgotten/sent"
    first = _link()
    assert "至少 10" in visitor.submit(first, password="short").error_at("password")
    assert "名字" in visitor.submit(first, password="buyer单位2026").error_at("password")
    assert inside.get("/my").status == 200, "nothing has happened yet"
    assert visitor.submit(first, password=OTHER).location == "/sign-in?reset=1"
    assert inside.get("/my").status == 302, "every session has ended"
    assert visitor.get("/my").status == 302, "and the letter signs nobody in"
    assert visitor.get(first).status == 404, "once"
    assert db.session.scalars(select(Reset.id)).all() == [], "nor does the other letter do it again"
    assert Visitor(app).submit("/sign-in", email="buyer@example.cn", password=PASSWORD).status == 401
    assert Visitor(app).submit("/sign-in", email="buyer@example.cn", password=OTHER).location == "/my"


def test_it_is_open_for_half_an_hour_and_kept_as_a_hash(app: Flask, world: World, time: Any) -> None:
    Visitor(app).submit("/forgotten", email="buyer@example.cn")
    link = _link()
    token = link.rpartition("/")[2]
    assert token not in db.session.scalars(select(Reset.token_hash)).all()
    time.instant += timedelta(minutes=letters.RESET_MINUTES) - timedelta(seconds=1)
    assert Visitor(app).get(link).status == 200
    time.instant += timedelta(seconds=1)
    assert Visitor(app).get(link).status == 404
    with pytest.raises(NotFound):
        resets.choose(VISITOR, token, password=OTHER)
    letters.tidy()
    db.session.rollback()
    assert db.session.scalars(select(Reset.id)).all() == []


def test_a_token_somebody_makes_up_opens_nothing(app: Flask, world: World) -> None:
    Visitor(app).submit("/forgotten", email="buyer@example.cn")
    link = _link()
    kept = db.session.scalars(select(Reset.token_hash)).one()
    for made_up in (kept, link.rpartition("/")[2][:-1], "x", "%00", "é", "x" * 5000):
        assert Visitor(app).get(f"/forgotten/{made_up}").status == 404


def test_the_second_factor_is_asked_for_still(app: Flask, world: World) -> None:
    secret, _codes = set_up(sign_in(app, world, "buyer"))
    Visitor(app).submit("/forgotten", email="buyer@example.cn")
    assert Visitor(app).submit(_link(), password=OTHER).status == 303
    visitor = Visitor(app)
    assert visitor.submit("/sign-in", email="buyer@example.cn", password=OTHER).location == "/sign-in/second"
    assert visitor.get("/my").status == 302
    assert visitor.submit("/sign-in/second", code=shown(secret, 1)).location == "/my"


def test_nobody_is_flooded_and_nobody_elses_address_is_written_to(app: Flask, world: World) -> None:
    for _ in range(MOST_AN_HOUR + 3):
        resets.ask_reset(VISITOR, email="buyer@example.cn")
    resets.ask_reset(VISITOR, email="nobody@example.cn")
    letters.work()
    db.session.rollback()
    written = db.session.scalars(select(Letter.address).where(Letter.text.is_not(None))).all()
    assert written == ["buyer@example.cn"] * MOST_AN_HOUR
    assert db.session.scalars(select(Letter.id).where(Letter.done_at.is_(None))).all() == []
    assert Visitor(app).submit("/forgotten", email="no address").error_at("email")


def test_letters_are_in_the_language_of_who_asked(app: Flask, world: World) -> None:
    Visitor(app, language="en").submit("/forgotten", email="buyer@example.cn")
    _link()
    assert "minutes" in (db.session.scalars(select(Letter.text)).one() or "")


def test_administrators_read_what_was_not_sent_and_nobody_else(app: Flask, world: World) -> None:
    world.appoint_admin()
    Visitor(app).submit("/forgotten", email="buyer@example.cn")
    link = _link()
    admin = sign_in(app, world, "admin")
    assert link in admin.get("/admin/letters").text
    for role in ("buyer", "regulator", "custodian"):
        assert sign_in(app, world, role).get("/admin/letters").status == 403
    app.config["MAIL"] = "smtp://mail.test"
    assert admin.get("/admin/letters").status == 404, "where mail is sent nobody reads another's"


def test_the_demonstrations_passwords_stay(app: Flask) -> None:
    from tests.accounts.test_published import _enter

    app.config["DEMO"] = True
    _enter("admin@demo.gongxin.cn")
    resets.ask_reset(VISITOR, email="admin@demo.gongxin.cn")
    letters.work()
    db.session.rollback()
    assert db.session.scalars(select(Reset.id)).all() == []


class PostOffice:
    """A mail server on loopback that takes every letter, and can refuse."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.refuses = False
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as talk:
                self._talk(talk)

    def _talk(self, talk: Any) -> None:
        def say(line: bytes) -> None:
            talk.write(line + b"\r\n")
            talk.flush()

        say(b"220 here")
        while line := talk.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                say(b"354 go on")
                lines = []
                while (part := talk.readline()) != b".\r\n":
                    lines.append(part)
                self.taken.append(b"".join(lines).decode())
                say(b"250 taken")
            elif verb == b"RCPT" and self.refuses:
                say(b"451 later")
            elif verb == b"QUIT":
                say(b"221 bye")
                return
            else:
                say(b"250 ok")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def post_office(app: Flask) -> Iterator[PostOffice]:
    office = PostOffice()
    app.config.update(MAIL=f"smtp://127.0.0.1:{office.port}", MAIL_FROM="market@example.cn")
    yield office
    office.close()


def test_letters_go_out_by_mail_and_their_text_is_kept_nowhere(
    app: Flask, world: World, post_office: PostOffice, time: Any
) -> None:
    from email import message_from_string, policy

    resets.ask_reset(VISITOR, email="buyer@example.cn")
    post_office.refuses = True
    letters.work()
    db.session.rollback()
    assert [each.what for each in failures.of(db.session, "letters")] == ["letters"], (
        "what was not taken is tried again by itself"
    )
    post_office.refuses = False
    time.instant += timedelta(hours=1)
    letters.work()
    letters.work()
    (raw,) = post_office.taken
    letter = message_from_string(raw, policy=policy.default)
    assert (letter["To"], "market@example.cn" in str(letter["From"])) == ("buyer@example.cn", True)
    found = re.search(r"/forgotten/[\w-]+", letter.get_content())
    assert found
    assert Visitor(app).get(found[0]).status == 200
    db.session.rollback()
    kept = db.session.scalars(select(Letter)).one()
    assert (kept.text, kept.subject, kept.done_at is not None) == (None, None, True)
    assert failures.of(db.session, "letters") == {}
