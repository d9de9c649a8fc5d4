"""Tries at a password or a code, counted where all processes see them: by account *and* address, with waits that grow, so that neither a whole office
behind one proxy waits for the mistakes of one, nor anybody elsewhere can keep a person out.

What is counted is what failed. A browser that was signed in to the account before shows so (a signed cookie, as OWASP's device cookies) and is counted
by itself: the account may be under attack from everywhere, and from the very network its owner sits in, and the owner still signs in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from math import ceil
from time import time

from flask import current_app, g, request
from flask.wrappers import Response
from flask_limiter.util import get_remote_address
from itsdangerous import BadSignature, URLSafeTimedSerializer
from limits.storage import MemoryStorage, Storage

from market.extensions import limiter
from models import spelling
from models.accounts import User
from models.text import N_, Problem

FREE = 10  # failures before anybody waits
FIRST_WAIT, LONGEST_WAIT = 5, 15 * 60  # seconds: 5, 10, 20, ... after each further failure
REMEMBERED = 24 * 3600  # seconds a row of failures is remembered, since its first
MOST_OF_AN_ADDRESS = 300  # failures an hour, of whatever accounts, from browsers nobody knows: that many are no office's mistakes
KNOWN_DAYS = 180
COOKIE = "known"


class TooMany(Problem):
    """Whoever tries has to wait so many seconds."""

    status = 429

    def __init__(self, seconds: int, field: str | None = None) -> None:
        super().__init__(N_("尝试次数太多,请等 %(seconds)d 秒再试。"), field, seconds=seconds)


def wait_after(failures: int) -> int:
    """How many seconds to wait after so many failures in a row."""
    return 0 if failures < FREE else min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - FREE, 20))


def account(email: str) -> str:
    """What tries at an address are counted by, whether or not it is anybody's."""
    return spelling.asked_email(email)


@contextmanager
def counted(what: str, whose: str, field: str | None = None, *, everywhere: bool = False) -> Iterator[Try]:
    """A try of `what` at an account, `whose`: TooMany before it where it comes too early. It counts as failed from its beginning, so that many at once
    are many; said to be `right` it forgets those of before, and where nothing was found out, or something went wrong on our side, it was none.
    `everywhere` counts the tries from browsers nobody knows together: what only comes after the right password no stranger tries."""
    attempt = Try(what, whose, everywhere)
    attempt.hold(field)
    attempt.count()
    try:
        yield attempt
    except BaseException:
        attempt.take_back()
        raise
    if attempt.right is None:
        attempt.take_back()
    elif attempt.right:
        attempt.forget()


class Try:
    """One try, and what became of it: `right` is None while nothing was found out. Its keys hold no address in the clear."""

    def __init__(self, what: str, whose: str, everywhere: bool = False) -> None:
        self.right: bool | None = None
        self.known = is_known(whose)
        self.failures = 0
        where = f"browser {request.cookies.get(COOKIE)}" if self.known else "anywhere" if everywhere else f"address {get_remote_address()}"
        self._pair, self._wait = _key("tries", what, whose, where), _key("wait", what, whose, where)
        self._place = _key("place", get_remote_address())
        self._kept = _storage()

    def hold(self, field: str | None) -> None:
        if self._kept is None:
            return
        waiting = [self._wait] if self._kept.get(self._wait) else []
        if not self.known and self._kept.get(self._place) >= MOST_OF_AN_ADDRESS:
            waiting.append(self._place)
        if waiting:
            raise TooMany(max(1, ceil(max(self._kept.get_expiry(each) for each in waiting) - time())), field)

    def count(self) -> None:
        if self._kept is None:
            return
        self.failures = self._kept.incr(self._pair, REMEMBERED)
        if wait := wait_after(self.failures):
            self._kept.clear(self._wait)
            self._kept.incr(self._wait, wait)
        self._count_place(1)

    def take_back(self) -> None:
        if self._kept is not None:
            self._kept.incr(self._pair, REMEMBERED, -1)
            self._kept.clear(self._wait)
            self._count_place(-1)

    def forget(self) -> None:
        if self._kept is not None:
            self._kept.clear(self._pair)
            self._kept.clear(self._wait)
            self._count_place(-1)

    def _count_place(self, amount: int) -> None:
        if self._kept is not None and not self.known:
            self._kept.incr(self._place, 3600, amount)


@cache
def _own() -> Storage:
    return MemoryStorage()


def _storage() -> Storage | None:
    """Where the limiter counts, the process's own memory while that is away; None where nothing is counted (tests)."""
    if not limiter.enabled:
        return None
    shared = limiter.storage
    return shared if shared.check() else _own()


def _key(*parts: str) -> str:
    return "accounts/" + hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known browser")


def is_known(whose: str) -> bool:
    """Whether this browser was signed in to the account before."""
    try:
        held: object = _signer().loads(request.cookies.get(COOKIE, ""), max_age=KNOWN_DAYS * 86400)
    except BadSignature:
        return False
    return held == _mark(whose)


def know(user: User) -> None:
    """From now on this browser is known to be one of this person's."""
    g.known = user.address


def remember(response: Response) -> Response:
    """Give the browser what it is known by, after a sign-in."""
    if (address := g.pop("known", None)) is not None:
        response.set_cookie(
            COOKIE, _signer().dumps(_mark(address)), max_age=KNOWN_DAYS * 86400, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"],
        )  # fmt: skip
    return response


def _mark(whose: str) -> str:
    return hashlib.sha256(f"{current_app.config['SECRET_KEY']} {whose}".encode()).hexdigest()[:32]
