"""Letters leave by a mail server, each once; what does not answer is tried again; and what a letter says is made when it leaves."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from market import mailing
from market.accounts import actions as accounts
from market.accounts import confirming
from market.extensions import db
from models.accounts import User
from models.actors import VISITOR
from models.failures import Failure
from models.mails import Mail
from tests.factories import PASSWORD, World, code
from tests.web import Visitor

ADDRESS = "new@example.cn"


class Post(socketserver.StreamRequestHandler):
    """As much of a mail server as takes a letter."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip():
            command = line[:4].upper()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += self.rfile.readline()
                self.server.letters.append(message_from_bytes(body[:-5], policy=default))  # type: ignore[attr-defined]
            self.wfile.write({b"EHLO": b"250 here\r\n", b"QUIT": b"221 bye\r\n"}.get(command, b"250 taken\r\n"))
            if command == b"QUIT":
                return


@pytest.fixture
def letters(app: Flask) -> Iterator[list[EmailMessage]]:
    with socketserver.TCPServer(("127.0.0.1", 0), Post) as server:
        server.letters = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        app.config.update(MAIL=f"smtp://127.0.0.1:{server.server_address[1]}", MAIL_FROM="market@zjcs.example.cn")
        yield server.letters  # type: ignore[attr-defined]
        server.shutdown()


def signed_up() -> User:
    key = accounts.register(
        VISITOR, email=ADDRESS, password=PASSWORD, name="才旦", kind="enterprise", organisation="新单位", region_code="632801", uscc=code(7300)
    )
    db.session.rollback()
    return db.session.get_one(User, int(key))


def test_a_letter_leaves_once_and_its_link_is_good(app: Flask, world: World, letters: list[EmailMessage]) -> None:
    mailing.work()
    letters.clear()
    person = signed_up()
    assert (mailing.work(), mailing.work()) == (1, 0)
    (letter,) = letters
    assert (letter["To"], letter["From"], letter["Subject"]) == (ADDRESS, "market@zjcs.example.cn", "请确认您的邮箱")
    text = letter.get_content()
    link = next(line for line in text.splitlines() if line.startswith("http://market.test/confirm/"))
    assert confirming.read(link.rpartition("/")[2]).user_id == person.id
    assert "/confirm/" not in "".join(str(mail.data) for mail in db.session.scalars(select(Mail))), "no link lies in the database"
    assert Visitor(app, ADDRESS).get("/outbox").status == 404, "where letters leave, no page shows them"


def test_a_server_that_is_away_is_tried_again(app: Flask, world: World, letters: list[EmailMessage], time: Any) -> None:
    mailing.work()
    letters.clear()
    there = app.config["MAIL"]
    app.config["MAIL"] = "smtp://127.0.0.1:1"
    signed_up()
    assert mailing.work() == 0
    assert [failure.what for failure in db.session.scalars(select(Failure))] == ["mails"]
    app.config["MAIL"] = there
    time.instant += timedelta(minutes=1)
    assert mailing.work() == 1
    db.session.rollback()
    assert (len(letters), db.session.scalars(select(Failure)).all()) == (1, [])


def test_what_waited_for_a_server_for_too_long_stays(app: Flask, world: World, letters: list[EmailMessage], time: Any) -> None:
    signed_up()
    time.instant += mailing.TOO_OLD
    assert (mailing.work(), letters) == (0, [])


def test_without_a_server_nothing_leaves_and_nothing_fails(app: Flask, world: World) -> None:
    signed_up()
    assert mailing.work() == 0
    assert db.session.scalars(select(Mail.sent_at).where(Mail.to == ADDRESS)).all() == [None]


def test_every_kind_of_letter_can_be_written_in_both_languages(app: Flask, world: World) -> None:
    user = db.session.scalars(select(User)).first()
    data = {"organisation": "甲公司", "claim": "CL-2026-000001", "what": "增加了一名成员", "path": "/my", "address": ADDRESS}
    for kind in mailing.LETTERS:
        for locale in ("zh_Hans_CN", "en"):
            mail = Mail(user_id=user.id, user=user, to=ADDRESS, kind=kind, locale=locale, data=data)
            said = mailing.written(mail)
            assert said.link in said.text
            assert "%(" not in said.text + said.subject
        db.session.rollback()
