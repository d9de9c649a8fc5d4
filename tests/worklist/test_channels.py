"""By which way people hear of things: at once, in a digest, or not; and where codes and notices go."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.accounts import jobs as letters
from market.extensions import db
from market.jobs import drain
from market.jobs.nightly import PARTS
from market.notices.telling import send_digests
from market.sourcing.actions import quotes
from market.transaction import transaction
from market.worklist import actions
from models.errors import RuleViolation
from models.failures import Failure
from models.letters import Letter
from models.notice_settings import MOST_TRIES, ContactAddress, DigestEntry
from models.notifications import KINDS, Notification
from tests.sourcing.readable import opened
from tests.test_mail import post  # noqa: F401 - the fixture
from tests.web import Visitor, sign_in

NOTICES = ("notice", "digest")


class Gateway(BaseHTTPRequestHandler):
    """A gateway for short messages, whose answer a test decides."""

    answer: ClassVar[tuple[int, bytes]] = (200, b'{"taken": true}')
    taken: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer let me in"
        if self.answer[0] == 200:
            self.taken.append(told)
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def gateway(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Gateway]]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(Gateway, "taken", [])
    url = f"http://127.0.0.1:{server.server_port}/send"
    app.config.update(SMS_URL=url, SMS_TOKEN="let me in", WECHAT_URL=url, WECHAT_TOKEN="let me in")
    yield Gateway
    server.shutdown()
    server.server_close()
    thread.join()


def choose(world: World, name: str, locale: str = "zh_Hans_CN", **wishes: dict[str, str]) -> None:
    actions.choose(world.actor(name), locale=locale, wishes=wishes)


def quiet() -> None:
    """All that was told so far is dealt with."""
    drain()
    send_digests()
    letters.work()
    db.session.rollback()


def put_down(kind: str = "notice") -> list[tuple[str, str]]:
    """The letters of this kind that wait: by which way, to whom."""
    db.session.rollback()
    query = select(Letter.channel, Letter.address).where(Letter.kind == kind, Letter.done_at.is_(None))
    return sorted((channel, address) for channel, address in db.session.execute(query))


def test_results_leave_at_once_and_the_rest_in_one_digest(
    app: Flask,
    world: World,
    time: Any,
    post: list[EmailMessage],  # noqa: F811
) -> None:
    quiet()
    post.clear()
    tender = world.tender(project="清水河项目")
    quotes.submit(world.actor("agency"), tender, price=100, days=20)
    drain()
    assert put_down() == [], "progress and new work wait for the digest"
    assert PARTS["digests"].do is send_digests
    assert send_digests() == 4
    assert (send_digests(), db.session.scalars(select(DigestEntry)).all()) == (0, [])
    letters.work()
    digests = {str(each["To"]): each for each in post}
    assert set(digests) == {"buyer@example.cn", *(f"{n}@example.cn" for n in ("agency", "second", "third"))}
    said = digests["second@example.cn"]
    assert str(said["Subject"]) == "您有 1 条新通知"
    text = said.get_content()
    assert "可以承接的采购" in text
    assert "清水河项目" in text
    assert "http://market.test/my/notices" in text
    post.clear()
    opened(world, time, "sealed_bid", project="黑水河项目")
    drain()
    letters.work()
    assert {str(each["To"]) for each in post} >= {"agency@example.cn", "second@example.cn"}
    assert all("统一拆封" in str(each["Subject"]) for each in post), (
        "the opening is a result; bids are progress"
    )


def test_what_was_read_by_then_stands_in_no_digest(
    app: Flask,
    world: World,
    post: list[EmailMessage],  # noqa: F811
) -> None:
    quiet()
    post.clear()
    world.tender()
    drain()
    actions.read_all(world.actor("second"))
    send_digests()
    letters.work()
    assert {str(each["To"]) for each in post} == {"agency@example.cn", "third@example.cn"}


def test_everybody_chooses_for_himself_in_his_language(
    app: Flask,
    world: World,
    post: list[EmailMessage],  # noqa: F811
) -> None:
    world.member("agency", "colleague")
    quiet()
    post.clear()
    page = sign_in(app, world, "colleague").get("/my/notices/settings")
    assert page.value_of("mail_work") == "daily"
    assert (
        sign_in(app, world, "colleague").submit("/my/notices/settings", mail_work="now", locale="en").status
        == 303
    )
    choose(world, "agency", mail=dict.fromkeys(KINDS, "never"))
    choose(world, "second", mail={"work": "never"})
    world.tender(project="清水河项目")
    drain()
    assert put_down() == [("mail", "colleague@example.cn")]
    letters.work()
    (letter,) = post
    assert str(letter["Subject"]) == "Publish the request 清水河项目" or "清水河项目" in str(
        letter["Subject"]
    )
    assert "You can change how you hear of things" in letter.get_content()
    send_digests()
    assert put_down("digest") == [("mail", "third@example.cn")]
    notices = sign_in(app, world, "agency").get("/my/notices?kind=work").text
    assert "清水河项目" in notices, "the page has all, whatever was chosen"


def test_nothing_else_than_what_is_offered_can_be_chosen(app: Flask, world: World) -> None:
    for wishes in (
        {"mail": {"result": "often"}},
        {"mail": {"gossip": "now"}},
        {"sms": {"result": "now"}},
    ):
        with pytest.raises(RuleViolation, match="没有这样的通知方式"):
            choose(world, "agency", **wishes)
    with pytest.raises(RuleViolation, match="语言"):
        choose(world, "agency", locale="xx", mail={})
    assert sign_in(app, world, "agency").submit("/my/notices/settings", mail_work="often").status == 422


def a_number(app: Flask, world: World, gateway: type[Gateway], channel: str, address: str) -> Visitor:
    person = sign_in(app, world, "agency")
    assert person.submit(f"/my/notices/address/{channel}", address=address).location.endswith("/confirm")
    assert letters.work() == 1
    code = re.search(r"[0-9]{6}", gateway.taken[-1]["text"])
    assert code is not None
    assert person.submit(f"/my/notices/address/{channel}/confirm", code=code[0]).status == 303
    return person


@pytest.mark.parametrize(
    ("channel", "address"), [("sms", "13897654321"), ("wechat", "o6_bmjrPTlm6_2sgVt7hMZOPfL2M")]
)
def test_a_notice_leaves_by_a_gateway_once_the_address_was_shown(
    app: Flask, world: World, gateway: type[Gateway], channel: str, address: str
) -> None:
    quiet()
    choose(world, "agency", **{channel: {"work": "now"}})
    world.tender(project="第一个项目")
    drain()
    assert (channel, address) not in put_down(), "no address yet"
    quiet()
    person = a_number(app, world, gateway, channel, address)
    gateway.taken.clear()
    world.tender(project="清水河项目")
    drain()
    assert (channel, address) in put_down()
    letters.work()
    (told,) = gateway.taken
    assert (told["channel"], told["to"]) == (channel, address)
    assert "清水河项目" in told["subject"]
    assert told["link"].startswith("http://market.test/my/notices/")
    assert person.get(told["link"].removeprefix("http://market.test")).status == 303
    with pytest.raises(RuleViolation):
        choose(world, "agency", **{channel: {"work": "daily"}})  # nobody is woken at night
    page = person.get("/my/notices/settings")
    assert address in page.text
    token = page.value_of("csrf_token")
    assert person.post(f"/my/notices/address/{channel}/remove", {"csrf_token": token}).status == 303
    world.tender(project="第三个项目")
    drain()
    assert (channel, address) not in put_down()


def test_a_gateway_that_is_away_is_tried_again_and_one_that_refuses_is_not(
    app: Flask, world: World, gateway: type[Gateway], time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet()
    a_number(app, world, gateway, "sms", "13897654321")
    choose(world, "agency", sms={"work": "now"}, mail=dict.fromkeys(KINDS, "never"))
    gateway.taken.clear()
    world.tender(project="清水河项目")
    drain()
    monkeypatch.setattr(Gateway, "answer", (503, b""))
    letters.work()
    assert [failure.what for failure in db.session.scalars(select(Failure))] == ["letters"]
    monkeypatch.setattr(Gateway, "answer", (200, b"OK"))  # no JSON: it took it all the same
    time.instant += timedelta(minutes=1)
    letters.work()
    (told,) = gateway.taken
    assert told["id"].startswith("notice-")
    db.session.rollback()
    assert (put_down(), db.session.scalars(select(Failure)).all()) == ([], [])
    monkeypatch.setattr(Gateway, "answer", (422, b""))
    world.tender(project="黑水河项目")
    drain()
    letters.work()
    assert (put_down(), db.session.scalars(select(Failure)).all()) == ([], []), "a number nobody has"


def test_an_address_is_shown_by_its_code_alone(
    app: Flask, world: World, gateway: type[Gateway], time: Any
) -> None:
    quiet()
    agency = sign_in(app, world, "agency")
    wrong = agency.submit("/my/notices/address/sms", address="12345")
    assert (wrong.status, wrong.value_of("address")) == (422, "12345")
    assert "手机号" in wrong.error_at("address")
    assert agency.submit("/my/notices/address/sms", address="+86 138 9765 4321").status == 303
    letters.work()
    code = gateway.taken[-1]["text"][4:10]
    assert gateway.taken[-1]["to"] == "13897654321"
    assert code not in json.dumps([str(each.__dict__) for each in db.session.scalars(select(Letter))])
    other = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(MOST_TRIES):
        assert agency.submit("/my/notices/address/sms/confirm", code=other).status == 422
    assert "次数太多" in agency.submit("/my/notices/address/sms/confirm", code=code).text
    assert agency.submit("/my/notices/address/sms", address="13897654321").status == 303
    letters.work()
    code = gateway.taken[-1]["text"][4:10]
    time.instant += timedelta(minutes=11)
    assert (
        "已经过期" in sign_in(app, world, "agency").submit("/my/notices/address/sms/confirm", code=code).text
    )
    for _ in range(3):
        actions.ask_address(world.actor("agency"), "sms", address="13897654321")
    with pytest.raises(RuleViolation, match="太多"):
        actions.ask_address(world.actor("agency"), "sms", address="13897654321")
    assert db.session.scalars(select(ContactAddress.confirmed_at)).one() is None


def test_without_a_server_notices_stay_in_their_readers_outbox(app: Flask, world: World, time: Any) -> None:
    world.appoint_admin()
    opened(world, time, "sealed_bid", project="黑水河项目")
    drain()
    letters.work()
    assert "黑水河项目" in sign_in(app, world, "second").get("/outbox").text
    for stranger in ("buyer", "third"):
        assert "second@example.cn" not in sign_in(app, world, stranger).get("/outbox").text
    assert "黑水河项目" not in sign_in(app, world, "admin").get("/admin/letters").text, "passed on by nobody"


def test_nobody_is_written_to_of_what_a_demonstration_plays(world: World) -> None:
    from market.demonstration import progress

    quiet()
    progress.begin()
    world.tender()
    drain()
    progress.finish()
    with transaction() as session:
        assert session.scalars(select(DigestEntry)).all() == []
        assert session.scalars(select(Notification).where(Notification.kind == "work")).first() is not None
