"""A round is asked for over HTTP, and what is not signed by drand is passed over."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from market.oversight import beacon
from models import chance
from models.errors import Unavailable
from tests.models.test_sourced_draws import EARLIER, RANDOMNESS, ROUND, SIGNATURE

SOURCE = {"kind": "drand", "chain": chance.CHAIN, "round": ROUND}
PATH = f"/{chance.CHAIN}/public/{ROUND}"
SAID = {
    "right": json.dumps({"round": ROUND, "randomness": RANDOMNESS, "signature": SIGNATURE}),
    "other": json.dumps({"round": ROUND, "randomness": RANDOMNESS, "signature": EARLIER}),
    "empty": "[]",
    "words": "<html>",
    "long": json.dumps({"signature": SIGNATURE, "more": "x" * 5000}),
}


@pytest.fixture
def site() -> Iterator[str]:
    """A site that answers as `SAID` has it, at the first part of the path."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = SAID.get(self.path.split("/")[1], "") if self.path.endswith(PATH) else ""
            self.send_response(200 if said else 404)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _ask(app: Flask, *addresses: str) -> list[dict[str, Any]]:
    app.config["BEACONS"] = " ".join(addresses)
    return beacon.brought(SOURCE)


def test_the_first_answer_that_is_drands_counts(app: Flask, site: str) -> None:
    before = [f"{site}/{each}" for each in ("none", "other", "empty", "words", "long")]
    brought = _ask(app, *before, "http://127.0.0.1:1/", f"{site}/right/")
    assert brought == [{"party": f"drand:{ROUND}", "value": RANDOMNESS, "signature": SIGNATURE}]
    for addresses in (before, []):
        with pytest.raises(Unavailable):
            _ask(app, *addresses)
