"""Letters leave by a mail server, each once; what does not answer is tried again.

And what a letter says is made when it leaves.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, ClassVar

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, World, code
from market.accounts import jobs as letters
from market.accounts.actions import confirming, members
from market.extensions import db
from market.jobs import drain
from market.transaction import transaction
from models.accounts import User
from models.actors import VISITOR
from models.failures import Failure
from models.letters import Letter
from models.notice_settings import ContactAddress
from models.notifications import Notification
from tests.web import Visitor

ADDRESS = "new@example.cn"


class Post(socketserver.StreamRequestHandler):
    """As much of a mail server as takes a letter."""

    answers: ClassVar[dict[bytes, bytes]] = {}

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
            self.wfile.write(
                {b"EHLO": b"250 here\r\n", b"QUIT": b"221 bye\r\n", **self.answers}.get(
                    command, b"250 taken\r\n"
                )
            )
            if command == b"QUIT":
                return


@pytest.fixture
def post(app: Flask) -> Iterator[list[EmailMessage]]:
    with socketserver.TCPServer(("127.0.0.1", 0), Post) as server:
        server.letters = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        app.config.update(
            MAIL=f"smtp://127.0.0.1:{server.server_address[1]}", MAIL_FROM="market@zjcs.example.cn"
        )
        yield server.letters  # type: ignore[attr-defined]
        server.shutdown()


def signed_up() -> User:
    key = members.register(
        VISITOR,
        email=ADDRESS,
        password=PASSWORD,
        name="才旦",
        kind="enterprise",
        organisation="新单位",
        region_code="632801",
        uscc=code(7300),
    )
    db.session.rollback()
    return db.session.get_one(User, int(key))


def test_a_letter_leaves_once_and_its_link_is_good(
    app: Flask, world: World, post: list[EmailMessage]
) -> None:
    letters.work()
    post.clear()
    person = signed_up()
    assert (letters.work(), letters.work()) == (1, 0)
    (letter,) = post
    assert (letter["To"], letter["From"], letter["Subject"]) == (
        ADDRESS,
        "公信 <market@zjcs.example.cn>",
        "请确认您的邮箱",
    )
    text = letter.get_content()
    link = next(line for line in text.splitlines() if line.startswith("http://market.test/confirm/"))
    assert confirming.read(link.rpartition("/")[2]).user_id == person.id
    assert "/confirm/" not in "".join(
        f"{each.data} {each.text}" for each in db.session.scalars(select(Letter))
    ), "no link lies in the database"
    assert Visitor(app, ADDRESS).get("/outbox").status == 404, "where letters leave, no page shows them"


def test_a_server_that_is_away_is_tried_again(
    app: Flask, world: World, post: list[EmailMessage], time: Any
) -> None:
    letters.work()
    post.clear()
    there = app.config["MAIL"]
    app.config["MAIL"] = "smtp://127.0.0.1:1"
    signed_up()
    assert letters.work() == 0
    assert [failure.what for failure in db.session.scalars(select(Failure))] == ["letters"]
    app.config["MAIL"] = there
    time.instant += timedelta(minutes=1)
    assert letters.work() == 1
    db.session.rollback()
    assert (len(post), db.session.scalars(select(Failure)).all()) == (1, [])


def test_an_address_that_is_nobodys_is_not_tried_for_ever(
    app: Flask, world: World, post: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    letters.work()
    monkeypatch.setattr(Post, "answers", {b"RCPT": b"550 no such box\r\n"})
    signed_up()
    assert (letters.work(), letters.work()) == (1, 0)
    monkeypatch.setattr(Post, "answers", {b"RCPT": b"450 later\r\n"})
    members.add_member(world.actor("buyer"), email="later@example.cn", name="职员", password=PASSWORD)
    letters.work()
    assert db.session.scalars(select(Failure.what).distinct()).all() == ["letters"]


def test_without_a_server_nothing_leaves_and_whoever_it_is_to_reads_it(app: Flask, world: World) -> None:
    person = signed_up()
    assert letters.work() > 0
    db.session.rollback()
    (found,) = letters.own(db.session, db.session.get_one(User, person.id))
    assert (found[0].address, found[0].done_at is not None, "/confirm/" in found[1].path) == (
        ADDRESS,
        True,
        True,
    )


def test_every_kind_of_letter_can_be_written_in_both_languages(app: Flask, world: World) -> None:
    user = db.session.scalars(select(User)).first()
    data = {
        "organisation": "甲公司",
        "name": "卓玛",
        "claim": "CL-2026-000001",
        "record": "X-2026-000001",
        "authorisation": "LA-2026-000001",
        "state": "standing",
        "what": "增加了一名成员",
        "path": "/my",
        "address": ADDRESS,
        "buyer": "乙公司",
        "project": "水保方案",
        "reason": "账号疑被他人使用",
        "whom": "监管部门",
    }
    drain()
    notices = db.session.scalars(select(Notification).limit(50)).unique().all()
    data |= {"notification": notices[0].id, "notifications": [each.id for each in notices]}
    with transaction() as session:
        session.add(ContactAddress(user_id=user.id, channel="sms", address=ADDRESS))
    for kind in letters.TEXTS:
        for locale in ("zh_Hans_CN", "en"):
            said = letters.written(
                db.session,
                Letter(
                    user=user,
                    address=user.address if kind == "forgotten" else ADDRESS,
                    kind=kind,
                    user_id=user.id,
                    channel="sms" if kind == "code" else "mail",
                    locale=locale,
                    data=data,
                ),
            )
            assert said is not None, kind
            assert said.path in said.text
            assert "%(" not in said.text + said.subject
        db.session.rollback()


def test_a_letter_about_an_authority_of_before_is_still_written(app: Flask, world: World) -> None:
    """It lies in the outbox as it was put down, when it did not tell the state."""
    user = db.session.scalars(select(User)).first()
    data = {"organisation": "甲公司", "authorisation": "LA-2026-000001"}
    letter = Letter(user=user, address=ADDRESS, kind="authorisation_decided", locale="en", data=data)
    said = letters.written(db.session, letter)
    assert said is not None
    assert "LA-2026-000001" in said.text
    db.session.rollback()
