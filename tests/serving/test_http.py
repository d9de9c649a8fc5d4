"""What comes in slowly, or never ends."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from market.serving import http
from market.serving.http import HEADERS_WITHIN, SLOWEST, Server, _Channel


def _echo(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(environ["wsgi.input"].read())).encode()]


@pytest.fixture
def server() -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    running = Server(_echo, listener, 2)
    thread = threading.Thread(target=running.serve)
    thread.start()
    yield running
    running.stop()
    thread.join()
    listener.close()


def _connect(server: Server, head: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", int(server.effective_port)), timeout=20)
    connection.sendall(head.encode())
    return connection


def _whole(connection: socket.socket) -> bytes:
    """An answer to its last byte, by its own word of how long it is."""
    said = b""
    while b"\r\n\r\n" not in said or not said.partition(b"\r\n\r\n")[2]:
        said += connection.recv(1000)
    return said


def test_more_slow_senders_than_threads_leave_the_threads_free(server: Server) -> None:
    slow = [
        _connect(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc") for _ in range(30)
    ]
    with contextlib.closing(_connect(server, "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nabcde")) as quick:
        assert _whole(quick).endswith(b"5")
    for connection in slow:
        connection.sendall(b"x" * 97)
        assert _whole(connection).endswith(b"100"), "and each is answered once it is there"
        connection.close()


def test_a_request_that_takes_too_long_to_come_is_cut_off(server: Server, monkeypatch: Any) -> None:
    monkeypatch.setattr(http, "HEADERS_WITHIN", 0.0)
    for head in (
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
    ):
        with contextlib.closing(_connect(server, head)) as slow:
            assert slow.recv(1000) == b"", "closed without an answer"


@pytest.mark.parametrize(
    ("arrived", "seconds", "slow"),
    [
        (0, HEADERS_WITHIN + 1, True),
        (0, 1, False),
        (20 * SLOWEST, HEADERS_WITHIN + 10, False),
        (20 * SLOWEST, HEADERS_WITHIN + 21, True),
    ],
)
def test_a_body_may_take_as_long_as_a_slow_line_needs(arrived: int, seconds: float, slow: bool) -> None:
    class Partial:
        headers_finished, body_rcv = True, bytes(arrived)

    channel = _Channel.__new__(_Channel)
    channel.request, channel.began = Partial(), 100.0
    assert channel.too_slow(100.0 + seconds) is slow


def test_a_crowd_that_asks_nothing_makes_room(server: Server, monkeypatch: Any) -> None:
    monkeypatch.setattr(http, "CROWDED", 3)
    monkeypatch.setattr(http, "IDLE_THEN", -1)
    idle = [_connect(server, "") for _ in range(5)]
    with contextlib.closing(_connect(server, "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nabcde")) as one:
        assert _whole(one).endswith(b"5")
    for connection in idle:
        assert connection.recv(10) == b""
        connection.close()


@pytest.mark.parametrize("aside", ["5;" + "x" * 40_000, "0\r\n" + "x" * 40_000])
def test_what_stands_beside_the_chunks_is_short(server: Server, aside: str) -> None:
    head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with contextlib.closing(_connect(server, head + aside)) as one, contextlib.suppress(ConnectionResetError):
        assert one.recv(1000) == b"", "closed without an answer"


def test_chunks_are_taken(server: Server) -> None:
    with contextlib.closing(
        _connect(
            server,
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: "
            "chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\n\r\n",
        )
    ) as one:
        assert _whole(one).endswith(b"5")
