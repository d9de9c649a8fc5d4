"""Nothing waits for others inside a transaction; and nobody waits for what somebody else asks outside.

A keeper or an authority that is silent.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time as machine
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from contextvars import Context
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market import keeper as keepers
from market import sandbox, signing
from market import transaction as transactions
from market.contracts.actions import signing as signing_actions
from market.extensions import db
from market.files import keep
from market.http_client import Declined, TooMuch, ask, date_of
from market.jobs import run_deadlines
from market.keeper import HttpKeeper, KeeperUnavailable
from market.printing import letter
from market.signing import HttpTimestamps, TimestampsUnavailable, signed
from market.sourcing.actions import closing, keys, opening, quotes
from market.sourcing.actions import tenders as tender_actions
from market.transaction import transaction
from models import workdays
from models.accounts import User
from models.actors import SYSTEM
from models.contracts.agreement import Contract
from models.failures import Failure
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender
from tests import outside
from tests.faults.keeping import SEALED, kept_until
from tests.faults.silence import Silent


def question(url: str, most: int = 4, *, patience: float = 5) -> object:
    return ask("GET", url, token="token", patience=patience, most=most)


def stamped(url: str) -> object:
    return asyncio.run(HttpTimestamps(url).async_timestamp(bytes(32), "sha256"))


def _waiting(app: Flask) -> dict[str, Callable[[], object]]:
    """Everything that waits or takes its time, each as a call."""
    return {
        "a connection": lambda: socket.create_connection(("127.0.0.1", 9)),
        "a connection by a thread of the loop": lambda: asyncio.run(
            asyncio.to_thread(socket.create_connection, ("127.0.0.1", 9))
        ),
        "a name": lambda: socket.getaddrinfo("localhost", 80),
        "a program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "a sleep": lambda: machine.sleep(0),
        "the keeper": lambda: app.extensions["keeper"].make("Q-1", datetime.now().astimezone()),
        "a keeper elsewhere": lambda: HttpKeeper("http://127.0.0.1:9", "token").release("Q-1"),
        "a question": lambda: question("http://127.0.0.1:9"),
        "a question to a name": lambda: question("http://localhost:9"),
        "the time elsewhere": lambda: date_of("http://127.0.0.1:9", 1),
        "a time stamp": lambda: stamped("http://127.0.0.1:9"),
        "a paper": lambda: letter(
            "F-1", "x", datetime.now().astimezone(), by="x", before=[], rows=[], after=[]
        ),
        "a signature": lambda: signed(PDF, "Buyer", None, None),  # type: ignore[arg-type]
        "a stranger's file": lambda: sandbox.run(len, b""),
        "a file": lambda: keep(PDF),
        "a password": lambda: User().set_password("correct horse battery"),
    }


def test_whatever_waits_inside_a_transaction_is_found(app: Flask) -> None:
    for what, wait in _waiting(app).items():
        with pytest.raises(outside.Waited), transaction():
            wait()
        assert outside.faults, what
        outside.faults.clear()


def test_a_market_in_use_goes_on_and_leaves_a_trace(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(transactions, "at_fault", outside.in_use)
    with transaction():
        kept = keep(PDF)
    assert kept.size == len(PDF)
    assert "inside a transaction: a file is written" in caplog.text
    assert not transactions.inside()


# What a server says that says nothing, one that never ends its headers, and one that never ends its answer.
ENDLESS = [
    (b"", b""),
    (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
]


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    if server.thread.is_alive():
        server.end()


def meanwhile(
    app: Flask, silent: Silent, act: Callable[[], object], others: Callable[[], None]
) -> BaseException | None:
    """Carry out an act that calls the silent server, and while it waits what others do.

    How it ended, once the server hung up.
    """
    ended: list[BaseException | None] = []

    def wait() -> None:
        with app.app_context():
            try:
                act()
                ended.append(None)
            except BaseException as error:
                ended.append(error)

    thread = threading.Thread(target=Context().run, args=(wait,))
    thread.start()
    assert silent.called.wait(20)
    others()
    assert not ended, "it still waits"
    silent.end()
    thread.join()
    return ended[0]


def test_nobody_waits_for_a_silent_keeper(
    app: Flask, world: World, time: Any, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepers, "PATIENCE", 60.0)
    world.enterprise("neighbour")
    draft, due = world.tender(publish=False, **SEALED), world.tender(**SEALED)
    few = world.tender(deadline=workdays.add(world.deadline(due), 5), **SEALED)
    world.bids(due, agency=300, second=400, third=500)
    buyer = world.actor("buyer")
    own = app.extensions["keeper"]

    def others() -> None:
        """What a neighbour and an agency do is done while the other waits."""
        tender = world.tender("neighbour")
        quotes.accept(
            world.actor("neighbour"),
            quotes.submit(world.actor("agency"), tender, price=3_000_000, days=20),
        )

    def tried(act: Callable[[], object]) -> BaseException | None:
        server = Silent()
        app.extensions["keeper"] = HttpKeeper(server.url, "token")
        try:
            return meanwhile(app, server, act, others)
        finally:
            app.extensions["keeper"] = own
            db.session.rollback()

    assert isinstance(tried(lambda: tender_actions.publish(buyer, draft)), KeeperUnavailable)
    assert Tender.load(db.session, draft).state == "draft"
    later = workdays.add(world.deadline(few), 5)
    asked = {"description": "", "quantity": {}, "budget": None, "deadline": later, "reason": "设计方案有调整"}
    assert tried(lambda: tender_actions.amend(buyer, few, **asked)) is None, (
        "the act stands; the keeper will hear of it"
    )
    assert world.deadline(few) == later > kept_until(app, few)
    assert keys.settle_keys() == 1
    assert kept_until(app, few) == later
    time.instant = world.closing(due)
    closing.close(SYSTEM, due)
    assert tried(lambda: keys.fetch_keys()) is None
    assert Tender.load(db.session, due).state == "closed"
    run_deadlines()
    db.session.rollback()
    assert Tender.load(db.session, due).state == "evaluated"


@pytest.mark.parametrize(("said", "trickle"), ENDLESS)
def test_a_keeper_elsewhere_holds_no_deadline(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch, said: bytes, trickle: bytes
) -> None:
    """Nothing that the clock does asks it: not the opening, not a deadline that is moved.

    And what asks it has a time for all of the answer.
    """
    monkeypatch.setattr(keepers, "PATIENCE", 0.3)
    sealed, few, other = world.tender(**SEALED), world.tender(**SEALED), world.tender()
    world.bids(sealed, agency=300, second=400, third=500)
    world.bids(few, agency=300)
    own, server = app.extensions["keeper"], Silent(said, trickle)
    app.extensions["keeper"] = HttpKeeper(server.url, "token")
    before, time.instant = world.deadline(few), world.closing(sealed)
    assert keys.fetch_keys() == 0
    began = machine.monotonic()
    assert run_deadlines() == 3
    assert machine.monotonic() - began < keepers.PATIENCE + 5, "and the machine may be busy"
    assert (server.calls, _states(sealed, few, other)) == ([], ["closed", "published", "published"]), (
        "nobody was asked"
    )
    assert world.deadline(few) > before
    began = machine.monotonic()
    assert (keys.fetch_keys(), keys.settle_keys()) == (0, 0)
    assert machine.monotonic() - began < 5
    assert len(server.calls) == 1, "one that does not answer in time is left alone"
    assert {(f.what, f.next_at - time.instant) for f in db.session.scalars(select(Failure))} == {
        ("keys fetched", timedelta(seconds=30)),
        ("deadlines told", timedelta(seconds=30)),
    }
    app.extensions["keeper"] = own
    time.instant += timedelta(seconds=30)
    assert (run_deadlines(), keys.settle_keys()) == (1, 1)
    assert (_states(sealed), kept_until(app, few)) == (["evaluated"], world.deadline(few))
    server.end()


def _states(*tenders: str) -> list[str]:
    db.session.rollback()
    return [Tender.load(db.session, tender).state for tender in tenders]


class _Answering(HttpKeeper):
    """A keeper that says what it is told to say."""

    def __init__(self, said: Any) -> None:
        super().__init__("http://keeper.test", "token")
        self.said, self.asked = said, 0

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        self.asked += 1
        return self.said


@pytest.mark.parametrize(
    "said", [None, [], {}, {"private": 7}, {"private": "zz"}, {"private": "00"}, {"private": "11" * 32}]
)
def test_what_is_no_key_or_another_keys_opens_nothing(app: Flask, world: World, time: Any, said: Any) -> None:
    """A bid under the wrong key would be found void."""
    own, tender = app.extensions["keeper"], world.tender(**SEALED)
    world.bids(tender, agency=300, second=400, third=500)
    time.instant = world.closing(tender)
    app.extensions["keeper"] = answering = _Answering(said)
    run_deadlines()
    assert (keys.fetch_keys(), answering.asked, run_deadlines(), _states(tender)) == (
        0,
        1,
        0,
        ["closed"],
    )
    app.extensions["keeper"] = own
    assert (run_deadlines(), _states(tender)) == (1, ["evaluated"])
    assert {bid.state for bid in db.session.scalars(select(Bid))} == {"opened"}


def test_a_key_is_asked_for_when_its_request_is_closed_and_not_before(
    app: Flask, world: World, time: Any
) -> None:
    tender = world.tender(**SEALED)
    world.bids(tender, agency=300, second=400, third=500)
    app.extensions["keeper"] = answering = _Answering({})
    time.instant = world.closing(tender)
    keys.fetch_keys()
    assert answering.asked == 0, "it may be moved once more"
    closing.close(SYSTEM, tender)
    time.instant -= timedelta(microseconds=1)
    keys.fetch_keys()
    assert answering.asked == 0
    time.instant += timedelta(microseconds=1)
    with pytest.raises(KeeperUnavailable):
        opening.open_bids(SYSTEM, tender)
    assert answering.asked == 0
    keys.fetch_keys()
    assert answering.asked == 1


def test_nobody_waits_for_a_silent_time_stamping_authority(app: Flask, world: World, silent: Silent) -> None:
    contract, buyer = world.contract_of(world.awarded()).identifier, world.actor("buyer")
    app.config["TSA_URL"] = silent.url
    ended = meanwhile(
        app, silent, lambda: signing_actions.agree(buyer, contract), lambda: world.tender() and None
    )
    assert isinstance(ended, TimestampsUnavailable)
    db.session.rollback()
    assert Contract.load(db.session, contract).state == "drafted"


@pytest.mark.parametrize(("said", "trickle"), ENDLESS)
def test_an_answer_has_a_time_for_all_of_it(said: bytes, trickle: bytes) -> None:
    server, began = Silent(said, trickle), machine.monotonic()
    with pytest.raises(TimeoutError):
        question(server.url, 100, patience=0.3)
    assert machine.monotonic() - began < 2
    server.end()


@pytest.mark.parametrize(("said", "trickle"), ENDLESS)
def test_a_time_stamping_authority_has_a_time_for_all_of_its_answer(
    said: bytes, trickle: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "PATIENCE", 0.3)
    server, began = Silent(said, trickle), machine.monotonic()
    with pytest.raises(TimestampsUnavailable):
        stamped(server.url)
    assert machine.monotonic() - began < 2
    server.end()


def test_nobody_is_sent_on_elsewhere() -> None:
    elsewhere = Silent()
    head = f"HTTP/1.1 307 There\r\nLocation: {elsewhere.url}/\r\nDate: Mon, 02 Mar 2026 01:00:00 GMT\r\n"
    for ended, asked in (
        (Declined, question),
        (TimestampsUnavailable, stamped),
        (None, lambda u: date_of(u, 5)),
    ):
        server = Silent(f"{head}Content-Length: 0\r\n\r\n".encode())
        with pytest.raises(ended) if ended else nullcontext():
            asked(server.url)
        server.end()
    assert elsewhere.calls == []
    elsewhere.end()


def test_a_time_stamp_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "PATIENCE", 20.0)
    kind = b"HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n\r\n"
    server, began = Silent(kind + bytes(signing.MOST), b"x"), machine.monotonic()
    with pytest.raises(TimestampsUnavailable) as ended:
        stamped(server.url)
    assert isinstance(ended.value.__cause__, TooMuch)
    assert machine.monotonic() - began < 10
    server.end()


def test_an_answer_has_a_size_and_is_one() -> None:
    for said, most, told in (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue", 4, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue", 3, TooMuch),
        (b"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\ntrue", 4, Declined),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 4, OSError),
    ):
        server = Silent(said)
        if isinstance(told, bool):
            assert question(server.url, most) is told
        else:
            with pytest.raises(told):
                question(server.url, most)
        server.end()


def test_one_that_did_not_answer_in_time_is_left_alone_for_a_while(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepers, "PATIENCE", 0.05)
    kept = HttpKeeper(silent.url, "token")
    for _ in range(3):
        with pytest.raises(KeeperUnavailable):
            kept.release("Q-1")
    assert len(silent.calls) == 1, "whoever comes after waits no more"
    monkeypatch.setattr(keepers, "monotonic", lambda: machine.monotonic() + keepers.SILENCE + 1)
    with pytest.raises(KeeperUnavailable):
        kept.release("Q-1")
    assert len(silent.calls) == 2
