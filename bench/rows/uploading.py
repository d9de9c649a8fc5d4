"""What a large file costs to take, against an empty Flask view that writes the same pieces to a file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import psutil
import requests as http

from bench.measure import Row
from bench.rows.serving import empty_view
from harness.person import Person
from harness.server import ADMIN, market

PIECE = 4 << 20  # bytes, as market/static/upload.js sends them
MOST_MORE = 32 << 20  # bytes of memory more than before, all web workers together, however large the file
EMPTY = """
from flask import Flask, request
app = Flask(__name__)
@app.get("/")
def hello(): return "ok"
@app.put("/<name>")
def take(name):
    with open(name, "ab") as file:
        while block := request.stream.read(1 << 20):
            file.write(block)
    return "ok"
"""


def upload(folder: Path, rounds: int, megabytes: int) -> Iterator[Row]:
    """A file in pieces over HTTP until it is checked and in the store; it must not be held in memory."""
    ours, floor = [], []
    with (
        market(folder) as server,
        empty_view(folder, EMPTY) as empty,
        http.Session() as client,
    ):
        person = Person(server.url).sign_in(*ADMIN)
        workers = server.children()
        send(person, iter([_drawing(0)]), PIECE)  # what is loaded on first use
        before = _memory(workers)
        for number in range(rounds):
            head = _drawing(number)

            def pieces(head: bytes = head) -> Iterator[bytes]:
                yield head
                for _ in range(megabytes * (1 << 20) // PIECE - 1):
                    yield bytes(PIECE)

            floor.append(_took(lambda n=number, p=pieces: _plain(client, f"{empty}{n}", p())))
            ours.append(_took(lambda p=pieces: send(person, p(), megabytes << 20)))
        more = _memory(workers) - before
        assert more < MOST_MORE, f"{more >> 20} MB more than before"
    yield Row("upload", megabytes, median(ours), median(floor))


def _drawing(number: int) -> bytes:
    """The first piece of a DWG no other one is."""
    return b"AC1032" + bytes(100) + os.urandom(16) + bytes(PIECE - 122)


def _took(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _plain(client: http.Session, url: str, pieces: Iterator[bytes]) -> None:
    for piece in pieces:
        client.put(url, data=piece, timeout=60).raise_for_status()


def send(person: Person, pieces: Iterator[bytes], size: int) -> str:
    """Begin, every piece, finish: as the browser does, without the hash it says beforehand."""
    page = person.get("/my/password").select_one("input[name=csrf_token]")
    assert page is not None
    headers = {"X-CSRFToken": str(page["value"])}
    client, url = person.session, f"{person.url}/uploads"
    begun = client.post(url, data={"name": "总图.dwg", "size": size}, headers=headers, timeout=60)
    begun.raise_for_status()
    name, at = begun.json()["identifier"], 0
    for piece in pieces:
        answer = client.put(f"{url}/{name}?start={at}", data=piece, headers=headers, timeout=60)
        answer.raise_for_status()
        at = answer.json()["received"]
    client.post(f"{url}/{name}/finish", headers=headers, timeout=60).raise_for_status()
    return str(name)


def _memory(processes: list[psutil.Process]) -> int:
    """The bytes these processes hold that are no file's."""
    return sum(each.memory_info().rss - each.memory_info().shared for each in processes)
