"""Each process killed, started twice, told to end: who comes back, who is refused, and what is finished first."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from bench.lifecycle import START
from bench.server import ROOT, Server, market


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with market(tmp_path, at=START) as running:
        yield running


def _soon(holds: Callable[[], bool], seconds: float = 20.0) -> float:
    """Wait until it holds; how long that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, "it never came"
        time.sleep(0.02)
    return time.monotonic() - begun


def _answers(server: Server) -> bool:
    with contextlib.suppress(requests.RequestException):
        return bool(requests.get(f"{server.url}/health", timeout=2).ok)
    return False


def test_every_child_killed_is_back(server: Server) -> None:
    parent = psutil.Process(server.pid)
    before = {child.pid for child in server.children()}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
        _soon(lambda pid=pid: pid not in {c.pid for c in parent.children()} and len(parent.children()) == server.processes)
        assert _answers(server)
    assert {child.pid for child in parent.children()}.isdisjoint(before)
    log = server.log()
    assert log.count("was killed by SIGKILL; starting it again") == len(before), log
    assert "Traceback" not in log


def test_when_the_parent_is_killed_all_go_and_a_new_one_starts_at_once(server: Server) -> None:
    children = server.children()
    os.kill(server.pid, signal.SIGKILL)
    gone, alive = psutil.wait_procs(children, timeout=15)
    assert (len(gone), alive) == (server.processes, [])
    server.stop()
    server.start()
    assert _answers(server)


def test_killed_all_at_once_it_starts_again(server: Server) -> None:
    server.stop(signal.SIGKILL)
    server.start()
    assert _answers(server)


def _second(server: Server, **changed: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "wsgi.py"]
    return subprocess.run(command, cwd=ROOT, env={**server.environment, **changed}, capture_output=True, text=True, timeout=60, check=False)


def test_a_second_start_is_refused_and_told_who_is_there(server: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = len(server.children())
    same_folder = _second(server)
    assert same_folder.returncode == 1
    assert f"process {server.pid} " in same_folder.stderr
    assert "already serves" in same_folder.stderr
    same_port = _second(server, GONGXIN_HOME=str(tmp_path_factory.mktemp("other")))
    assert same_port.returncode == 1
    assert f"already listens on port {server.port}" in same_port.stderr
    family = {server.pid, *(child.pid for child in psutil.Process(server.pid).children())}
    assert any(f"process {pid} " in same_port.stderr for pid in family)
    assert len(family) == before + 1
    assert _answers(server)


def _begin_upload(server: Server, length: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    head = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_finishes_what_is_under_way_and_is_quiet(server: Server, how: int) -> None:
    body = b"email=a%40example.cn&password=" + b"x" * 50
    connection = _begin_upload(server, len(body))
    connection.sendall(body[:10])
    requests.get(f"{server.url}/health", timeout=5)  # by now the half is in
    os.killpg(server.pid, how) if how == signal.SIGINT else os.kill(server.pid, how)
    connection.sendall(body[10:])
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
    connection.close()
    assert answer.startswith(b"HTTP/1.1 400 "), "a form without its token; but an answer, and a whole one"
    assert answer.rstrip().endswith(b"</html>")
    server.stop()
    log = server.log()
    assert "Traceback" not in log
    assert "Fatal" not in log


def test_slow_senders_hold_nobody_up(server: Server) -> None:
    slow = [_begin_upload(server, 1_000_000) for _ in range(60)]
    for connection in slow:
        connection.sendall(b"email=")
    for _ in range(20):
        assert requests.get(f"{server.url}/", timeout=10).ok
    for connection in slow:
        connection.close()
