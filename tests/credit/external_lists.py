"""Lists others keep, as tests bring them in, and a site that publishes them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy import select

from harness.factories import World
from market.credit.actions import external
from market.credit.actions import listings as acts
from market.extensions import db
from market.spreadsheets import as_csv, as_xlsx
from models.actors import Actor
from models.credit.external import ExternalFetch
from models.credit.listings import ExternalListing

HEADING = ["统一社会信用代码", "名称", "名录", "文号", "列入日期", "移出日期", "列入事由", "作出决定机关"]
REASON = "通过登记的住所或者经营场所无法联系"
STRANGER = "91632801MA758QNH4A"


def row(uscc: str, of: str = "经营异常名录", **about: str) -> list[str]:
    """A line of a table: entered on the second of February 2026 unless told otherwise."""
    told = {
        "name": "某单位",
        "number": "",
        "entered": "2026-02-02",
        "removed": "",
        "reason": REASON,
        "authority": "某州市场监督管理局",
        **about,
    }
    return [
        uscc,
        told["name"],
        of,
        told["number"],
        told["entered"],
        told["removed"],
        told["reason"],
        told["authority"],
    ]


def table(*rows: list[str], kind: str = "csv", heading: list[str] = HEADING) -> bytes:
    cells: list[list[Any]] = [heading, *rows]
    return as_csv(cells) if kind == "csv" else as_xlsx(cells)


def bring(
    world: World, *rows: list[str], source: str = "gsxt", actor: Actor | None = None, **about: Any
) -> ExternalFetch:
    """These rows brought in from a source by a regulator, and confirmed by a second one. Returns the fetch.

    With `second=False` what waits for that waits on. A whole list without any row is meant so.
    """
    second = about.pop("second", True)
    about.setdefault("sure", not rows)
    key = external.bring_in(
        actor or world.actor("regulator"), source=source, file_name="名录.csv", content=table(*rows), **about
    )
    if second:
        confirm_waiting(world)
    db.session.rollback()
    return db.session.get_one(ExternalFetch, int(key))


def confirm_waiting(world: World) -> None:
    """A second official confirms whatever waits for one."""
    for each in listings():
        if each.state == "waiting":
            act = acts.confirm
        elif each.change_waits:
            act = acts.confirm_removal if each.change_removes else acts.confirm_correction
        else:
            continue
        if "checker" not in world.emails:
            world.member("regulator", "checker")
        act(world.actor("checker"), each.identifier)


def listings(state: str = "") -> list[ExternalListing]:
    """All listings, or those in a state, in their order."""
    db.session.rollback()
    query = select(ExternalListing).order_by(ExternalListing.id)
    found = db.session.scalars(query).all()
    return [each for each in found if not state or each.state == state]


class Site(BaseHTTPRequestHandler):
    """A site, whose answers a test decides: (status, headers, content)."""

    answer: Any = None
    asked: list[dict[str, str]] = []

    def do_GET(self) -> None:
        type(self).asked.append(dict(self.headers))
        status, headers, content = type(self).answer()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # the other side had enough
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def site() -> Iterator[tuple[type[Site], str]]:
    """A site that is up, and its address."""
    Site.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Site, f"http://127.0.0.1:{server.server_port}/list"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(*entries: dict[str, Any], **about: Any) -> Any:
    """An answer in JSON."""
    return lambda: (200, {}, json.dumps({"entries": list(entries), **about}).encode())


def entry(uscc: str, **about: Any) -> dict[str, Any]:
    return {
        "uscc": uscc,
        "name": "某单位",
        "list": "abnormal",
        "entered_on": "2026-02-02",
        "reason": REASON,
        "authority": "某州市场监督管理局",
        **about,
    }
