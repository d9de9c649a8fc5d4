"""Asking somebody over HTTP who may be slow, or mean it ill.

The whole answer is there within a time and a size, or none of it.
"""

from __future__ import annotations

import http.client
import io
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from time import monotonic
from typing import Any


class TooMuch(ValueError):
    """An answer larger than anybody expects."""


def ask(request: urllib.request.Request, patience: float, most: int) -> bytes:
    """The answer, `most` bytes of it at the most, and all of it `patience` seconds from now.

    A time limit of the socket's own is for one read, and whoever sends a byte a second never exceeds it.
    OSError (a TimeoutError, or one as its `reason`, where the time is up), urllib's HTTPError for an answer
    that is none, TooMuch.
    """
    try:
        with _opener(request, monotonic() + patience).open(request, timeout=patience) as answer:
            content: bytes = answer.read(most + 1)
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP: {error!r}") from error
    if len(content) > most:
        raise TooMuch(f"more than {most} bytes")
    return content


def _opener(request: urllib.request.Request, until: float) -> urllib.request.OpenerDirector:
    """What opens this address alone, through a proxy where the environment names one.

    Nobody is sent on elsewhere.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    opener.add_handler((_Https if request.type == "https" else _Http)(until))
    return opener


class _Http(urllib.request.HTTPHandler):
    def __init__(self, until: float) -> None:
        super().__init__()
        self._made = partial(_connection, http.client.HTTPConnection, until)

    def http_open(self, asked: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._made, asked)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, until: float) -> None:
        super().__init__()
        self._made = partial(_connection, http.client.HTTPSConnection, until)

    def https_open(self, asked: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._made, asked, context=self._context)  # type: ignore[attr-defined]


def _connection(
    kind: Callable[..., http.client.HTTPConnection], until: float, host: str, **settings: Any
) -> http.client.HTTPConnection:
    """A connection whose answers are read until then."""
    made = kind(host, **settings)
    made.response_class = partial(_answer, until)  # type: ignore[assignment]
    return made


def _answer(until: float, connected: Any, *arguments: Any, **settings: Any) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connected, *arguments, **settings)
    answer.fp = io.BufferedReader(_Hurried(answer.fp.detach(), connected, until))  # type: ignore[attr-defined]
    return answer


class _Hurried(io.RawIOBase):
    """What a socket receives, each read with the time that is left."""

    def __init__(self, received: io.RawIOBase, connected: Any, until: float) -> None:
        self._received, self._connected, self._until = received, connected, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._connected.settimeout(left)
        return self._received.readinto(buffer)  # type: ignore[attr-defined, no-any-return]

    def close(self) -> None:
        self._received.close()
        super().close()


def date_of(request: urllib.request.Request, patience: float) -> datetime:
    """The time a server says it is, to the second, whatever else it answers.

    OSError where it does not answer in `patience` seconds, ValueError where it does not say.
    """
    try:
        with _opener(request, monotonic() + patience).open(request, timeout=patience) as answer:
            said = answer.headers.get("Date", "")
    except urllib.error.HTTPError as error:
        with error:
            said = error.headers.get("Date", "")
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP: {error!r}") from error
    found = parsedate_to_datetime(said)
    if found.tzinfo is None:
        raise ValueError(f"no instant: {said[:40]}")
    return found
