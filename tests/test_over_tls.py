"""Over TLS: what becomes of every cookie and every answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.factories import World
from market import create_app
from market.config import OVER_TLS
from market.extensions import db
from tests.conftest import settings


def test_over_tls_cookies_and_hosts_are_held_to_it(
    database: str, tmp_path: Path, world: World, time: Any
) -> None:
    """What `HTTPS=1` makes of every cookie and every answer, pages, files and errors alike."""
    app = create_app({**settings(database, tmp_path), **OVER_TLS})
    with app.app_context():
        client = app.test_client()
        for path in ("/", "/sign-in", "/nowhere", "/static/gongxin.css", "/health", "/my"):
            answer = client.get(path, base_url="https://localhost")
            age = int(answer.headers["Strict-Transport-Security"].removeprefix("max-age="))
            assert age >= 180 * 24 * 3600, path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            answer.close()
        cookies = [
            line
            for answer in (app.test_client().get("/sign-in", base_url="https://localhost"),)
            for line in answer.headers.getlist("Set-Cookie")
        ]
        assert cookies
        for cookie in cookies:
            name, *marks = [part.strip() for part in cookie.split(";")]
            assert name.startswith("__Host-")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(marks)
            assert not [mark for mark in marks if mark.startswith("Domain")]
        db.session.close()
        db.engine.dispose()
