"""Tries at a password or a code, counted where all processes see them.

By account *and* address, with waits that grow, so that neither a whole office behind one proxy waits for the
mistakes of one, nor anybody elsewhere can keep a person out.

What is counted is what failed. A browser that was signed in to the account before shows so (a signed cookie,
as OWASP's device cookies), and such browsers of one account are counted by themselves: it may be under attack
from everywhere, and from the very network its owner sits in, and the owner still signs in. An account that
only claims an address is no way around: anybody may have one under anybody's address, so what it does right
forgets nothing that was counted against that address, and its browsers are known for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from math import ceil
from time import time
from typing import NewType

from flask import current_app, g, request
from flask.wrappers import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from limits.storage import MemoryStorage, Storage

from market.extensions import limiter, place
from models import spelling
from models.accounts import User
from models.errors import Problem
from models.i18n import N_
from models.sessions import network_of

FREE = 10  # failures before anybody waits
FIRST_WAIT, LONGEST_WAIT = 5, 15 * 60  # seconds: 5, 10, 20, ... after each further failure
REMEMBERED = 24 * 3600  # seconds a row of failures is remembered, since its first
# failures an hour, of whatever accounts, from browsers nobody knows: that many are no office's mistakes
MOST_OF_AN_ADDRESS = 300
MOST_OF_A_NETWORK = 3000  # the same of a /24 or, since one household may have all of it, a /48 of IPv6
KNOWN_DAYS = 180
COOKIE = "known"
Whose = NewType("Whose", str)  # what tries are counted by: `account` or `person`


class TooMany(Problem):
    """Whoever tries has to wait so many seconds."""

    status = 429

    def __init__(self, seconds: int, field: str | None = None) -> None:
        super().__init__(N_("尝试次数太多,请等 %(seconds)d 秒再试。"), field, seconds=seconds)


def wait_after(failures: int) -> int:
    """How many seconds to wait after so many failures in a row."""
    return 0 if failures < FREE else min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - FREE, 20))


def account(email: str) -> Whose:
    """What tries at an address are counted by, whether or not it is anybody's."""
    return Whose(spelling.asked_email(email))


def person(user: User) -> Whose:
    """What tries of somebody who is in, or halfway, are counted by.

    With those at its address where that was shown to be this person's.
    """
    return Whose(user.address if user.confirmed else f"{user.address} claimed by {user.id}")


@contextmanager
def counted(what: str, whose: Whose, field: str | None = None, *, everywhere: bool = False) -> Iterator[Try]:
    """A try of `what` at an account, `whose`: TooMany before it where it comes too early.

    It counts as failed from its beginning, so that many at once are many; said to be `right` it forgets those
    of before, and where nothing was found out, or something went wrong on our side, it was none. `everywhere`
    counts the tries from browsers nobody knows together: what only comes after the right password no stranger
    tries.
    """
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
    """One try, and what became of it: `right` is None while nothing was found out.

    Its keys hold no address in the clear.
    """

    def __init__(self, what: str, whose: Whose, everywhere: bool = False) -> None:
        self.right: bool | None = None
        self.known = known_as(whose)
        self.failures = 0
        where = (
            f"browser of {self.known}" if self.known else "anywhere" if everywhere else f"address {place()}"
        )
        self._pair, self._wait = _key("tries", what, whose, where), _key("wait", what, whose, where)
        self._places = {
            _key("place", place()): MOST_OF_AN_ADDRESS,
            _key("network", network_of(request.remote_addr or "")): MOST_OF_A_NETWORK,
        }
        self._kept = _storage()

    def hold(self, field: str | None) -> None:
        if self._kept is None:
            return
        waiting = [self._wait] if self._kept.get(self._wait) else []
        if not self.known:
            waiting += [each for each, most in self._places.items() if self._kept.get(each) >= most]
        if waiting:
            raise TooMany(max(1, ceil(max(self._kept.get_expiry(each) for each in waiting) - time())), field)

    def count(self) -> None:
        if self._kept is None:
            return
        self.failures = self._kept.incr(self._pair, REMEMBERED)
        if wait := wait_after(self.failures):
            self._kept.clear(self._wait)
            self._kept.incr(self._wait, wait)
        self._count_places(1)

    def take_back(self) -> None:
        """The wait stays: it may be that of another try, which went on at the same time and failed."""
        if self._kept is not None:
            self._kept.incr(self._pair, REMEMBERED, -1)
            self._count_places(-1)

    def forget(self) -> None:
        if self._kept is not None:
            self._kept.clear(self._pair)
            self._kept.clear(self._wait)
            self._count_places(-1)

    def _count_places(self, amount: int) -> None:
        if self._kept is not None and not self.known:
            for each in self._places:
                self._kept.incr(each, 3600, amount)


@cache
def _own() -> Storage:
    return MemoryStorage()


def _storage() -> Storage | None:
    """Where the limiter counts, the process's own memory while that is away.

    None where nothing is counted (tests).
    """
    if not limiter.enabled:
        return None
    shared = limiter.storage
    return shared if shared.check() else _own()


def _key(*parts: str) -> str:
    return "accounts/" + hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known browser")


def known_as(whose: Whose) -> str:
    """Whose this browser is, where it was signed in to the account before; empty where not.

    By the person, not by the cookie: each sign-in gives another, and would begin another count.
    """
    try:
        held: object = _signer().loads(request.cookies.get(COOKIE, ""), max_age=KNOWN_DAYS * 86400)
    except BadSignature:
        return ""
    return str(held[0]) if isinstance(held, list) and held[1:] == [_mark(whose)] else ""


def know(user: User) -> None:
    """From now on this browser is known to be one of this person's, if the address was shown to be."""
    if user.confirmed:
        g.known = [str(user.id), _mark(person(user))]


def remember(response: Response) -> Response:
    """Give the browser what it is known by, after a sign-in."""
    if (known := g.pop("known", None)) is not None:
        response.set_cookie(
            COOKIE,
            _signer().dumps(known),
            max_age=KNOWN_DAYS * 86400,
            httponly=True,
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
    return response


def _mark(whose: Whose) -> str:
    return hashlib.sha256(f"{current_app.config['SECRET_KEY']} {whose}".encode()).hexdigest()[:32]
