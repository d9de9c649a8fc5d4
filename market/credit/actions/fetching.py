"""Lists others keep, fetched over HTTP from the addresses that are set, each night and by command.

An answer is JSON, `{"entries": [{"uscc": …, "list": …, "entered_on": …, …}], "whole": ["abnormal"]}`, or a
table (CSV, XLSX) with the headings of a file. What is not said to be part is the whole of the lists the
source publishes.
"""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from market import http_client
from market.credit.actions import broken, external
from market.credit.actions.following import follow_left
from market.extensions import db
from market.http_client import Declined, NotPublic, TooMuch
from models.actors import SYSTEM, Actor
from models.credit.external_policy import Source
from models.credit.external_rows import HEADINGS, NEEDED, heading
from models.errors import MalformedResponse, Problem, RuleViolation, Unavailable
from models.i18n import N_

log = logging.getLogger(__name__)
PATIENCE = 60.0  # seconds for a whole answer
MOST = 20 * 1024 * 1024  # bytes of one


def addresses() -> dict[str, str]:
    """The address of each source that is set, by its key."""
    return _pairs("EXTERNAL_SOURCES")


def _pairs(setting: str) -> dict[str, str]:
    return dict(each.partition("=")[::2] for each in current_app.config[setting].split())


def fetch_one(actor: Actor, name: str) -> str:
    """Fetch what a source says and take it. Returns the fetch's key.

    A Problem where it cannot be: it is kept with why, and logged, and what the source said before stays.
    """
    source = external.source_of(name)
    url = addresses().get(source.key)
    if url is None:
        raise RuleViolation(N_("来源“%(source)s”没有设置获取地址。"), "source", source=source.names)
    db.session.rollback()
    place = _place(url)
    try:
        content = _get(source, url)
        cells, whole = _read(source, content)
        return external.take(
            actor,
            source,
            cells,
            content,
            place=place,
            whole=whole,
            sure=False,
            way="http",
            vouched=source.level == "national" and bool(_token(source)) and _is_sure(url),
        )
    except Problem as problem:
        log.warning("external source %s: not taken", source.key)
        external.failed(actor, source.key, place, "http", problem)
        raise


def _is_sure(url: str) -> bool:
    """Whether nobody between us and a site can answer in its place: by https, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "::1", "localhost")


def fetch_every() -> None:
    """The night's work: each source that is set; one that fails keeps no other from being fetched.

    What was broken off before is made up for first.
    """
    broken.give_up_broken()
    follow_left()
    for name in addresses():
        try:
            fetch_one(SYSTEM, name)
        except Problem as problem:
            log.warning("external source %s: %s", name, problem)


def _place(url: str) -> str:
    """An address as it is kept and shown: without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{(parts.hostname or '')}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _token(source: Source) -> str:
    """What a source and we know of each other; empty where nothing is set."""
    return _pairs("EXTERNAL_TOKENS").get(source.key, "")


def _get(source: Source, url: str) -> bytes:
    allowed = current_app.config["EXTERNAL_HOSTS"].split()
    try:
        return http_client.get(url, token=_token(source), patience=PATIENCE, most=MOST, allowed=allowed)
    except NotPublic as error:
        raise Unavailable(N_("获取地址不是公网地址,没有去取。")) from error
    except Declined as error:
        if 300 <= error.status < 400:
            raise Unavailable(
                N_("网站要求转到别的地址(%(status)s),没有跟去。"), status=error.status
            ) from error
        raise Unavailable(N_("网站没有答应(%(status)s)。"), status=error.status) from error
    except TooMuch as error:
        raise MalformedResponse(
            N_("网站的回答超过 %(most)s MB,没有读完。"), most=MOST // (1024 * 1024)
        ) from error
    except TimeoutError as error:
        raise Unavailable(N_("网站在 %(seconds)s 秒内没有答完。"), seconds=int(PATIENCE)) from error
    except OSError as error:
        raise Unavailable(N_("网站没有回应,下次再取。")) from error


def _read(source: Source, content: bytes) -> tuple[external.Cells, list[str]]:
    """The rows of an answer, and of which lists they are all there is."""
    if content.lstrip()[:1] not in (b"{", b"["):
        if content.lstrip()[:1] == b"<":
            raise MalformedResponse(N_("网站的回答看不懂:既不是 JSON,也不是表格。"))
        return external.cells_of(content, external.AT_ONCE), list(source.lists)
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedResponse(N_("网站的回答看不懂:既不是 JSON,也不是表格。")) from error
    entries = said.get("entries") if isinstance(said, dict) else None
    whole = said.get("whole", list(source.lists)) if isinstance(said, dict) else None
    if (
        not isinstance(entries, list)
        or not all(isinstance(each, dict) for each in entries)
        or not isinstance(whole, list)
        or not set(map(str, whole)) <= set(source.lists)
    ):
        raise MalformedResponse(N_("网站的回答里没有 entries,或者 whole 写的不是它公布的名录。"))
    if len(entries) > external.AT_ONCE:
        raise MalformedResponse(N_("一次最多 %(most)s 行,这个回答不止这些。"), most=external.AT_ONCE)
    lacking = [heading(name) for name in NEEDED if entries and all(name not in each for each in entries)]
    if lacking:
        raise MalformedResponse(N_("网站的回答缺少:%(columns)s。"), columns=lacking)
    if unknown := sorted({str(name) for each in entries for name in each} - HEADINGS.keys()):
        raise MalformedResponse(
            N_("网站的回答里有不认识的项:%(columns)s。认识的有:%(known)s。"),
            columns=[f"“{name[:30]}”" for name in unknown[:20]],
            known="、".join(HEADINGS),
        )
    return [{name: _text(each.get(name)) for name in HEADINGS} for each in entries], [str(x) for x in whole]


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)[:200]
