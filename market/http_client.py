"""Asking somebody over HTTP who may be slow, or mean it ill.

The whole answer is there within a time and a size, or none of it. One client for everybody who is asked:
aiohttp, whose time limit is for all of a question, where those of others are for one read, and whoever sends
a byte a second never exceeds them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from collections.abc import Collection, Coroutine
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import (
    ClientError,
    ClientHandlerType,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
    ThreadedResolver,
)
from aiohttp.abc import ResolveResult

T = TypeVar("T")


class TooMuch(ValueError):
    """An answer larger than anybody expects."""


class Declined(ClientError):
    """An answer that is none: its `status` is not one of 200 to 299. Nobody is sent on elsewhere."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


async def _only_answers(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    answer = await handler(request)
    if not 200 <= answer.status < 300:
        answer.close()
        raise Declined(answer.status)
    return answer


@cache
def _up_to(most: int) -> type[ClientResponse]:
    class Answer(ClientResponse):
        async def read(self) -> bytes:
            content = bytearray()
            async for piece in self.content.iter_any():
                content += piece
                if len(content) > most:
                    self.close()
                    raise TooMuch(f"more than {most} bytes")
            return bytes(content)

    return Answer


class NotPublic(OSError):
    """An address of this machine or a private net, where nobody said that it may be asked."""


class _Public(ThreadedResolver):
    """Names that lead to no private address, but for those allowed: asked where the connection is made."""

    def __init__(self, allowed: Collection[str]) -> None:
        super().__init__()
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if host not in self._allowed and not all(_is_public(each["host"]) for each in found):
            raise NotPublic(f"{host} is no public address")
        return found


def _is_public(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_global


def _check_number(url: str, allowed: Collection[str]) -> None:
    """NotPublic for an address that is a private number: no resolver is asked of it."""
    host = urlsplit(url).hostname or ""
    try:
        public = host in allowed or _is_public(host)
    except ValueError:
        return  # a name
    if not public:
        raise NotPublic(f"{host} is no public address")


def client(patience: float, most: int, allowed: Collection[str] | None = None) -> ClientSession:
    """A client whose every question is answered in `patience` seconds by `most` bytes, made inside of a loop.

    It goes through a proxy where the environment names one. With `allowed` it connects to public addresses
    and these hosts alone. TimeoutError, TooMuch, Declined, or another of aiohttp's ClientError.
    """
    connector = TCPConnector(resolver=_Public(allowed)) if allowed is not None else None
    return ClientSession(
        connector=connector,
        timeout=ClientTimeout(total=patience),
        response_class=_up_to(most),
        middlewares=(_only_answers,),
        trust_env=True,
    )


def ask(
    method: str, url: str, told: dict[str, Any] | None = None, *, token: str, patience: float, most: int
) -> Any:
    """What a service answers to `told` with JSON, asked under a bearer token.

    It has `most` bytes at the most and is there `patience` seconds from now. OSError where there is no answer
    (TimeoutError where the time is up), Declined for a refusal, ValueError for one that is no JSON (TooMuch
    for one that is too large).
    """

    async def asked() -> bytes:
        async with (
            client(patience, most) as session,
            session.request(method, url, json=told or {}, headers={"Authorization": f"Bearer {token}"}) as it,
        ):
            return await it.read()

    return json.loads(_run(asked()))


def get(url: str, *, token: str, patience: float, most: int, allowed: Collection[str]) -> bytes:
    """What is at an address, asked under a bearer token if there is one; nobody is sent on elsewhere.

    It has `most` bytes at the most and is there `patience` seconds from now. OSError where there is no answer
    (NotPublic for a private address that is not `allowed`), Declined for one that is none, TooMuch.
    """
    _check_number(url, allowed)
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def asked() -> bytes:
        async with (
            client(patience, most, allowed) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            return await answer.read()

    try:
        return _run(asked())
    except OSError as error:
        if isinstance(error.__cause__, NotPublic):
            raise error.__cause__ from None
        raise


def date_of(url: str, patience: float) -> datetime:
    """The time a server says it is, to the second, whatever else it answers.

    OSError where it does not answer in `patience` seconds, ValueError where it does not say.
    """

    async def asked() -> str:
        async with (
            client(patience, 0) as session,
            session.head(url, allow_redirects=False, middlewares=()) as answer,
        ):
            return answer.headers.get("Date", "")

    said = _run(asked())
    found = parsedate_to_datetime(said)
    if found.tzinfo is None:
        raise ValueError(f"no instant: {said[:40]}")
    return found


def _run(asked: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(asked)
    except ClientError as error:
        if isinstance(error, (Declined, OSError)):
            raise
        raise OSError(f"no HTTP: {error!r}") from error
