"""Handing in files."""

from __future__ import annotations

import hashlib
from contextvars import Context
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from harness.factories import PDF, World
from market.agencies.actions import publishing
from market.extensions import db
from models import clock
from models.uploads import UploadTally
from tests.web import Visitor

DAY = timedelta(days=1)


def hand_in(world: World, who: str = "agency", content: bytes = PDF, number: str = "SB-1") -> str:
    return publishing.add_qualification(
        world.actor(who),
        kind="水土保持方案编制单位水平评价证书",
        level="1 星",
        number=number,
        issuer="中国水土保持学会",
        valid_from=clock.today() - DAY,
        valid_until=clock.today() + 400 * DAY,
        file_name="证书.pdf",
        content=content,
    )


def tallies() -> dict[str, tuple[int, int]]:
    db.session.rollback()
    return {
        row.whose.split()[0]: (row.files, row.size)
        for row in db.session.scalars(select(UploadTally).where(UploadTally.day == clock.today()))
    }


class Sender:
    """A browser that sends a file in pieces, as market/static/upload.js does."""

    def __init__(self, visitor: Visitor, page: str = "/my/qualifications/new") -> None:
        self.visitor = visitor
        token = visitor.get(page).value_of("csrf_token")
        self.headers = {"X-CSRFToken": str(token)}

    def _told(self, method: str, path: str, **sent: Any) -> tuple[int, dict[str, Any]]:
        answer = Context().run(
            lambda: self.visitor.client.open(path, method=method, headers=self.headers, **sent)
        )
        db.session.rollback()
        return answer.status_code, answer.get_json(silent=True) or {}

    def begin(self, content: bytes, name: str = "图.zip", **said: Any) -> tuple[int, dict[str, Any]]:
        whole = {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), **said}
        return self._told("POST", "/uploads", data=whole)

    def piece(self, identifier: str, start: int, content: bytes) -> tuple[int, dict[str, Any]]:
        return self._told("PUT", f"/uploads/{identifier}?start={start}", data=content)

    def how_far(self, identifier: str) -> tuple[int, dict[str, Any]]:
        return self._told("GET", f"/uploads/{identifier}")

    def finish(self, identifier: str) -> tuple[int, dict[str, Any]]:
        return self._told("POST", f"/uploads/{identifier}/finish", data={"field": "file"})

    def send(self, content: bytes, name: str = "图.zip", piece: int = 1_000) -> str:
        """All of it, in order; its identifier."""
        status, begun = self.begin(content, name)
        assert status == 201, begun
        identifier = str(begun["identifier"])
        for start in range(0, len(content), piece):
            assert self.piece(identifier, start, content[start : start + piece])[0] == 200
        status, told = self.finish(identifier)
        assert status == 200, told
        return identifier
