"""Passwords as they are kept: hashed by argon2id, slowly on purpose, while nobody waits for a lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's least for argon2id


# What was worked out beforehand, by a hash and a password: whether they belong together; by "" and a
# password: a hash of it.
_found: ContextVar[Mapping[tuple[str, str], str | bool]] = ContextVar(
    "worked out beforehand", default=MappingProxyType({})
)


def verifies(hashed: str, password: str) -> bool:
    try:
        return hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def hash_of(password: str) -> str:
    """A hash of this password, or the one that was worked out beforehand."""
    found = _found.get()
    return str(found["", password]) if ("", password) in found else hasher.hash(password)


def belongs(hashed: str, password: str) -> bool:
    """Whether this password belongs to this hash, as was found out beforehand or is now."""
    found = _found.get()
    return bool(found[hashed, password]) if (hashed, password) in found else verifies(hashed, password)


@contextmanager
def worked_out(password: str, *, hashed: str = "", current: str = "") -> Iterator[None]:
    """Hashing is slow on purpose, and nobody should wait with whoever does it.

    In here setting this password, and finding out whether the `current` one belongs to its hash, take no more
    time.
    """
    found: dict[tuple[str, str], str | bool] = {("", password): hasher.hash(password)}
    if hashed:
        found[hashed, current] = verifies(hashed, current)
    outer = _found.set(found)
    try:
        yield
    finally:
        _found.reset(outer)


@contextmanager
def looked_at(hashed: str, password: str) -> Iterator[None]:
    """In here finding out whether this password belongs to this hash takes no more time.

    It was done before anybody waits.
    """
    outer = _found.set({**_found.get(), (hashed, password): verifies(hashed, password)})
    try:
        yield
    finally:
        _found.reset(outer)
