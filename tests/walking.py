"""Every address of the application for some cases, and all that an answer tells.

The addresses are taken from its own table of routes, so that a route added tomorrow is walked too; of an
answer its text, its headers, what is in a workbook.
"""

from __future__ import annotations

import inspect
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import unquote

from flask import Flask
from werkzeug.routing import Rule

from market.case_views import PAGES
from models import CASES
from tests.web import Answer

OTHER_VALUES = {  # what stands in an address beside a case's number
    "code": ("WAT-01", "a" * 16),
    "day": ("2026-03-01",),
    "step": ("licence",),
    "number": (1,),
    "email": ("a@b.cn",),
    "locale": ("en",),
    "channel": ("sms", "mail"),
    "gateway": ("stripe",),
    "path": ("x",),
    "filename": ("gongxin.css",),
}
ONCE = re.compile(r'name="(csrf_token|submission)"[^>]*value="[^"]*"')


def addresses(
    app: Flask, method: str, cases: dict[str, str], without: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """(address, number in it or "") for every route that takes this method.

    Where it takes a number: a route among the pages of one type of case with every number of that type
    (number: case type), and with the acts of such a case where it takes an act; any other route with all of
    them.
    """
    adapter, pages = app.url_map.bind("localhost"), _pages(app)
    for rule in app.url_map.iter_rules():
        if method not in (rule.methods or ()) or rule.endpoint in ("static", "bootstrap.static", *without):
            continue
        kinds = pages.get(rule.rule.split("/")[1], set(cases.values()))
        numbers = [number for number, kind in cases.items() if kind in kinds] or list(cases)[:1]
        for number in numbers if "identifier" in rule.arguments else [""]:
            for values in _filled(rule, number, cases.get(number, "")):
                yield adapter.build(rule.endpoint, values, method=method), number


def _pages(app: Flask) -> dict[str, set[str]]:
    """The case types whose pages begin with a word."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind, endpoint in PAGES.items():
        found[next(app.url_map.iter_rules(endpoint)).rule.split("/")[1]].add(kind)
    return found


def _filled(rule: Rule, number: str, kind: str) -> Iterator[dict[str, Any]]:
    """The values of a route's address.

    Nothing of it is left empty: what nobody thought of here stands as a word.
    """
    others = sorted(rule.arguments - {"identifier"})
    lists = []
    for name in others:
        allowed = re.search(r"any\(([^)]*)\):" + name, rule.rule)
        acts = tuple(CASES[kind].workflow.acts) if kind in CASES and name == "act" else ()
        lists.append(tuple(allowed[1].split(", ")) if allowed else acts or OTHER_VALUES.get(name, ("x",)))
    for combination in product(*lists):
        yield {
            **({"identifier": number} if "identifier" in rule.arguments else {}),
            **dict(zip(others, combination, strict=True)),
        }


def searches(app: Flask, words: list[str]) -> Iterator[str]:
    """Every page that takes words, asked for each of these."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        view = inspect.unwrap(app.view_functions[rule.endpoint])
        module = inspect.getmodule(view)
        if (
            "GET" in (rule.methods or ())
            and not rule.arguments
            and module
            and re.search(r'args(?:\.get\(|\[)"q"', inspect.getsource(module))
        ):
            yield from (adapter.build(rule.endpoint, {"q": word}, method="GET") for word in words)


def told(answer: Answer) -> str:
    """All an answer tells."""
    body = answer.response.get_data()
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"\n".join(book.read(name) for name in book.namelist())
    headers = "\n".join(f"{name}: {value}" for name, value in answer.response.headers)
    return f"{body.decode(errors='replace')}\n{headers}\n{unquote(headers)}"


def alike(answer: Answer, number: str) -> tuple[int, str, str]:
    """An answer without what differs from one page to the next: the number asked for, and one-time keys."""
    return answer.status, ONCE.sub("", answer.text).replace(number, "#"), answer.location.replace(number, "#")
