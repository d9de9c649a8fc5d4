"""Setting up a second factor, and getting as far as the page that asks for it."""

from __future__ import annotations

from flask import Flask

from harness.factories import PASSWORD, World
from tests.accounts.authenticator import code
from tests.web import Answer, Visitor


def secret_of(page: Answer) -> str:
    shown = page.soup.select_one("code.secret")
    assert shown is not None
    return shown.get_text().replace(" ", "").strip()


def set_up(visitor: Visitor) -> tuple[str, list[str]]:
    """Set up an authenticator; its secret, and the recovery codes that were shown."""
    secret = secret_of(visitor.get("/my/security/authenticator"))
    done = visitor.submit("/my/security/authenticator", current=PASSWORD, code=code(secret))
    assert done.status == 200, done.text
    return secret, [each.get_text() for each in done.soup.select("ul.codes code")]


def first_step(app: Flask, world: World, role: str) -> Visitor:
    visitor = Visitor(app)
    assert (
        visitor.submit("/sign-in", email=world.emails[role], password=PASSWORD).location == "/sign-in/second"
    )
    return visitor
